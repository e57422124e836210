// Subscriptions over a WebSocket (the README's client) and over multipart HTTP: to their end, and to their key's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, gql, HttpLink } from "@apollo/client";
import { client, create, gateway, makeCache, makeClient, revoke, signers, uri } from "./gateway.mjs";

const WATCH = gql`
  subscription Watch($id: ID!) {
    bulkSend(id: $id) {
      id
      status
      totalCount
      sentCount
      failedCount
      pendingCount
    }
  }
`;
const DELETE = gql`
  mutation Delete($input: DeleteBulkSendInput!) {
    deleteBulkSend(input: $input) {
      deletedBulkSendId
    }
  }
`;

function multipartClient(address, key) {
  const link = new HttpLink({ uri: address, headers: { authorization: `Bearer ${key}` } });
  return new ApolloClient({ cache: makeCache(), link });
}

// Follow a bulk send to the end of its subscription. `on`: called with each result.
function follow(apollo, id, on = () => {}) {
  return new Promise((resolve) => {
    const results = [];
    const end = (how) => resolve({ results, ...how });
    apollo.subscribe({ query: WATCH, variables: { id } }).subscribe({
      next: (result) => {
        results.push(result);
        on(result);
      },
      error: (error) => end({ error, at: Date.now() }),
      complete: () => end({ at: Date.now() }),
    });
  });
}

// One that stays as it is: its mail is refused for now, and tried again much later.
const waiting = () => create({ signers: [{ name: "Bob", email: "busy@example.com" }], waitForDelivery: false });

const errorsOf = ({ results, error }) => {
  const found = error ?? results.at(-1)?.error;
  return found?.errors ?? [];
};

for (const [name, make] of [["a WebSocket", makeClient], ["multipart HTTP", multipartClient]]) {
  test(`over ${name} a bulk send is followed to its end`, { timeout: 20_000 }, async () => {
    const { id } = await create({ signers: signers(20), waitForDelivery: false });
    const { results, error } = await follow(make(uri, gateway.key), id);
    assert.equal(error, undefined);
    const states = results.map(({ data }) => data.bulkSend);
    assert.ok(states.length >= 1);
    for (const state of states) {
      assert.equal(state.totalCount, state.sentCount + state.failedCount + state.pendingCount);
    }
    assert.deepEqual([states.at(-1).status, states.at(-1).sentCount], ["COMPLETED", 20]);
  });

  test(`over ${name} each change comes, and null when it is deleted`, { timeout: 20_000 }, async () => {
    const { id } = await waiting();
    const seen = [];
    const { results, error } = await follow(make(uri, gateway.key), id, ({ data }) => {
      seen.push(data.bulkSend?.status ?? null);
      if (seen.length === 1) client().mutate({ mutation: DELETE, variables: { input: { id } } });
    });
    assert.equal(error, undefined);
    assert.deepEqual([seen[0], seen.at(-1)], ["PROCESSING", null]);
    assert.equal(results.at(-1).error, undefined);
  });

  test(`over ${name} a revoked key ends it within a second`, { timeout: 20_000 }, async () => {
    const key = gateway.revocable.pop();
    const { id } = await waiting();
    let revokedAt;
    const { results, at, ...ended } = await follow(make(uri, key.key), id, async ({ data }) => {
      if (!data?.bulkSend || revokedAt !== undefined) return;
      revokedAt = 0;
      await revoke(key);
      revokedAt = Date.now();
    });
    assert.equal(results[0].data.bulkSend.status, "PROCESSING");
    assert.ok(revokedAt > 0 || revokedAt === 0, "it was open when the key was revoked");
    // The command itself takes a moment to end after the key is revoked.
    if (revokedAt > 0) assert.ok(at - revokedAt < 1500, `it took ${at - revokedAt} ms`);
    if (name === "a WebSocket") assert.equal(ended.error.code, 4403);
    else assert.deepEqual(errorsOf({ results, ...ended }).map(({ extensions }) => extensions.code), ["UNAUTHENTICATED"]);
  });

  test(`over ${name} a key that is not good gets nothing`, { timeout: 20_000 }, async () => {
    const { results, error } = await follow(make(uri, "isk_nonsense"), "bs_nonsense");
    assert.deepEqual(results.filter(({ data }) => data?.bulkSend), []);
    if (name === "a WebSocket") assert.equal(error.code, 4403);
    else assert.deepEqual(errorsOf({ results, error }).map(({ extensions }) => extensions.code), ["UNAUTHENTICATED"]);
  });
}
