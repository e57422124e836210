// Automatic persisted queries as the client of docs/apollo.md speaks them: a hash by GET, the document by POST once.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { gql } from "@apollo/client";
import { client, CREATE, gateway, input, makeClient, recordRequests, uri } from "./gateway.mjs";

let requests;
let number = 0;

beforeEach(() => {
  requests = recordRequests();
});

const newQuery = () => gql(`query Query${(number += 1)} { viewer { organization { id } } }`);
const HIT = { method: "GET", withQuery: false, status: 200 };
const MISS = HIT;
const SENT = { method: "POST", withQuery: true, status: 200 };

async function ask(apollo, query) {
  requests.length = 0;
  const { data, error } = await apollo.query({ query, fetchPolicy: "no-cache" });
  assert.equal(error, undefined);
  assert.equal(data.viewer.organization.id, gateway.organizationId);
  return [...requests];
}

test("a miss by GET, the document by POST, and from then on a hit by GET", async () => {
  const query = newQuery();
  assert.deepEqual(await ask(client(), query), [MISS, SENT]);
  assert.deepEqual(await ask(client(), query), [HIT]);
  assert.deepEqual(await ask(client(), query), [HIT]);
});

test("what one gateway was told, the other one knows", async () => {
  const query = newQuery();
  await ask(client(), query);
  assert.deepEqual(await ask(makeClient(`${gateway.otherUrl}/graphql`, gateway.key), query), [HIT]);
});

test("what is not valid is not kept", async () => {
  const query = gql`query Wrong { viewer { nonsense } }`;
  for (const _ of [1, 2]) {
    requests.length = 0;
    const { error } = await client().query({ query });
    assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    assert.deepEqual(requests.map(({ method, withQuery }) => [method, withQuery]), [["GET", false], ["POST", true]]);
  }
});

test("a mutation never goes by GET", async () => {
  for (const expected of [2, 1]) {
    requests.length = 0;
    const variables = { input: { ...input(), dryRun: true } };
    const { data } = await client().mutate({ mutation: CREATE, variables });
    assert.deepEqual(data.createBulkSend.userErrors, []);
    assert.deepEqual(requests.map(({ method }) => method), Array(expected).fill("POST"));
  }
});

test("a mutation's hash by GET is refused", async () => {
  const mutation = gql`mutation Known($input: DeleteBulkSendInput!) { deleteBulkSend(input: $input) { deletedBulkSendId } }`;
  const apollo = client();
  await apollo.mutate({ mutation, variables: { input: { id: "bs_nonsense" } } });
  const { extensions, variables } = await lastMutation(apollo, mutation);
  const parameters = new URLSearchParams({ extensions: JSON.stringify(extensions), variables: JSON.stringify(variables) });
  const response = await fetch(`${uri}?${parameters}`, {
    method: "GET",
    headers: { authorization: `Bearer ${gateway.key}`, accept: "application/graphql-response+json" },
  });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "POST");
});

async function lastMutation(apollo, mutation) {
  const send = globalThis.fetch;
  let body;
  globalThis.fetch = (address, options) => {
    body = JSON.parse(options.body);
    return send(address, options);
  };
  await apollo.mutate({ mutation, variables: { input: { id: "bs_nonsense" } } });
  globalThis.fetch = send;
  return body;
}
