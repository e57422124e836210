// Subscriptions as server-sent events: with graphql-sse, with urql, and through Hive Gateway.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createGatewayRuntime } from "@graphql-hive/gateway-runtime";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-sse";
import { create, gateway, revoke, signers, uri } from "./gateway.mjs";

const WATCH = "subscription Watch($id: ID!) { bulkSend(id: $id) { id status sentCount } }";

const hive = createGatewayRuntime({
  proxy: { endpoint: uri },
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get("authorization") }),
  },
  logging: false,
});
after(() => hive[Symbol.asyncDispose]());

const bearer = (key) => ({ authorization: `Bearer ${key}` });

function sse(key, options) {
  const client = createClient({ url: uri, headers: bearer(key), retryAttempts: 0, ...options });
  return (query, variables, on) =>
    new Promise((resolve, reject) => {
      const results = [];
      const next = (result) => {
        results.push(result);
        on(result);
      };
      client.subscribe({ query, variables }, { next, error: reject, complete: () => resolve(results) });
    });
}

function urql(key) {
  const fetchOptions = { headers: bearer(key) };
  const client = new Client({ url: uri, exchanges: [fetchExchange], fetchSubscriptions: true, fetchOptions, preferGetMethod: false });
  return (query, variables, on) =>
    new Promise((resolve) => {
      const results = [];
      client.subscription(query, variables).subscribe((result) => {
        const errors = result.error?.graphQLErrors;
        results.push({ data: result.data, errors });
        on(result);
        if (errors?.length || result.data?.bulkSend?.status === "COMPLETED") resolve(results);
      });
    });
}

const ways = {
  "graphql-sse": (key) => sse(key),
  urql,
  "Hive Gateway": (key) => sse(key, { url: "http://hive.example/graphql", fetchFn: (url, init) => hive.fetch(url, init) }),
};

// One that stays as it is: its mail is refused for now, and tried again much later.
const waiting = () => create({ signers: [{ name: "Bob", email: "busy@example.com" }], waitForDelivery: false });

for (const [name, follow] of Object.entries(ways)) {
  test(`with ${name} a bulk send is followed to its end`, async () => {
    const { id } = await create({ signers: signers(20), waitForDelivery: false });
    const results = await follow(gateway.key)(WATCH, { id }, () => {});
    const last = results.at(-1).data.bulkSend;
    assert.deepEqual([last.status, last.sentCount], ["COMPLETED", 20]);
  });

  test(`with ${name} a key that is not good gets an error`, async () => {
    const results = await follow("isk_nonsense")(WATCH, { id: "bs_nonsense" }, () => {});
    const { data, errors } = results.at(-1);
    assert.ok(!data);
    // Hive Gateway masks what it does not expect of a subgraph.
    assert.equal(errors[0].extensions.code, name === "Hive Gateway" ? "INTERNAL_SERVER_ERROR" : "UNAUTHENTICATED");
  });
}

for (const name of ["graphql-sse", "urql"]) {
  test(`with ${name} a revoked key ends it`, async () => {
    const key = gateway.revocable.pop();
    const { id } = await waiting();
    let revoking;
    const results = await ways[name](key.key)(WATCH, { id }, () => (revoking ??= revoke(key)));
    await revoking;
    assert.equal(results[0].data.bulkSend.status, "PROCESSING");
    assert.equal(results.at(-1).errors[0].extensions.code, "UNAUTHENTICATED");
  });
}
