// The cache of docs/apollo.md before real pages: they merge, filters do not mix, things are one by their id, values merge.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { gql } from "@apollo/client";
import { client, create, gateway, recordRequests, signers, watch } from "./gateway.mjs";

const BULK_SENDS = gql`
  query BulkSends($first: Int, $after: String, $last: Int, $before: String, $search: String, $status: [BulkSendStatus!]) {
    bulkSends(first: $first, after: $after, last: $last, before: $before, search: $search, status: $status) {
      edges {
        cursor
        node {
          id
          name
          status
          failedCount
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
      totalCount
    }
  }
`;

const names = ({ edges }) => edges.map(({ node }) => node.name);
const newestFirst = ["Vendor 7", "Vendor 6", "Vendor 5", "Vendor 4", "Vendor 3", "Vendor 2", "Vendor 1"];

let apollo;
let bulkSendId;
const warnings = [];

before(async () => {
  for (const warn of ["warn", "error"]) console[warn] = (...words) => warnings.push(words);
  ({ id: bulkSendId } = await create({ name: "Other", signers: signers(5) }));
  await create({ name: "Refused", signers: [{ name: "Bob", email: "refused@example.com" }] });
  for (let number = 1; number <= 7; number += 1) await create({ name: `Vendor ${number}` });
});

beforeEach(() => {
  apollo = client();
});

after(() => {
  assert.deepEqual(warnings, [], "Apollo Client warns of nothing");
});

async function watched(variables) {
  const { query, now, sees } = await watch(apollo, { query: BULK_SENDS, variables });
  return { query, now: () => now().bulkSends, sees: (check) => sees(({ bulkSends }) => check(bulkSends)) };
}

test("pages merge forwards", async () => {
  const { query, now } = await watched({ first: 3, search: "Vendor" });
  assert.deepEqual(names(now()), newestFirst.slice(0, 3));
  assert.equal(now().totalCount, 7);
  for (const have of [6, 7]) {
    assert.equal(now().pageInfo.hasNextPage, true);
    await query.fetchMore({ variables: { after: now().pageInfo.endCursor } });
    assert.deepEqual(names(now()), newestFirst.slice(0, have));
  }
  assert.equal(now().pageInfo.hasNextPage, false);
  assert.equal(new Set(now().edges.map(({ cursor }) => cursor)).size, 7);
});

test("pages merge backwards", async () => {
  const { query, now } = await watched({ last: 3, search: "Vendor" });
  assert.deepEqual(names(now()), newestFirst.slice(-3));
  for (const have of [6, 7]) {
    assert.equal(now().pageInfo.hasPreviousPage, true);
    await query.fetchMore({ variables: { before: now().pageInfo.startCursor } });
    assert.deepEqual(names(now()), newestFirst.slice(-have));
  }
  assert.equal(now().pageInfo.hasPreviousPage, false);
});

test("a list walked both ways from its middle is whole", async () => {
  const { data } = await apollo.query({ query: BULK_SENDS, variables: { first: 3, search: "Vendor" } });
  const middle = data.bulkSends.pageInfo.endCursor;
  apollo = client();
  const { query, now } = await watched({ first: 2, after: middle, search: "Vendor" });
  await query.fetchMore({ variables: { after: now().pageInfo.endCursor } });
  await query.fetchMore({ variables: { first: null, after: null, last: 3, before: now().pageInfo.startCursor } });
  assert.deepEqual(names(now()), newestFirst);
});

test("filters do not mix", async () => {
  const all = await watched({ first: 100 });
  const vendors = await watched({ first: 2, search: "Vendor" });
  const failed = await watched({ first: 100, status: ["FAILED"] });
  await vendors.query.fetchMore({ variables: { after: vendors.now().pageInfo.endCursor } });
  assert.deepEqual(names(vendors.now()), newestFirst.slice(0, 4));
  assert.deepEqual(names(failed.now()), ["Refused"]);
  assert.deepEqual(names(all.now()), [...newestFirst, "Refused", "Other"]);
});

test("a bulk send's documents are pages too, for each filter", async () => {
  const query = gql`
    query Documents($id: ID!, $first: Int, $after: String, $deliveryStatus: [DeliveryStatus!]) {
      bulkSend(id: $id) {
        id
        documents(first: $first, after: $after, deliveryStatus: $deliveryStatus) {
          edges {
            cursor
            node {
              id
              signerIndex
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  `;
  const watching = await watch(apollo, { query, variables: { id: bulkSendId, first: 2 } });
  const now = () => watching.now().bulkSend.documents;
  for (const have of [4, 5]) {
    await watching.query.fetchMore({ variables: { after: now().pageInfo.endCursor } });
    assert.equal(now().edges.length, have);
  }
  await apollo.query({ query, variables: { id: bulkSendId, first: 2, deliveryStatus: ["FAILED"] } });
  assert.deepEqual(now().edges.map(({ node }) => node.signerIndex), [0, 1, 2, 3, 4]);
});

test("values merge: what two queries asked for is there for a third", async () => {
  const ask = (selection) => gql(`query Values($id: ID!) {
    viewer { ${selection[0]} } rateLimit { ${selection[1]} }
    bulkSend(id: $id) { id documents(first: 1) { edges { node { id signer { ${selection[2]} } delivery { ${selection[3]} } } } } }
  }`);
  const variables = { id: bulkSendId };
  await apollo.query({ query: ask(["apiKey { id }", "limit", "name", "status"]), variables });
  await apollo.query({ query: ask(["organization { id }", "remaining", "email", "sentAt"]), variables });
  const both = ask(["apiKey { id } organization { id }", "limit remaining", "name email", "status sentAt"]);
  const found = apollo.readQuery({ query: both, variables });
  assert.equal(found.viewer.organization.id, gateway.organizationId);
  assert.ok(found.rateLimit.remaining < found.rateLimit.limit);
  const [{ node }] = found.bulkSend.documents.edges;
  assert.deepEqual([node.signer.name, node.signer.email], ["Signer 0", "signer0@example.com"]);
  assert.equal(node.delivery.status, "SENT");
  assert.match(node.delivery.sentAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("a delivery's error merges as well", async () => {
  const ask = (selection) => gql(`query Errors {
    documents(first: 1, signerEmail: "refused@example.com") { edges { node { id delivery { error { ${selection} } } } } }
  }`);
  await apollo.query({ query: ask("code") });
  await apollo.query({ query: ask("smtpCode") });
  const { documents } = apollo.readQuery({ query: ask("code smtpCode") });
  const { code, smtpCode } = documents.edges[0].node.delivery.error;
  assert.deepEqual({ code, smtpCode }, { code: "MAILBOX_UNAVAILABLE", smtpCode: 550 });
});

test("everything with an id is one thing, wherever it was read", async () => {
  const query = gql`
    query Normalised($id: ID!) {
      viewer {
        organization {
          id
        }
        apiKey {
          id
        }
      }
      bulkSend(id: $id) {
        id
        template {
          id
        }
        documents(first: 1) {
          edges {
            node {
              id
              bulkSend {
                id
                name
              }
            }
          }
        }
      }
    }
  `;
  const { data } = await apollo.query({ query, variables: { id: bulkSendId } });
  const [{ node }] = data.bulkSend.documents.edges;
  const { apiKey } = data.viewer;
  const keys = Object.keys(apollo.cache.extract()).filter((key) => !key.startsWith("ROOT") && !key.startsWith("__"));
  const wanted = [`ApiKey:${apiKey.id}`, `BulkSend:${bulkSendId}`, `Document:${node.id}`];
  wanted.push(`Organization:${gateway.organizationId}`, `Template:${gateway.templateId}`);
  assert.deepEqual(keys.sort(), wanted);
});

test("what a mutation says about a bulk send is seen in the list", async () => {
  const { now, sees } = await watched({ first: 100, search: "Refused" });
  assert.equal(now().edges[0].node.status, "FAILED");
  const mutation = gql`
    mutation Retry($input: RetryBulkSendInput!) {
      retryBulkSend(input: $input) {
        bulkSend {
          id
          status
          failedCount
        }
        retriedCount
      }
    }
  `;
  const { data } = await apollo.mutate({ mutation, variables: { input: { id: now().edges[0].node.id } } });
  assert.equal(data.retryBulkSend.retriedCount, 1);
  await sees(({ edges }) => edges[0].node.status === "PROCESSING" && edges[0].node.failedCount === 0);
});

test("fragments on Node need no further knowledge", async () => {
  const query = gql`
    query Find($ids: [ID!]!) {
      nodes(ids: $ids) {
        id
        ...Named
      }
    }
    fragment Named on Node {
      ... on BulkSend {
        name
      }
      ... on Template {
        name
      }
    }
  `;
  const variables = { ids: [bulkSendId, gateway.templateId, "bs_nonsense"] };
  const { data } = await apollo.query({ query, variables });
  assert.deepEqual(data.nodes.map((node) => node?.name ?? null), ["Other", "Agreement", null]);
  const requests = recordRequests();
  await apollo.query({ query, variables });
  assert.deepEqual(requests, [], "the second time it is in the cache");
});
