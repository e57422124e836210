-- name: request
-- Have a document's PDF sealed; a second request changes nothing.
INSERT INTO sealed_pdfs (organization_id, document_id)
VALUES ($1, $2)
ON CONFLICT DO NOTHING;

-- name: claim
-- Lease the jobs that are due longest, of all organizations. A leased job is due again when its lease ends.
WITH due AS (
    SELECT
        organization_id,
        document_id
    FROM sealed_pdfs
    WHERE due_at <= statement_timestamp()
    ORDER BY due_at
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
)

UPDATE sealed_pdfs SET
    lease_id = $2,
    due_at = clock_timestamp() + $3::interval,
    attempts = sealed_pdfs.attempts + 1
FROM due
WHERE sealed_pdfs.organization_id = due.organization_id AND sealed_pdfs.document_id = due.document_id
RETURNING sealed_pdfs.organization_id, sealed_pdfs.document_id, sealed_pdfs.attempts;

-- name: load
-- What a document's evidence is made of, besides its events.
SELECT
    documents.bulk_send_id,
    documents.signer_index,
    documents.signer_name,
    documents.signer_email,
    documents.signer_values,
    documents.sent_at,
    bulk_sends.name AS bulk_send_name,
    bulk_sends.total_count,
    bulk_sends.created_at,
    bulk_sends.template_id,
    templates.name AS template_name,
    templates.body AS template_body,
    templates.fields AS template_fields,
    organizations.name AS organization_name
FROM documents
INNER JOIN bulk_sends
    ON documents.organization_id = bulk_sends.organization_id AND documents.bulk_send_id = bulk_sends.id
INNER JOIN templates
    ON bulk_sends.organization_id = templates.organization_id AND bulk_sends.template_id = templates.id
INNER JOIN organizations ON documents.organization_id = organizations.id
WHERE documents.organization_id = $1 AND documents.id = $2;

-- name: document_ids
-- The ids of all documents of a bulk send, deleted or not, in their signers' order: the leaves of its Merkle tree.
SELECT array_agg(id ORDER BY signer_index)
FROM documents
WHERE organization_id = $1 AND bulk_send_id = $2;

-- name: record
-- Store a sealed PDF and end its job, if this lease is still the job's; return the document's id then.
-- Lock the document's bulk send first.
UPDATE sealed_pdfs SET
    due_at = NULL,
    lease_id = NULL,
    error = NULL,
    sealed_at = clock_timestamp(),
    sha256 = $4,
    pdf = $5
WHERE organization_id = $1 AND document_id = $2 AND lease_id = $3
RETURNING document_id;

-- name: postpone
-- Note why a job failed and make it due later, if this lease is still the job's.
UPDATE sealed_pdfs SET
    due_at = clock_timestamp() + $4::interval,
    lease_id = NULL,
    error = $5
WHERE organization_id = $1 AND document_id = $2 AND lease_id = $3;

-- name: get_many
-- Which of these documents have a sealed PDF, unless deleted: its hash and size.
SELECT
    sealed_pdfs.document_id,
    sealed_pdfs.sha256,
    octet_length(sealed_pdfs.pdf) AS size
FROM sealed_pdfs
INNER JOIN documents
    ON sealed_pdfs.organization_id = documents.organization_id AND sealed_pdfs.document_id = documents.id
WHERE
    sealed_pdfs.organization_id = $1
    AND sealed_pdfs.document_id = any($2::uuid[])
    AND sealed_pdfs.pdf IS NOT NULL
    AND documents.deleted_at IS NULL;

-- name: get_file
-- A document's sealed PDF, unless it is not made yet or the document is deleted.
SELECT
    documents.bulk_send_id,
    documents.signer_index,
    sealed_pdfs.pdf
FROM sealed_pdfs
INNER JOIN documents
    ON sealed_pdfs.organization_id = documents.organization_id AND sealed_pdfs.document_id = documents.id
WHERE
    sealed_pdfs.organization_id = $1
    AND sealed_pdfs.document_id = $2
    AND sealed_pdfs.pdf IS NOT NULL
    AND documents.deleted_at IS NULL;

-- name: list_of_bulk_send
-- The sealed PDFs of a bulk send in their signers' order, without their bytes: what the archive of them holds.
SELECT
    documents.id AS document_id,
    documents.signer_index,
    documents.signer_name,
    documents.signer_email,
    documents.status,
    sealed_pdfs.sha256,
    octet_length(sealed_pdfs.pdf) AS size
FROM documents
INNER JOIN sealed_pdfs
    ON documents.organization_id = sealed_pdfs.organization_id AND documents.id = sealed_pdfs.document_id
WHERE
    documents.organization_id = $1
    AND documents.bulk_send_id = $2
    AND documents.deleted_at IS NULL
    AND sealed_pdfs.pdf IS NOT NULL
ORDER BY documents.signer_index;
