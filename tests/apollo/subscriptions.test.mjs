// Subscriptions over a WebSocket (the client of docs/apollo.md) and over multipart HTTP: to their end, and to their key's.
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

// Follow a bulk send to the end of its subscription: give its results, the error that ended it, and when it ended.
// `on`: called with the data of each result.
function follow(apollo, id, on = () => {}) {
  return new Promise((resolve) => {
    const results = [];
    let error;
    apollo.subscribe({ query: WATCH, variables: { id } }).subscribe({
      next: (result) => {
        error = result.error;
        if (!result.data) return;
        results.push(result.data.bulkSend);
        on(result.data.bulkSend);
      },
      error: (thrown) => resolve({ results, error: thrown, at: Date.now() }),
      complete: () => resolve({ results, error, at: Date.now() }),
    });
  });
}

// One that stays as it is: its mail is refused for now, and tried again much later.
const waiting = () => create({ signers: [{ name: "Bob", email: "busy@example.com" }], waitForDelivery: false });

const ways = {
  "a WebSocket": {
    make: makeClient,
    refuses: (error) => assert.equal(error.message, "Socket closed with event 4401 Unauthorized"),
  },
  "multipart HTTP": {
    make: multipartClient,
    refuses: (error) => assert.equal(error.errors[0].extensions.code, "UNAUTHENTICATED"),
  },
};

for (const [name, { make, refuses }] of Object.entries(ways)) {
  test(`over ${name} a bulk send is followed to its end`, async () => {
    const { id } = await create({ signers: signers(20), waitForDelivery: false });
    const { results, error } = await follow(make(uri, gateway.key), id);
    assert.equal(error, undefined);
    for (const state of results) {
      assert.equal(state.totalCount, state.sentCount + state.failedCount + state.pendingCount);
    }
    assert.deepEqual([results.at(-1).status, results.at(-1).sentCount], ["COMPLETED", 20]);
  });

  test(`over ${name} each change comes, and null when it is deleted`, async () => {
    const { id } = await waiting();
    let deleting;
    const { results, error } = await follow(make(uri, gateway.key), id, () => {
      deleting ??= client().mutate({ mutation: DELETE, variables: { input: { id } } });
    });
    assert.equal(error, undefined);
    assert.deepEqual([results[0].status, results.at(-1)], ["PROCESSING", null]);
  });

  test(`over ${name} a revoked key ends it within a second`, async () => {
    const key = gateway.revocable.pop();
    const { id } = await waiting();
    let revoking;
    const { results, error, at } = await follow(make(uri, key.key), id, () => {
      revoking ??= revoke(key).then(() => Date.now());
    });
    assert.equal(results[0].status, "PROCESSING");
    refuses(error);
    const late = at - (await revoking);
    assert.ok(late < 1500, `it ended ${late} ms after the command that revoked the key`);
  });

  test(`over ${name} a key that is not good gets nothing`, async () => {
    const { results, error } = await follow(make(uri, "isk_nonsense"), "bs_nonsense");
    assert.deepEqual(results, []);
    refuses(error);
  });
}
