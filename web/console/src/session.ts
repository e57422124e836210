import { Store } from "./store";

const KEY = "bulksend:key";

/** `refused`: the server no longer takes the key, so the sign-in page says why it is there. */
export interface Session {
  key: string | null;
  refused: boolean;
}

/** The API key of this tab: in its session storage, never in a URL, gone when the tab is closed. */
export const session = new Store<Session>({ key: null, refused: false });

export function startSession(demoKey: string | null): void {
  session.set({ key: sessionStorage.getItem(KEY) ?? demoKey, refused: false });
}

export function signIn(key: string): void {
  sessionStorage.setItem(KEY, key);
  session.set({ key, refused: false });
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  session.set({ key: null, refused: false });
}

export function keyRefused(): void {
  sessionStorage.removeItem(KEY);
  session.set({ key: null, refused: true });
}
