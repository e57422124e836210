-- name: chain_ends
-- What the next event of each document follows: the last event's sequence number and hash, or neither, and what never
-- changes about the document. `now` has milliseconds, as events do. Lock the documents' bulk send first.
SELECT
    documents.id AS document_id,
    documents.bulk_send_id,
    documents.signer_index,
    bulk_sends.template_id,
    sha256(convert_to(templates.body, 'UTF8')) AS template_sha256,
    bulk_sends.created_at,
    date_trunc('milliseconds', clock_timestamp()) AS now,
    coalesce(last_event.sequence, 0) AS sequence,
    last_event.hash
FROM documents
INNER JOIN bulk_sends
    ON documents.organization_id = bulk_sends.organization_id AND documents.bulk_send_id = bulk_sends.id
INNER JOIN templates
    ON bulk_sends.organization_id = templates.organization_id AND bulk_sends.template_id = templates.id
LEFT JOIN LATERAL (
    SELECT
        events.sequence,
        events.hash
    FROM events
    WHERE events.organization_id = $1 AND events.document_id = documents.id
    ORDER BY events.sequence DESC
    LIMIT 1
) AS last_event ON TRUE
WHERE documents.organization_id = $1 AND documents.id = any($2::uuid[]);

-- name: append
-- Append events, given as arrays, to the histories of documents. Lock the documents' bulk send first.
INSERT INTO events (
    organization_id,
    document_id,
    sequence,
    type,
    occurred_at,
    actor,
    ip,
    user_agent,
    details,
    previous_hash,
    hash
)
SELECT
    $1,
    given.document_id,
    given.sequence,
    given.type,
    given.occurred_at,
    $2,
    $3,
    $4,
    given.details,
    given.previous_hash,
    given.hash
FROM
    unnest(
        $5::uuid[], $6::integer[], $7::text[], $8::timestamptz[], $9::jsonb[], $10::bytea[], $11::bytea[]
    ) AS given (document_id, sequence, type, occurred_at, details, previous_hash, hash);

-- name: get_histories
-- All events of documents, each document's in the order of its chain.
SELECT
    document_id,
    sequence,
    type,
    occurred_at,
    actor,
    ip,
    user_agent,
    details,
    hash
FROM events
WHERE organization_id = $1 AND document_id = any($2::uuid[])
ORDER BY document_id, sequence;

-- name: get_outcomes
-- The latest event of each of these types of each document: for instance how it was signed, or why it was voided.
SELECT DISTINCT ON (document_id, type)
    document_id,
    type,
    occurred_at,
    ip,
    user_agent,
    details
FROM events
WHERE organization_id = $1 AND document_id = any($2::uuid[]) AND type = any($3::text[])
ORDER BY document_id ASC, type ASC, sequence DESC;
