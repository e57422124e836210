import { Store } from "../store";

/** Something to say that goes away by itself, unless it is a problem. */
export interface Message {
  text: string;
  isProblem?: boolean;
  milliseconds?: number;
  undo?: () => void;
}

/** What was said and is not shown yet: what shows it is loaded with the first message. */
export const unshown = new Store<readonly Message[]>([]);

export function say(message: Message): void {
  unshown.set([...unshown.get(), message]);
}
