// A recipe of docs/clients.md against the gateway that test_clients.py started.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";

const { url, key, templateId } = JSON.parse(process.env.BULKSEND_TEST_GATEWAY);

// Browsers have it; Node has it from version 22 on.
globalThis.WebSocket ??= WebSocket;
const warnings = [];
for (const warn of ["warn", "error"]) console[warn] = (...words) => warnings.push(words);

const { connect, bulkSendNames, send, watch } = await import(`./build/${process.env.RECIPE}.js`);
const client = connect(`${url}/graphql`, key);

const input = (more) => ({
  templateId,
  name: "Vendors",
  signers: [{ name: "Alice", email: "alice@example.com" }],
  idempotencyKey: crypto.randomUUID(),
  ...more,
});

test("a repeated idempotency key sends nothing twice", async () => {
  const sent = input({});
  const { id } = await send(client, sent);
  assert.equal((await send(client, sent)).id, id);
});

test("user errors are thrown with their codes and paths", async () => {
  const signers = [{ name: "Alice", email: "nonsense" }];
  await assert.rejects(send(client, input({ signers })), ({ userErrors: [{ code, field }] }) => {
    assert.deepEqual([code, [...field]], ["INVALID_EMAIL", ["signers", "0", "email"]]);
    return true;
  });
});

test("a bulk send is followed to its end", async () => {
  const { id } = await send(client, input({ waitForDelivery: false }));
  const statuses = [];
  await watch(client, id, (status) => statuses.push(status));
  assert.equal(statuses.at(-1), "COMPLETED");
});

test("the cache merges every page", async () => {
  for (const name of ["1", "2", "3"]) await send(client, input({ name }));
  assert.deepEqual(await bulkSendNames(client, 2), ["3", "2", "1", "Vendors", "Vendors"]);
});

test("an invalid key is an error", async () => {
  await assert.rejects(bulkSendNames(connect(`${url}/graphql`, "isk_nonsense")));
});

test("the client warns of nothing", () => assert.deepEqual(warnings, []));
