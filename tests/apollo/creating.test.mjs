// Creates whose response, or request, is lost on the way; and a delete that is shown before it is done.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gql } from "@apollo/client";
import { client, CREATE, create, deleteBulkSend, gateway, holdRequests, input, makeClient, watch } from "./gateway.mjs";

const NAMES = gql`
  query Names($search: String) {
    bulkSends(first: 100, search: $search) {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

const named = async (search) => {
  const { data } = await client().query({ query: NAMES, variables: { search } });
  return data.bulkSends.edges.map(({ node }) => node);
};

// A way to the gateway that breaks once, on the connection that carries a create: when its "request" or "response"
// is under way.
async function breakingWay(moment) {
  const { port } = new URL(gateway.url);
  const sockets = new Set();
  let broken = 0;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    let carriesCreate = false;
    const breakOnce = (when) => {
      if (broken || !carriesCreate || when !== moment) return false;
      broken += 1;
      near.destroy();
      far.destroy();
      return true;
    };
    for (const socket of [near, far]) sockets.add(socket.on("error", () => {}));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    near.on("data", (sent) => {
      carriesCreate ||= sent.includes("idempotencyKey");
      if (!breakOnce("request")) far.write(sent);
    });
    far.on("data", (received) => breakOnce("response") || near.write(received));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    uri: `http://127.0.0.1:${server.address().port}/graphql`,
    broken: () => broken,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

for (const [moment, replayed] of [["request", false], ["response", true]]) {
  test(`a create whose ${moment} is lost is tried again and sends once`, async () => {
    const way = await breakingWay(moment);
    try {
      const apollo = makeClient(way.uri, gateway.key);
      // The document becomes known first, so that the create itself is what is lost.
      const dryRun = { ...input(), dryRun: true };
      await client().mutate({ mutation: CREATE, variables: { input: dryRun } });

      const name = `Lost ${moment}`;
      const variables = { input: input({ name, idempotencyKey: randomUUID() }) };
      const { data, error } = await apollo.mutate({ mutation: CREATE, variables });

      assert.equal(way.broken(), 1);
      assert.equal(error, undefined);
      assert.equal(data.createBulkSend.replayed, replayed);
      assert.equal(data.createBulkSend.bulkSend.status, "COMPLETED");
      assert.deepEqual((await named(name)).map(({ id }) => id), [data.createBulkSend.bulkSend.id]);
    } finally {
      way.close();
    }
  });
}

// Watch the names that a list shows: each call waits until it shows these and no others.
async function shownNames(apollo, search) {
  const { sees } = await watch(apollo, { query: NAMES, variables: { search } });
  return (...names) => sees(({ bulkSends }) => isDeepStrictEqual(bulkSends.edges.map(({ node }) => node.name), names));
}

test("a delete is seen before it is done, and stays", async () => {
  await create({ name: "Kept 1" });
  const { id } = await create({ name: "Kept 2, not" });
  const apollo = client();
  const shows = await shownNames(apollo, "Kept");
  await shows("Kept 2, not", "Kept 1");
  const release = holdRequests();
  const deleting = deleteBulkSend(apollo, id);
  await shows("Kept 1");
  release();
  const { data } = await deleting;
  assert.deepEqual(data.deleteBulkSend.userErrors, []);
  await shows("Kept 1");
  assert.deepEqual((await named("Kept")).map(({ name }) => name), ["Kept 1"]);
});

test("a delete that is refused is taken back", async () => {
  const { id } = await create({ name: "Stays" });
  const apollo = makeClient(`${gateway.url}/graphql`, gateway.readerKey);
  const shows = await shownNames(apollo, "Stays");
  const release = holdRequests();
  const deleting = deleteBulkSend(apollo, id);
  await shows();
  release();
  const { error } = await deleting;
  assert.equal(error.errors[0].extensions.code, "FORBIDDEN");
  await shows("Stays");
});
