// Mercurius with its JIT and its loaders, on Fastify.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import * as bulkSends from "./bulk_sends.js";
import { organizationOf } from "./database.js";
import { DateTime } from "./scalars.js";

const app = Fastify({ logger: false, bodyLimit: 10 << 20 });

app.register(mercurius, {
  schema: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  jit: 1,
  graphiql: false,
  context: async (request) => ({ organizationId: await organizationOf(request.headers.authorization) }),
  resolvers: {
    DateTime,
    Query: {
      bulkSends: (_, { first, after }, { organizationId }) => bulkSends.readPage(organizationId, first, after),
      bulkSend: (_, { id }, { organizationId }) => bulkSends.readBulkSend(organizationId, id),
    },
    Mutation: {
      createBulkSend: (_, { input }, { organizationId }) => bulkSends.createBulkSend(organizationId, input),
    },
    Document: bulkSends.Document,
  },
  loaders: {
    BulkSend: {
      template: {
        loader: (queries, { organizationId }) =>
          bulkSends.readTemplates(organizationId, queries.map(({ obj }) => obj.templateId)),
        opts: { cache: false },
      },
      documents: {
        // Those of one field of one query all ask for as many.
        loader: (queries, { organizationId }) =>
          bulkSends.readDocuments(organizationId, queries.map(({ obj }) => obj.id), queries[0].params.first),
        opts: { cache: false },
      },
    },
  },
});

console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
