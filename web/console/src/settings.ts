/** What the server wrote into the page. `demoKey` is there under `bulksend dev`, on the machine it runs on. */
export interface Settings {
  endpoint: string;
  demoKey: string | null;
  outbox: string | null;
  graphiql: string | null;
}

export function readSettings(): Settings {
  const element = document.getElementById("settings");
  return JSON.parse(element?.textContent ?? "{}") as Settings;
}
