// Mercurius tuned as Bulksend is: a page's templates joined to it by hand, times written as text by PostgreSQL, and
// generic plans (PGOPTIONS).
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import * as bulkSends from "./bulk_sends.js";
import { ask, organizationOf } from "./database.js";

const app = Fastify({ logger: false, bodyLimit: 10 << 20 });

app.register(mercurius, {
  schema: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  jit: 1,
  graphiql: false,
  context: async (request) => ({ organizationId: await organizationOf(request.headers.authorization) }),
  resolvers: {
    Query: {
      bulkSends: (_, { first, after }, { organizationId }) => readPage(organizationId, first, after),
      bulkSend: async (_, { id }, { organizationId }) => {
        const [row] = await ask("bulk_send", ONE_BULK_SEND, [organizationId, id]);
        return row ?? null;
      },
    },
    Mutation: {
      createBulkSend: (_, { input }, { organizationId }) => bulkSends.createBulkSend(organizationId, input),
    },
    BulkSend: {
      template: (row, _, { organizationId }) => row.template ?? readTemplate(organizationId, row.templateId),
    },
    Document: bulkSends.Document,
  },
  loaders: {
    BulkSend: {
      documents: {
        // Those of one field of one query all ask for as many.
        loader: (queries, { organizationId }) =>
          readDocuments(organizationId, queries.map(({ obj }) => obj.id), queries[0].params.first),
        opts: { cache: false },
      },
    },
  },
});

async function readPage(organizationId, first, after) {
  const rows = await ask("bulk_sends", BULK_SENDS, [organizationId, after ?? NEWEST, first + 1]);
  const hasNextPage = rows.length > first;
  if (hasNextPage) rows.length = first;
  for (const row of rows) {
    row.template = {
      id: row.templateId,
      name: row.templateName,
      description: row.templateDescription,
      createdAt: row.templateCreatedAt,
    };
  }
  return { nodes: rows, pageInfo: { hasNextPage, endCursor: rows.at(-1)?.id ?? null } };
}

async function readTemplate(organizationId, id) {
  const [row] = await ask("template", ONE_TEMPLATE, [organizationId, id]);
  return row;
}

// The first documents of each bulk send, in the order of the bulk sends' ids.
async function readDocuments(organizationId, bulkSendIds, first) {
  if (bulkSendIds.length === 1) {
    return [{ nodes: await ask("documents_of_one", DOCUMENTS_OF_ONE, [organizationId, bulkSendIds[0], first]) }];
  }
  const rows = await ask("documents", DOCUMENTS, [organizationId, bulkSendIds, first]);
  const pages = new Map(bulkSendIds.map((id) => [id, { nodes: [] }]));
  for (const row of rows) pages.get(row.bulkSendId).nodes.push(row);
  return bulkSendIds.map((id) => pages.get(id));
}

const time = (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const BULK_SEND = `bulk_sends.id, bulk_sends.template_id AS "templateId", bulk_sends.name,
  upper(bulk_sends.status) AS status, bulk_sends.total_count AS "totalCount", bulk_sends.sent_count AS "sentCount",
  bulk_sends.failed_count AS "failedCount", bulk_sends.pending_count AS "pendingCount",
  ${time("bulk_sends.created_at")} AS "createdAt", ${time("bulk_sends.updated_at")} AS "updatedAt"`;
const BULK_SENDS = `
  SELECT ${BULK_SEND}, templates.name AS "templateName", templates.description AS "templateDescription",
    ${time("templates.created_at")} AS "templateCreatedAt"
  FROM (
    SELECT * FROM bulk_sends
    WHERE organization_id = $1 AND deleted_at IS NULL AND id < $2
    ORDER BY id DESC
    LIMIT $3
  ) AS bulk_sends
  JOIN templates ON templates.organization_id = $1 AND templates.id = bulk_sends.template_id
  ORDER BY bulk_sends.id DESC`;
const ONE_BULK_SEND = `
  SELECT ${BULK_SEND} FROM bulk_sends WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL`;
const ONE_TEMPLATE = `
  SELECT id, name, description, ${time("created_at")} AS "createdAt" FROM templates
  WHERE organization_id = $1 AND id = $2`;
const DOCUMENT = `id, bulk_send_id AS "bulkSendId", signer_index AS "signerIndex", signer_name AS "signerName",
  signer_email AS "signerEmail", upper(status) AS status, upper(delivery_status) AS "deliveryStatus", attempts,
  ${time("sent_at")} AS "sentAt", error_code AS "errorCode", ${time("created_at")} AS "createdAt"`;
const DOCUMENTS_OF_ONE = `
  SELECT ${DOCUMENT} FROM documents
  WHERE organization_id = $1 AND bulk_send_id = $2 AND deleted_at IS NULL
  ORDER BY signer_index
  LIMIT $3`;
const DOCUMENTS = `
  SELECT page.* FROM unnest($2::uuid[]) AS parents (id)
  CROSS JOIN LATERAL (
    SELECT ${DOCUMENT} FROM documents
    WHERE organization_id = $1 AND bulk_send_id = parents.id AND deleted_at IS NULL
    ORDER BY signer_index
    LIMIT $3
  ) AS page`;

console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
