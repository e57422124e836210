// Pages of other origins: what their browsers are told (CORS), and what they cannot send unasked (CSRF).
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, gql, HttpLink } from "@apollo/client";
import { gateway, makeCache, uri } from "./gateway.mjs";

const STRANGER = "https://stranger.example";
const authorization = `Bearer ${gateway.key}`;
const asking = `${uri}?${new URLSearchParams({ query: "{ viewer { organization { id } } }" })}`;

const preflight = (origin, headers) =>
  fetch(uri, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": headers.join(",") },
  });

// What a browser would ask for before it sends a request of Apollo Client.
async function headersOfApollo() {
  let sent;
  const link = new HttpLink({
    uri,
    headers: { authorization },
    fetch: (address, options) => {
      sent = Object.keys(options.headers);
      return fetch(address, options);
    },
  });
  const clientAwareness = { name: "frontend", version: "1.0" };
  await new ApolloClient({ cache: makeCache(), link, clientAwareness }).query({ query: gql`{ viewer { organization { id } } }` });
  return sent;
}

test("a configured origin may send everything that Apollo Client sends", async () => {
  const headers = await headersOfApollo();
  assert.ok(headers.includes("authorization") && headers.includes("apollographql-client-name"), `${headers}`);
  const response = await preflight(gateway.origin, headers);
  assert.equal(response.ok, true);
  assert.equal(response.headers.get("access-control-allow-origin"), gateway.origin);
  assert.match(response.headers.get("access-control-allow-methods"), /POST/);
  const allowed = response.headers.get("access-control-allow-headers").toLowerCase().split(/, */);
  assert.deepEqual(headers.filter((name) => !allowed.includes(name.toLowerCase())), []);
});

test("a configured origin may read the answer and its headers", async () => {
  const response = await fetch(asking, { headers: { origin: gateway.origin, authorization } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("access-control-allow-origin"), gateway.origin);
  assert.match(response.headers.get("vary"), /Origin/);
  assert.match(response.headers.get("access-control-expose-headers"), /Retry-After/i);
});

test("another origin may not", async () => {
  const response = await preflight(STRANGER, ["authorization"]);
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  const asked = await fetch(asking, { headers: { origin: STRANGER, authorization } });
  assert.equal(asked.headers.get("access-control-allow-origin"), null);
});

test("what a page can send unasked is refused", async () => {
  const form = "application/x-www-form-urlencoded";
  const unasked = [
    [asking, { headers: { origin: STRANGER } }],
    [asking, { headers: { origin: STRANGER, "content-type": "text/plain" } }],
    [uri, { method: "POST", headers: { origin: STRANGER, "content-type": "text/plain" }, body: '{"query":"{__typename}"}' }],
    [uri, { method: "POST", headers: { origin: STRANGER, "content-type": form }, body: "query={__typename}" }],
  ];
  for (const [address, options] of unasked) {
    const response = await fetch(address, options);
    assert.ok([400, 415].includes(response.status), `${response.status} for ${JSON.stringify(options)}`);
    assert.equal("data" in (await response.json()), false);
  }
});

for (const name of ["apollo-require-preflight", "x-apollo-operation-name"]) {
  test(`${name} shows that the browser had to ask first`, async () => {
    const query = `${uri}?${new URLSearchParams({ query: "{ __typename }" })}`;
    const headers = { origin: STRANGER };
    assert.equal((await fetch(query, { headers })).status, 400);
    assert.equal((await fetch(query, { headers: { ...headers, [name]: "true" } })).status, 200);
  });
}
