import { Store } from "../store";

/** Whether the gateway answers, and until when (ms since the epoch) it asks us to wait with further requests. */
export const isReachable = new Store<boolean>(true);
export const waitingUntil = new Store<number | null>(null);

/** Whether changes are pushed over a WebSocket. */
export const isSocketOpen = new Store<boolean>(false);
