-- What these filters have in common: PostgreSQL may plan a statement once for all values, and must not think then that
-- next to no rows are left, or it reads all of them to sort them. So one end of the page is a row comparison (a pair of
-- plain ones counts as a narrow range), filters that may be absent are one coalesce (each OR counts as rare), and a
-- filter with an index of its own has queries of its own.

-- name: get_many
-- Documents by their ids; deleted, unknown and foreign ids give no row.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE organization_id = $1 AND id = any($2::uuid[]) AND deleted_at IS NULL;

-- name: first_page
-- Documents between two cursors, newest bulk send first, each in its signers' order: the first ones.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE
    organization_id = $1
    AND deleted_at IS NULL
    AND bulk_send_id <= $2
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND (organization_id, bulk_send_id) >= ($1, $4)
    AND (bulk_send_id > $4 OR signer_index < $5)
    AND coalesce(
        ($7::text IS NULL OR lower(signer_email) = lower($7))
        AND ($8::text IS NULL OR external_id = $8)
        AND ($9::text[] IS NULL OR status = any($9))
        AND ($10::text[] IS NULL OR delivery_status = any($10)),
        FALSE
    )
ORDER BY bulk_send_id DESC, signer_index ASC
LIMIT $6;

-- name: first_page_by_signer
-- Documents between two cursors, newest bulk send first, each in its signers' order: the first, to one address.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE
    organization_id = $1
    AND lower(signer_email) = lower($7)
    AND deleted_at IS NULL
    AND bulk_send_id <= $2
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND (organization_id, bulk_send_id) >= ($1, $4)
    AND (bulk_send_id > $4 OR signer_index < $5)
    AND coalesce(
        ($8::text IS NULL OR external_id = $8)
        AND ($9::text[] IS NULL OR status = any($9))
        AND ($10::text[] IS NULL OR delivery_status = any($10)),
        FALSE
    )
ORDER BY bulk_send_id DESC, signer_index ASC
LIMIT $6;

-- name: first_page_by_external_id
-- Documents between two cursors, newest bulk send first, each in its signers' order: the first, with one external id.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE
    organization_id = $1
    AND external_id = $8
    AND deleted_at IS NULL
    AND bulk_send_id <= $2
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND (organization_id, bulk_send_id) >= ($1, $4)
    AND (bulk_send_id > $4 OR signer_index < $5)
    AND coalesce(
        ($7::text IS NULL OR lower(signer_email) = lower($7))
        AND ($9::text[] IS NULL OR status = any($9))
        AND ($10::text[] IS NULL OR delivery_status = any($10)),
        FALSE
    )
ORDER BY bulk_send_id DESC, signer_index ASC
LIMIT $6;

-- name: last_page
-- Documents between two cursors: the last ones, in reverse order.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE
    organization_id = $1
    AND deleted_at IS NULL
    AND (organization_id, bulk_send_id) <= ($1, $2)
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND bulk_send_id >= $4
    AND (bulk_send_id > $4 OR signer_index < $5)
    AND coalesce(
        ($7::text IS NULL OR lower(signer_email) = lower($7))
        AND ($8::text IS NULL OR external_id = $8)
        AND ($9::text[] IS NULL OR status = any($9))
        AND ($10::text[] IS NULL OR delivery_status = any($10)),
        FALSE
    )
ORDER BY bulk_send_id ASC, signer_index DESC
LIMIT $6;

-- name: last_page_by_signer
-- Documents between two cursors: the last ones, in reverse order, to one address.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE
    organization_id = $1
    AND lower(signer_email) = lower($7)
    AND deleted_at IS NULL
    AND (organization_id, bulk_send_id) <= ($1, $2)
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND bulk_send_id >= $4
    AND (bulk_send_id > $4 OR signer_index < $5)
    AND coalesce(
        ($8::text IS NULL OR external_id = $8)
        AND ($9::text[] IS NULL OR status = any($9))
        AND ($10::text[] IS NULL OR delivery_status = any($10)),
        FALSE
    )
ORDER BY bulk_send_id ASC, signer_index DESC
LIMIT $6;

-- name: last_page_by_external_id
-- Documents between two cursors: the last ones, in reverse order, with one external id.
SELECT
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    error_code,
    error_message,
    smtp_code,
    created_at,
    updated_at
FROM documents
WHERE
    organization_id = $1
    AND external_id = $8
    AND deleted_at IS NULL
    AND (organization_id, bulk_send_id) <= ($1, $2)
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND bulk_send_id >= $4
    AND (bulk_send_id > $4 OR signer_index < $5)
    AND coalesce(
        ($7::text IS NULL OR lower(signer_email) = lower($7))
        AND ($9::text[] IS NULL OR status = any($9))
        AND ($10::text[] IS NULL OR delivery_status = any($10)),
        FALSE
    )
ORDER BY bulk_send_id ASC, signer_index DESC
LIMIT $6;

-- name: count
-- How many documents the filters leave.
SELECT count(*)
FROM documents
WHERE
    organization_id = $1
    AND deleted_at IS NULL
    AND coalesce(
        ($2::text IS NULL OR lower(signer_email) = lower($2))
        AND ($3::text IS NULL OR external_id = $3)
        AND ($4::text[] IS NULL OR status = any($4))
        AND ($5::text[] IS NULL OR delivery_status = any($5)),
        FALSE
    );

-- name: count_by_signer
-- How many documents the filters leave, to one address.
SELECT count(*)
FROM documents
WHERE
    organization_id = $1
    AND lower(signer_email) = lower($2)
    AND deleted_at IS NULL
    AND coalesce(
        ($3::text IS NULL OR external_id = $3)
        AND ($4::text[] IS NULL OR status = any($4))
        AND ($5::text[] IS NULL OR delivery_status = any($5)),
        FALSE
    );

-- name: count_by_external_id
-- How many documents the filters leave, with one external id.
SELECT count(*)
FROM documents
WHERE
    organization_id = $1
    AND external_id = $3
    AND deleted_at IS NULL
    AND coalesce(
        ($2::text IS NULL OR lower(signer_email) = lower($2))
        AND ($4::text[] IS NULL OR status = any($4))
        AND ($5::text[] IS NULL OR delivery_status = any($5)),
        FALSE
    );

-- name: first_of_bulk_sends
-- The documents of several bulk sends, each between the same two cursors: the first ones of each.
SELECT
    page.id,
    page.bulk_send_id,
    page.signer_index,
    page.signer_name,
    page.signer_email,
    page.signer_phone,
    page.external_id,
    page.status,
    page.link_generation,
    page.viewed_at,
    page.signed_at,
    page.declined_at,
    page.expires_at,
    page.delivery_status,
    page.attempts,
    page.sent_at,
    page.failed_at,
    page.next_attempt_at,
    page.error_code,
    page.error_message,
    page.smtp_code,
    page.created_at,
    page.updated_at
FROM unnest($2::uuid[]) AS parents (id)
CROSS JOIN LATERAL (
    SELECT
        documents.id,
        documents.bulk_send_id,
        documents.signer_index,
        documents.signer_name,
        documents.signer_email,
        documents.signer_phone,
        documents.external_id,
        documents.status,
        documents.link_generation,
        documents.viewed_at,
        documents.signed_at,
        documents.declined_at,
        documents.expires_at,
        documents.delivery_status,
        documents.attempts,
        documents.sent_at,
        documents.failed_at,
        CASE WHEN documents.lease_id IS NULL THEN documents.next_attempt_at END AS next_attempt_at,
        documents.error_code,
        documents.error_message,
        documents.smtp_code,
        documents.created_at,
        documents.updated_at
    FROM documents
    WHERE
        documents.organization_id = $1
        AND documents.bulk_send_id = parents.id
        AND documents.deleted_at IS NULL
        AND documents.signer_index > $3
        AND documents.signer_index < $4
        AND coalesce(
            ($6::text[] IS NULL OR documents.status = any($6))
            AND ($7::text[] IS NULL OR documents.delivery_status = any($7)),
            FALSE
        )
    ORDER BY documents.signer_index ASC
    LIMIT $5
) AS page;

-- name: last_of_bulk_sends
-- The documents of several bulk sends: the last ones of each, in reverse order.
SELECT
    page.id,
    page.bulk_send_id,
    page.signer_index,
    page.signer_name,
    page.signer_email,
    page.signer_phone,
    page.external_id,
    page.status,
    page.link_generation,
    page.viewed_at,
    page.signed_at,
    page.declined_at,
    page.expires_at,
    page.delivery_status,
    page.attempts,
    page.sent_at,
    page.failed_at,
    page.next_attempt_at,
    page.error_code,
    page.error_message,
    page.smtp_code,
    page.created_at,
    page.updated_at
FROM unnest($2::uuid[]) AS parents (id)
CROSS JOIN LATERAL (
    SELECT
        documents.id,
        documents.bulk_send_id,
        documents.signer_index,
        documents.signer_name,
        documents.signer_email,
        documents.signer_phone,
        documents.external_id,
        documents.status,
        documents.link_generation,
        documents.viewed_at,
        documents.signed_at,
        documents.declined_at,
        documents.expires_at,
        documents.delivery_status,
        documents.attempts,
        documents.sent_at,
        documents.failed_at,
        CASE WHEN documents.lease_id IS NULL THEN documents.next_attempt_at END AS next_attempt_at,
        documents.error_code,
        documents.error_message,
        documents.smtp_code,
        documents.created_at,
        documents.updated_at
    FROM documents
    WHERE
        documents.organization_id = $1
        AND documents.bulk_send_id = parents.id
        AND documents.deleted_at IS NULL
        AND documents.signer_index > $3
        AND documents.signer_index < $4
        AND coalesce(
            ($6::text[] IS NULL OR documents.status = any($6))
            AND ($7::text[] IS NULL OR documents.delivery_status = any($7)),
            FALSE
        )
    ORDER BY documents.signer_index DESC
    LIMIT $5
) AS page;

-- name: get_with_bulk_send
-- One bulk send, in a row without a document, and the first of its documents, without it.
SELECT
    NULL::uuid AS id,
    bulk_sends.id AS bulk_send_id,
    NULL::integer AS signer_index,
    NULL::text AS signer_name,
    NULL::text AS signer_email,
    NULL::text AS signer_phone,
    NULL::text AS external_id,
    NULL::text AS status,
    NULL::integer AS link_generation,
    NULL::timestamptz AS viewed_at,
    NULL::timestamptz AS signed_at,
    NULL::timestamptz AS declined_at,
    NULL::timestamptz AS expires_at,
    NULL::text AS delivery_status,
    NULL::integer AS attempts,
    NULL::timestamptz AS sent_at,
    NULL::timestamptz AS failed_at,
    NULL::timestamptz AS next_attempt_at,
    NULL::text AS error_code,
    NULL::text AS error_message,
    NULL::integer AS smtp_code,
    NULL::timestamptz AS created_at,
    NULL::timestamptz AS updated_at,
    bulk_sends.template_id,
    bulk_sends.name AS bulk_send_name,
    bulk_sends.email_message,
    bulk_sends.external_id AS bulk_send_external_id,
    bulk_sends.status AS bulk_send_status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at AS bulk_send_created_at,
    bulk_sends.updated_at AS bulk_send_updated_at
FROM bulk_sends
WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND bulk_sends.deleted_at IS NULL

UNION ALL

(
    SELECT
        documents.id,
        documents.bulk_send_id,
        documents.signer_index,
        documents.signer_name,
        documents.signer_email,
        documents.signer_phone,
        documents.external_id,
        documents.status,
        documents.link_generation,
        documents.viewed_at,
        documents.signed_at,
        documents.declined_at,
        documents.expires_at,
        documents.delivery_status,
        documents.attempts,
        documents.sent_at,
        documents.failed_at,
        CASE WHEN documents.lease_id IS NULL THEN documents.next_attempt_at END AS next_attempt_at,
        documents.error_code,
        documents.error_message,
        documents.smtp_code,
        documents.created_at,
        documents.updated_at,
        NULL::uuid AS template_id,
        NULL::text AS bulk_send_name,
        NULL::text AS email_message,
        NULL::text AS bulk_send_external_id,
        NULL::text AS bulk_send_status,
        NULL::integer AS total_count,
        NULL::integer AS sent_count,
        NULL::integer AS failed_count,
        NULL::integer AS pending_count,
        NULL::timestamptz AS bulk_send_created_at,
        NULL::timestamptz AS bulk_send_updated_at
    FROM documents
    WHERE
        documents.organization_id = $1
        AND documents.bulk_send_id = $2
        AND documents.deleted_at IS NULL
        AND coalesce(
            ($4::text[] IS NULL OR documents.status = any($4))
            AND ($5::text[] IS NULL OR documents.delivery_status = any($5)),
            FALSE
        )
    ORDER BY documents.signer_index ASC
    LIMIT $3
)

ORDER BY signer_index ASC NULLS FIRST;

-- name: count_of_bulk_sends
-- How many documents of each bulk send the filters leave; none gives no row.
SELECT
    documents.bulk_send_id,
    count(*) AS total
FROM documents
WHERE
    documents.organization_id = $1
    AND documents.bulk_send_id = any($2::uuid[])
    AND documents.deleted_at IS NULL
    AND coalesce(
        ($3::text[] IS NULL OR documents.status = any($3))
        AND ($4::text[] IS NULL OR documents.delivery_status = any($4)),
        FALSE
    )
GROUP BY documents.bulk_send_id;

-- name: open
-- What a signing link opens: the document with its template, also when it was deleted since.
SELECT
    documents.id,
    documents.link_generation,
    documents.status,
    documents.deleted_at IS NOT NULL AS deleted,
    documents.signer_name,
    documents.signer_email,
    documents.signer_values,
    documents.expires_at,
    templates.name AS template_name,
    templates.body AS template_body,
    organizations.name AS organization_name
FROM documents
INNER JOIN bulk_sends
    ON documents.organization_id = bulk_sends.organization_id AND documents.bulk_send_id = bulk_sends.id
INNER JOIN templates
    ON bulk_sends.organization_id = templates.organization_id AND bulk_sends.template_id = templates.id
INNER JOIN organizations ON documents.organization_id = organizations.id
WHERE documents.organization_id = $1 AND documents.id = $2;

-- name: mark_viewed
-- Note that a signer opened the document for the first time.
UPDATE documents SET viewed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE organization_id = $1 AND id = $2 AND viewed_at IS NULL AND deleted_at IS NULL;
