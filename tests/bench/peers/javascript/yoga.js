// graphql-yoga on node:http, with the parser and validation caches that it has by default, and DataLoader.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import DataLoader from "dataloader";
import { createSchema, createYoga } from "graphql-yoga";
import * as bulkSends from "./bulk_sends.js";
import { organizationOf } from "./database.js";
import { DateTime } from "./scalars.js";

const yoga = createYoga({
  schema: createSchema({
    typeDefs: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
    resolvers: {
      DateTime,
      Query: {
        bulkSends: (_, { first, after }, { organizationId }) => bulkSends.readPage(organizationId, first, after),
        bulkSend: (_, { id }, { organizationId }) => bulkSends.readBulkSend(organizationId, id),
      },
      Mutation: {
        createBulkSend: (_, { input }, { organizationId }) => bulkSends.createBulkSend(organizationId, input),
      },
      BulkSend: {
        template: (row, _, { templates }) => templates.load(row.templateId),
        documents: (row, { first }, { documents }) => documents(first).load(row.id),
      },
      Document: bulkSends.Document,
    },
  }),
  context: async ({ request }) => loadersOf(await organizationOf(request.headers.get("authorization"))),
  graphiql: false,
  landingPage: false,
  logging: false,
});

function loadersOf(organizationId) {
  const pages = new Map();
  const documents = (first) => {
    if (!pages.has(first)) {
      pages.set(first, new DataLoader((ids) => bulkSends.readDocuments(organizationId, ids, first)));
    }
    return pages.get(first);
  };
  return {
    organizationId,
    templates: new DataLoader((ids) => bulkSends.readTemplates(organizationId, ids)),
    documents,
  };
}

const server = createServer(yoga);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
