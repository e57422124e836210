-- 1,004 organizations. Four large ones, numbers 0 to 3: 20,000 bulk sends and 200,000 documents among them; every 100th
-- bulk send has 100 documents, the 2,000 oldest of the others have one, the rest have 10. A thousand small ones, from
-- 1000 on: 27 bulk sends each, the oldest with 100 documents and the others with 10, in all 360,000 documents, stored
-- in the order of time, so that one organization's rows are far apart. One in 97 of the large ones' is deleted, one
-- document in 10 failed, one bulk send in 7 is in progress. No two rows have a time in common, and every time has
-- microseconds. What was seeded is older than now, so that what a run creates is known by its id.
CREATE TEMPORARY TABLE tenants AS
SELECT
    number,
    number < 4 AS is_large,
    CASE WHEN number < 4 THEN 8 ELSE 3 END AS templates,
    uuidv7() AS organization_id
FROM (
    SELECT generate_series(0, 3) AS number
    UNION ALL
    SELECT generate_series(1000, 1999)
) AS numbers;

CREATE INDEX ON tenants (number);

INSERT INTO organizations (id, name)
SELECT
    organization_id,
    'Organization ' || number
FROM tenants;

INSERT INTO bulk_send_rates (organization_id)
SELECT organization_id FROM tenants;

-- The keys of a database that lives as long as the bench; database.py knows how they are made.
INSERT INTO api_keys (organization_id, name, key_hash, scopes)
SELECT
    organization_id,
    'Bench',
    sha256(convert_to('isk_' || lpad(number::text, 44, '0'), 'UTF8')),
    '{*}'
FROM tenants;

INSERT INTO templates (organization_id, name, description, body, merge_fields, created_at)
SELECT
    tenants.organization_id,
    'Template ' || numbers.number,
    'What vendors of kind ' || numbers.number || ' sign',
    '# Agreement' || repeat(E'\n\nBetween us and {{ signer.name }}, as follows.', 20),
    '{}',
    '2026-01-01T09:00:00Z'::timestamptz + (tenants.number * 8 + numbers.number) * interval '61.017139 seconds'
FROM tenants
CROSS JOIN LATERAL generate_series(1, tenants.templates) AS numbers (number)
ORDER BY tenants.number, numbers.number;

CREATE TEMPORARY TABLE seeded_bulk_sends AS
SELECT
    numbers.number,
    tenants.organization_id,
    tenants.templates,
    uuidv7() AS id,
    '2026-02-01T09:00:00Z'::timestamptz + numbers.number * interval '61.017139 seconds' AS created_at,
    CASE
        WHEN tenants.is_large AND numbers.number % 97 = 0
            THEN '2026-06-01T09:00:00Z'::timestamptz + numbers.number * interval '1.000331 seconds'
    END AS deleted_at,
    CASE
        WHEN numbers.number > 20000 AND numbers.number <= 21000 THEN 100
        WHEN numbers.number > 21000 THEN 10
        WHEN numbers.number % 100 = 0 THEN 100
        WHEN numbers.number <= 2020 THEN 1
        ELSE 10
    END AS documents
FROM generate_series(1, 47000) AS numbers (number)
INNER JOIN tenants
    ON tenants.number = CASE
        WHEN numbers.number <= 20000 THEN (numbers.number + numbers.number / 100) % 4
        ELSE 1000 + numbers.number % 1000
    END
ORDER BY numbers.number;

CREATE TEMPORARY TABLE seeded_documents AS
SELECT
    bulk_sends.number,
    indexes.signer_index,
    bulk_sends.created_at + indexes.signer_index * interval '0.013731 seconds' AS created_at,
    CASE
        WHEN (bulk_sends.number + indexes.signer_index) % 10 = 0 THEN 'failed'
        WHEN bulk_sends.number % 7 = 0 AND indexes.signer_index % 3 = 0 THEN 'pending'
        ELSE 'sent'
    END AS delivery_status
FROM seeded_bulk_sends AS bulk_sends
CROSS JOIN LATERAL generate_series(0, bulk_sends.documents - 1) AS indexes (signer_index);

INSERT INTO bulk_sends (
    organization_id, id, template_id, name, fingerprint,
    total_count, sent_count, failed_count, created_at, updated_at, deleted_at
)
SELECT
    seeded.organization_id,
    seeded.id,
    templates.id,
    'Vendor agreements ' || seeded.number,
    sha256(convert_to(seeded.number::text, 'UTF8')),
    counted.total,
    counted.sent,
    counted.failed,
    seeded.created_at,
    seeded.created_at + interval '12.345073 seconds',
    seeded.deleted_at
FROM seeded_bulk_sends AS seeded
INNER JOIN templates
    ON
        seeded.organization_id = templates.organization_id
        AND templates.name = 'Template ' || (1 + seeded.number % seeded.templates)
INNER JOIN (
    SELECT
        number,
        count(*) AS total,
        count(*) FILTER (WHERE delivery_status = 'sent') AS sent,
        count(*) FILTER (WHERE delivery_status = 'failed') AS failed
    FROM seeded_documents
    GROUP BY number
) AS counted ON seeded.number = counted.number
ORDER BY seeded.number;

INSERT INTO documents (
    organization_id, bulk_send_id, signer_index, signer_name, signer_email, signer_values, status,
    delivery_status, attempts, queued_at, next_attempt_at, sent_at, failed_at, error_code, error_message, smtp_code,
    created_at, updated_at, deleted_at
)
SELECT
    bulk_sends.organization_id,
    bulk_sends.id,
    documents.signer_index,
    'Signer ' || documents.signer_index || ' of ' || documents.number,
    'signer' || documents.signer_index || '.' || documents.number || '@example.com',
    '{}',
    CASE WHEN documents.delivery_status = 'sent' AND documents.signer_index % 4 = 0 THEN 'signed' ELSE 'pending' END,
    documents.delivery_status,
    CASE WHEN documents.delivery_status = 'pending' THEN 0 ELSE 1 + documents.signer_index % 3 END,
    documents.created_at,
    CASE WHEN documents.delivery_status = 'pending' THEN documents.created_at END,
    CASE WHEN documents.delivery_status = 'sent' THEN documents.created_at + interval '3.021111 seconds' END,
    CASE WHEN documents.delivery_status = 'failed' THEN documents.created_at + interval '4.321222 seconds' END,
    CASE WHEN documents.delivery_status = 'failed' THEN 'MAILBOX_UNAVAILABLE' END,
    CASE WHEN documents.delivery_status = 'failed' THEN 'No such user here' END,
    CASE WHEN documents.delivery_status = 'failed' THEN 550 END,
    documents.created_at,
    documents.created_at + interval '5.001333 seconds',
    bulk_sends.deleted_at
FROM seeded_documents AS documents
INNER JOIN seeded_bulk_sends AS bulk_sends ON documents.number = bulk_sends.number
ORDER BY documents.number, documents.signer_index;
