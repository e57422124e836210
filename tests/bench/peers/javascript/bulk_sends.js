// The statements of Mercurius and Yoga: one for a page, one for all its templates, one for the documents of all.
import { ask } from "./database.js";

const BULK_SEND = `id, template_id AS "templateId", name, upper(status) AS status, total_count AS "totalCount",
  sent_count AS "sentCount", failed_count AS "failedCount", pending_count AS "pendingCount",
  created_at AS "createdAt", updated_at AS "updatedAt"`;
const NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff";

export async function readPage(organizationId, first, after) {
  const rows = await ask("bulk_sends", BULK_SENDS, [organizationId, after ?? NEWEST, first + 1]);
  const nodes = rows.slice(0, first);
  return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor: nodes.at(-1)?.id ?? null } };
}

export async function readBulkSend(organizationId, id) {
  const [row] = await ask("bulk_send", ONE_BULK_SEND, [organizationId, id]);
  return row ?? null;
}

// Templates in the order of their ids; null for an unknown one.
export async function readTemplates(organizationId, ids) {
  const rows = await ask("templates", TEMPLATES, [organizationId, [...new Set(ids)]]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

// The first documents of each bulk send, in the order of the bulk sends' ids.
export async function readDocuments(organizationId, bulkSendIds, first) {
  const rows = await ask("documents", DOCUMENTS, [organizationId, bulkSendIds, first]);
  const pages = new Map(bulkSendIds.map((id) => [id, { nodes: [] }]));
  for (const row of rows) pages.get(row.bulkSendId).nodes.push(row);
  return bulkSendIds.map((id) => pages.get(id));
}

export async function createBulkSend(organizationId, { templateId, name, signers }) {
  const names = signers.map((signer) => signer.name);
  const emails = signers.map((signer) => signer.email);
  const [bulkSend] = await ask("create", CREATE, [organizationId, templateId, name, names, emails]);
  return { bulkSend };
}

// Fields that are no columns.
export const Document = {
  signer: (row) => ({ name: row.signerName, email: row.signerEmail }),
  delivery: (row) => ({
    status: row.deliveryStatus,
    attempts: row.attempts,
    sentAt: row.sentAt,
    error: row.errorCode === null ? null : { code: row.errorCode },
  }),
};

const BULK_SENDS = `
  SELECT ${BULK_SEND} FROM bulk_sends
  WHERE organization_id = $1 AND deleted_at IS NULL AND id < $2
  ORDER BY id DESC
  LIMIT $3`;
const ONE_BULK_SEND = `
  SELECT ${BULK_SEND} FROM bulk_sends WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL`;
const TEMPLATES = `
  SELECT id, name, description, created_at AS "createdAt" FROM templates
  WHERE organization_id = $1 AND id = any($2::uuid[])`;
const DOCUMENTS = `
  SELECT page.* FROM unnest($2::uuid[]) AS parents (id)
  CROSS JOIN LATERAL (
    SELECT id, bulk_send_id AS "bulkSendId", signer_index AS "signerIndex", signer_name AS "signerName",
      signer_email AS "signerEmail", upper(status) AS status, upper(delivery_status) AS "deliveryStatus", attempts,
      sent_at AS "sentAt", error_code AS "errorCode", created_at AS "createdAt"
    FROM documents
    WHERE organization_id = $1 AND bulk_send_id = parents.id AND deleted_at IS NULL
    ORDER BY signer_index
    LIMIT $3
  ) AS page`;
const CREATE = `
  WITH bulk_send AS (
    INSERT INTO bulk_sends (organization_id, template_id, name, fingerprint, total_count)
    VALUES ($1, $2, $3, sha256(''), cardinality($4::text[]))
    RETURNING *
  ), created AS (
    INSERT INTO documents (organization_id, bulk_send_id, signer_index, signer_name, signer_email, signer_values)
    SELECT bulk_send.organization_id, bulk_send.id, signers.position - 1, signers.name, signers.email, '{}'
    FROM bulk_send
    CROSS JOIN unnest($4::text[], $5::text[]) WITH ORDINALITY AS signers (name, email, position)
    ORDER BY signers.position
  )
  SELECT ${BULK_SEND} FROM bulk_send`;
