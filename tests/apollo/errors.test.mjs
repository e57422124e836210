// Errors as Apollo Client gives them to a frontend: typed, coded, and with whatever data there is.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { CombinedGraphQLErrors, gql } from "@apollo/client";
import { client, CREATE, create, gateway, input, makeClient, uri } from "./gateway.mjs";

const BULK_SENDS = gql`
  query {
    bulkSends(first: 5) {
      edges {
        node {
          id
          name
          template {
            id
            name
          }
        }
      }
    }
  }
`;

before(async () => {
  for (const name of ["One", "Two"]) await create({ name });
});

const codes = (error) => {
  assert.ok(CombinedGraphQLErrors.is(error), `a typed error, not ${error}`);
  return error.errors.map(({ extensions }) => extensions.code);
};

test("what stood in a mutation's way is data", async () => {
  const signers = [{ name: "", email: "alice@example.com" }, { name: "Bob", email: "nonsense" }];
  const variables = { input: input({ signers }) };
  const { data, error } = await client().mutate({ mutation: CREATE, variables });
  assert.equal(error, undefined);
  assert.equal(data.createBulkSend.bulkSend, null);
  const told = data.createBulkSend.userErrors.map(({ code, field }) => [code, field.join(".")]);
  assert.deepEqual(told, [["TOO_SHORT", "signers.0.name"], ["INVALID_EMAIL", "signers.1.email"]]);
});

test("a missing scope leaves the rest of the data", async () => {
  const { data, error } = await makeClient(uri, gateway.readerKey).query({ query: BULK_SENDS });
  assert.deepEqual(codes(error), ["FORBIDDEN"]);
  assert.equal(error.errors[0].extensions.requiredScope, "templates.read");
  const nodes = data.bulkSends.edges.map(({ node }) => [node.name, node.template]);
  assert.deepEqual(nodes, [["Two", null], ["One", null]]);
});

test("Apollo's own default throws the data away, with the same error", async () => {
  const asked = makeClient(uri, gateway.readerKey).query({ query: BULK_SENDS, errorPolicy: "none" });
  await assert.rejects(asked, (error) => codes(error)[0] === "FORBIDDEN");
});

for (const key of ["nonsense", gateway.key.slice(0, -1)]) {
  test(`a key that is not good is a typed error, not a network error (${key.length} characters)`, async () => {
    const { data, error } = await makeClient(uri, key).query({ query: BULK_SENDS });
    assert.deepEqual(codes(error), ["UNAUTHENTICATED"]);
    assert.equal(data, undefined);
  });
}

test("a variable of the wrong shape names its field and repeats no value", async () => {
  const signers = [{ name: "Alice", email: ["alice@example.com"] }];
  const { error } = await client().mutate({ mutation: CREATE, variables: { input: input({ signers }) } });
  assert.deepEqual(codes(error), ["BAD_USER_INPUT"]);
  assert.ok(error.errors[0].extensions.field.includes("email"));
  assert.doesNotMatch(JSON.stringify(error.errors), /alice/);
});

test("a query that is not valid says so", async () => {
  const { error } = await client().query({ query: gql`query { bulkSends { edges { node { nonsense } } } }` });
  assert.deepEqual(codes(error), ["GRAPHQL_VALIDATION_FAILED"]);
});

test("an argument out of bounds is an error of its field alone", async () => {
  const query = gql`query { viewer { organization { id } } bulkSends(first: 0) { totalCount } }`;
  const { data, error } = await client().query({ query });
  assert.deepEqual(codes(error), ["BAD_USER_INPUT"]);
  assert.equal(data.bulkSends, null);
  assert.equal(data.viewer.organization.id, gateway.organizationId);
});

test("too many requests are a typed error that says when to try again", async () => {
  const apollo = makeClient(`${gateway.otherUrl}/graphql`, gateway.key);
  let error;
  for (let asked = 0; !error && asked < 10; asked += 1) {
    ({ error } = await apollo.query({ query: BULK_SENDS, fetchPolicy: "no-cache" }));
  }
  assert.deepEqual(codes(error), ["RATE_LIMITED"]);
  assert.ok(error.errors[0].extensions.retryAfter > 0);
});
