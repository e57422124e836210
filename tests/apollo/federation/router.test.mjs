// Apollo's own gateway before two subgraphs: ours and another team's, whose invoices refer to our entities by id.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { composeServices } from "@apollo/composition";
import { buildSchema, graphql, parse } from "graphql";
import { create, gateway as ours, signers, uri } from "../gateway.mjs";

const SERVICE = JSON.stringify({ query: "{ _service { sdl } }" });
const typeDefs = readFileSync(new URL("invoices.graphql", import.meta.url), "utf8");

let router;
let bulkSends;
let asked;

// The other team's server, which knows of a bulk send nothing but its id.
class Invoices {
  schema = buildSchema(`
    type Query { invoices(first: Int, after: String): InvoiceConnection }
    type InvoiceConnection { edges: [InvoiceEdge!]! }
    type InvoiceEdge { node: Invoice! }
    type Invoice { id: ID! bulkSend: BulkSend documents: [Document!]! }
    type BulkSend { id: ID! }
    type Document { id: ID! }
  `);

  process({ request: { query, variables } }) {
    const edges = bulkSends.map(({ id, documents }, index) => ({
      node: { id: `invoice ${index}`, bulkSend: { id }, documents: documents.map((id) => ({ id })) },
    }));
    const rootValue = { invoices: { edges } };
    return graphql({ schema: this.schema, source: query, variableValues: variables, rootValue });
  }
}

class Ours extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    asked.push(request);
    if (context.key) request.http.headers.set("authorization", `Bearer ${context.key}`);
  }
}

async function ask(query, key = ours.key) {
  asked = [];
  const document = parse(query);
  const [operation] = document.definitions;
  return router({
    request: { query, variables: {} },
    document,
    operation,
    operationName: null,
    queryHash: query,
    source: query,
    schema: undefined,
    context: { key },
    metrics: {},
    logger: console,
    cache: { get: async () => undefined, set: async () => {}, delete: async () => {} },
  });
}

before(async () => {
  const created = [
    await create({ name: "One", signers: signers(2) }),
    await create({ name: "Two", signers: signers(1) }),
  ];
  const told = await fetch(uri, { method: "POST", headers: { "content-type": "application/json" }, body: SERVICE });
  const services = [
    { name: "bulksend", url: uri, typeDefs: parse((await told.json()).data._service.sdl) },
    { name: "invoices", url: "http://127.0.0.1:1", typeDefs: parse(typeDefs) },
  ];
  const { supergraphSdl, errors } = composeServices(services);
  assert.equal(errors, undefined);
  const apollo = new ApolloGateway({
    supergraphSdl,
    buildService: ({ name, url }) => (name === "bulksend" ? new Ours({ url }) : new Invoices()),
    logger: { debug() {}, info() {}, warn: console.warn, error: console.error },
  });
  ({ executor: router } = await apollo.load());
  bulkSends = created.map(({ id }) => ({ id, documents: [] }));
  const query = "{ bulkSends(first: 2) { edges { node { id documents(first: 5) { edges { node { id } } } } } } }";
  const { data } = await ask(query);
  bulkSends = data.bulkSends.edges.map(({ node }) => ({
    id: node.id,
    documents: node.documents.edges.map((edge) => edge.node.id),
  }));
});

const INVOICES = `{
  invoices(first: 10) {
    edges { node { id bulkSend { id name template { name } } documents { id signer { email } } } }
  }
}`;

test("what another subgraph refers to is found here, each list of entities with one request", async () => {
  const { data, errors } = await ask(INVOICES);
  assert.equal(errors, undefined);
  const nodes = data.invoices.edges.map(({ node }) => node);
  assert.deepEqual(nodes.map(({ bulkSend }) => bulkSend.name), ["Two", "One"]);
  assert.deepEqual(nodes.map(({ bulkSend }) => bulkSend.template.name), ["Agreement", "Agreement"]);
  const emails = nodes.map(({ documents }) => documents.map(({ signer }) => signer.email));
  assert.deepEqual(emails, [["signer0@example.com"], ["signer0@example.com", "signer1@example.com"]]);
  assert.equal(asked.length, 2);
});

test("what is not there, or not the caller's, is null", async () => {
  const known = bulkSends;
  bulkSends = [{ id: "bs_nonsense", documents: [] }, ...known];
  try {
    const { data, errors } = await ask("{ invoices { edges { node { id bulkSend { name } } } } }");
    assert.equal(errors, undefined);
    assert.deepEqual(data.invoices.edges.map(({ node }) => node.bulkSend?.name ?? null), [null, "Two", "One"]);
  } finally {
    bulkSends = known;
  }
});

test("a refusal keeps its code on its way through the router", async () => {
  const { errors } = await ask(INVOICES, null);
  assert.ok(errors.length > 0);
  for (const { extensions } of errors) assert.equal(extensions.code, "UNAUTHENTICATED");
});
