// The gateway under test, started by test_apollo.py, and the code of docs/apollo.md.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { gql } from "@apollo/client";
import { filter, firstValueFrom } from "rxjs";
import { WebSocket } from "ws";

// url, otherUrl (a second gateway on the same database, for five requests a minute), origin (an allowed one),
// organizationId, templateId, key, readerKey (bulk_sends.read alone), bulksend (the command), and revocable: keys with their ids.
export const gateway = JSON.parse(process.env.BULKSEND_TEST_GATEWAY);
export const uri = `${gateway.url}/graphql`;

// Browsers have it; Node has it from version 22 on.
globalThis.WebSocket ??= WebSocket;

const page = readFileSync(new URL("../../docs/apollo.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
const module = new URL(`./node_modules/.documented-${process.pid}.mjs`, import.meta.url);
writeFileSync(module, blocks.join("\n"));
export const { makeCache, makeClient, deleteBulkSend } = await import(module);
rmSync(module);

export const client = () => makeClient(uri, gateway.key);

export const CREATE = gql`
  mutation Create($input: CreateBulkSendInput!) {
    createBulkSend(input: $input) {
      bulkSend {
        id
        name
        status
        sentCount
        failedCount
        pendingCount
      }
      replayed
      userErrors {
        code
        field
        message
      }
    }
  }
`;

export function input(more = {}) {
  const signers = [{ name: "Alice", email: "alice@example.com" }];
  return { templateId: gateway.templateId, name: "Vendors", signers, ...more };
}

export const signers = (count) =>
  Array.from({ length: count }, (_, index) => ({ name: `Signer ${index}`, email: `signer${index}@example.com` }));

export async function create(more) {
  const { data } = await client().mutate({ mutation: CREATE, variables: { input: input(more) } });
  assert.deepEqual(data.createBulkSend.userErrors, []);
  return data.createBulkSend.bulkSend;
}

// Watch a query as a component would, once it has its first answer. `now()`: its present data in the cache;
// `sees(check)`: waits until the component is given data that passes the check.
export async function watch(apollo, options) {
  const query = apollo.watchQuery(options);
  query.subscribe(() => {});
  await firstValueFrom(query.pipe(filter(({ loading }) => !loading)));
  const sees = (check) => firstValueFrom(query.pipe(filter(({ data }) => data && check(data))));
  return { query, now: () => apollo.readQuery(options, true), sees };
}

// Note every request that goes out by fetch from now on: its method, whether it has a document, and its status.
export function recordRequests() {
  const requests = [];
  const send = globalThis.fetch;
  globalThis.fetch = async (address, options) => {
    const url = new URL(address);
    const sent = options.method === "GET" ? Object.fromEntries(url.searchParams) : JSON.parse(options.body);
    const request = { method: options.method, withQuery: "query" in sent };
    requests.push(request);
    const response = await send(address, options);
    request.status = response.status;
    return response;
  };
  return requests;
}

// Let no request out until the function that this gives is called.
export function holdRequests() {
  const send = globalThis.fetch;
  let release;
  const released = new Promise((resolve) => (release = resolve));
  globalThis.fetch = async (...request) => {
    await released;
    return send(...request);
  };
  return () => {
    globalThis.fetch = send;
    release();
  };
}

export async function revoke({ id }) {
  await promisify(execFile)(gateway.bulksend, ["keys", "revoke", "--organization", gateway.organizationId, id]);
}
