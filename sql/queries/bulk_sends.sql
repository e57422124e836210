-- What these filters have in common: PostgreSQL may plan a statement once for all values, and must not think then that
-- next to no rows are left, or it reads all of them to sort them. So one end of the page is a row comparison (a pair of
-- plain ones counts as a narrow range), filters that may be absent are one coalesce (each OR counts as rare), and a
-- filter with an index of its own has queries of its own. A page's templates are joined when $11 says so; LIMIT 1 keeps
-- PostgreSQL from joining before the page is cut.

-- name: get_many
-- Bulk sends by their ids; deleted, unknown and foreign ids give no row.
SELECT
    id,
    template_id,
    name,
    email_message,
    external_id,
    status,
    total_count,
    sent_count,
    failed_count,
    pending_count,
    created_at,
    updated_at
FROM bulk_sends
WHERE organization_id = $1 AND id = any($2::uuid[]) AND deleted_at IS NULL;

-- name: newest
-- The newest bulk send of an organization.
SELECT
    id,
    template_id,
    name,
    email_message,
    external_id,
    status,
    total_count,
    sent_count,
    failed_count,
    pending_count,
    created_at,
    updated_at
FROM bulk_sends
WHERE organization_id = $1 AND deleted_at IS NULL
ORDER BY id DESC
LIMIT 1;

-- name: first_page
-- Bulk sends newest first, between two cursors: the first ones.
SELECT
    bulk_sends.id,
    bulk_sends.template_id,
    bulk_sends.name,
    bulk_sends.email_message,
    bulk_sends.external_id,
    bulk_sends.status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at,
    bulk_sends.updated_at,
    template.name AS template_name,
    template.description AS template_description,
    template.created_at AS template_created_at
FROM bulk_sends
LEFT JOIN LATERAL (
    SELECT
        templates.name,
        templates.description,
        templates.created_at
    FROM templates
    WHERE $11::boolean AND templates.organization_id = $1 AND templates.id = bulk_sends.template_id
    ORDER BY templates.id ASC
    LIMIT 1
) AS template ON TRUE
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.deleted_at IS NULL
    AND bulk_sends.id < $2
    AND (bulk_sends.organization_id, bulk_sends.id) > ($1, $3)
    AND bulk_sends.status = any(coalesce($5::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($6::text IS NULL OR strpos(lower(bulk_sends.name), lower($6)) > 0)
        AND ($7::uuid IS NULL OR bulk_sends.template_id = $7)
        AND ($8::text IS NULL OR bulk_sends.external_id = $8)
        AND ($9::timestamptz IS NULL OR bulk_sends.created_at >= $9)
        AND ($10::timestamptz IS NULL OR bulk_sends.created_at < $10),
        FALSE
    )
ORDER BY bulk_sends.id DESC
LIMIT $4;

-- name: first_page_by_template
-- Bulk sends newest first, between two cursors: the first ones, of one template.
SELECT
    bulk_sends.id,
    bulk_sends.template_id,
    bulk_sends.name,
    bulk_sends.email_message,
    bulk_sends.external_id,
    bulk_sends.status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at,
    bulk_sends.updated_at,
    template.name AS template_name,
    template.description AS template_description,
    template.created_at AS template_created_at
FROM bulk_sends
LEFT JOIN LATERAL (
    SELECT
        templates.name,
        templates.description,
        templates.created_at
    FROM templates
    WHERE $11::boolean AND templates.organization_id = $1 AND templates.id = bulk_sends.template_id
    ORDER BY templates.id ASC
    LIMIT 1
) AS template ON TRUE
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.template_id = $7
    AND bulk_sends.deleted_at IS NULL
    AND bulk_sends.id < $2
    AND (bulk_sends.template_id, bulk_sends.id) > ($7, $3)
    AND bulk_sends.status = any(coalesce($5::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($6::text IS NULL OR strpos(lower(bulk_sends.name), lower($6)) > 0)
        AND ($8::text IS NULL OR bulk_sends.external_id = $8)
        AND ($9::timestamptz IS NULL OR bulk_sends.created_at >= $9)
        AND ($10::timestamptz IS NULL OR bulk_sends.created_at < $10),
        FALSE
    )
ORDER BY bulk_sends.id DESC
LIMIT $4;

-- name: first_page_by_external_id
-- Bulk sends newest first, between two cursors: the first ones, with one external id.
SELECT
    bulk_sends.id,
    bulk_sends.template_id,
    bulk_sends.name,
    bulk_sends.email_message,
    bulk_sends.external_id,
    bulk_sends.status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at,
    bulk_sends.updated_at,
    template.name AS template_name,
    template.description AS template_description,
    template.created_at AS template_created_at
FROM bulk_sends
LEFT JOIN LATERAL (
    SELECT
        templates.name,
        templates.description,
        templates.created_at
    FROM templates
    WHERE $11::boolean AND templates.organization_id = $1 AND templates.id = bulk_sends.template_id
    ORDER BY templates.id ASC
    LIMIT 1
) AS template ON TRUE
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.external_id = $8
    AND bulk_sends.deleted_at IS NULL
    AND bulk_sends.id < $2
    AND (bulk_sends.external_id, bulk_sends.id) > ($8, $3)
    AND bulk_sends.status = any(coalesce($5::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($6::text IS NULL OR strpos(lower(bulk_sends.name), lower($6)) > 0)
        AND ($7::uuid IS NULL OR bulk_sends.template_id = $7)
        AND ($9::timestamptz IS NULL OR bulk_sends.created_at >= $9)
        AND ($10::timestamptz IS NULL OR bulk_sends.created_at < $10),
        FALSE
    )
ORDER BY bulk_sends.id DESC
LIMIT $4;

-- name: last_page
-- Bulk sends between two cursors: the last ones, oldest first.
SELECT
    bulk_sends.id,
    bulk_sends.template_id,
    bulk_sends.name,
    bulk_sends.email_message,
    bulk_sends.external_id,
    bulk_sends.status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at,
    bulk_sends.updated_at,
    template.name AS template_name,
    template.description AS template_description,
    template.created_at AS template_created_at
FROM bulk_sends
LEFT JOIN LATERAL (
    SELECT
        templates.name,
        templates.description,
        templates.created_at
    FROM templates
    WHERE $11::boolean AND templates.organization_id = $1 AND templates.id = bulk_sends.template_id
    ORDER BY templates.id ASC
    LIMIT 1
) AS template ON TRUE
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.deleted_at IS NULL
    AND (bulk_sends.organization_id, bulk_sends.id) < ($1, $2)
    AND bulk_sends.id > $3
    AND bulk_sends.status = any(coalesce($5::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($6::text IS NULL OR strpos(lower(bulk_sends.name), lower($6)) > 0)
        AND ($7::uuid IS NULL OR bulk_sends.template_id = $7)
        AND ($8::text IS NULL OR bulk_sends.external_id = $8)
        AND ($9::timestamptz IS NULL OR bulk_sends.created_at >= $9)
        AND ($10::timestamptz IS NULL OR bulk_sends.created_at < $10),
        FALSE
    )
ORDER BY bulk_sends.id ASC
LIMIT $4;

-- name: last_page_by_template
-- Bulk sends between two cursors: the last ones, oldest first, of one template.
SELECT
    bulk_sends.id,
    bulk_sends.template_id,
    bulk_sends.name,
    bulk_sends.email_message,
    bulk_sends.external_id,
    bulk_sends.status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at,
    bulk_sends.updated_at,
    template.name AS template_name,
    template.description AS template_description,
    template.created_at AS template_created_at
FROM bulk_sends
LEFT JOIN LATERAL (
    SELECT
        templates.name,
        templates.description,
        templates.created_at
    FROM templates
    WHERE $11::boolean AND templates.organization_id = $1 AND templates.id = bulk_sends.template_id
    ORDER BY templates.id ASC
    LIMIT 1
) AS template ON TRUE
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.template_id = $7
    AND bulk_sends.deleted_at IS NULL
    AND (bulk_sends.template_id, bulk_sends.id) < ($7, $2)
    AND bulk_sends.id > $3
    AND bulk_sends.status = any(coalesce($5::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($6::text IS NULL OR strpos(lower(bulk_sends.name), lower($6)) > 0)
        AND ($8::text IS NULL OR bulk_sends.external_id = $8)
        AND ($9::timestamptz IS NULL OR bulk_sends.created_at >= $9)
        AND ($10::timestamptz IS NULL OR bulk_sends.created_at < $10),
        FALSE
    )
ORDER BY bulk_sends.id ASC
LIMIT $4;

-- name: last_page_by_external_id
-- Bulk sends between two cursors: the last ones, oldest first, with one external id.
SELECT
    bulk_sends.id,
    bulk_sends.template_id,
    bulk_sends.name,
    bulk_sends.email_message,
    bulk_sends.external_id,
    bulk_sends.status,
    bulk_sends.total_count,
    bulk_sends.sent_count,
    bulk_sends.failed_count,
    bulk_sends.pending_count,
    bulk_sends.created_at,
    bulk_sends.updated_at,
    template.name AS template_name,
    template.description AS template_description,
    template.created_at AS template_created_at
FROM bulk_sends
LEFT JOIN LATERAL (
    SELECT
        templates.name,
        templates.description,
        templates.created_at
    FROM templates
    WHERE $11::boolean AND templates.organization_id = $1 AND templates.id = bulk_sends.template_id
    ORDER BY templates.id ASC
    LIMIT 1
) AS template ON TRUE
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.external_id = $8
    AND bulk_sends.deleted_at IS NULL
    AND (bulk_sends.external_id, bulk_sends.id) < ($8, $2)
    AND bulk_sends.id > $3
    AND bulk_sends.status = any(coalesce($5::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($6::text IS NULL OR strpos(lower(bulk_sends.name), lower($6)) > 0)
        AND ($7::uuid IS NULL OR bulk_sends.template_id = $7)
        AND ($9::timestamptz IS NULL OR bulk_sends.created_at >= $9)
        AND ($10::timestamptz IS NULL OR bulk_sends.created_at < $10),
        FALSE
    )
ORDER BY bulk_sends.id ASC
LIMIT $4;

-- name: count
-- How many bulk sends the filters leave.
SELECT count(*)
FROM bulk_sends
WHERE
    organization_id = $1
    AND deleted_at IS NULL
    AND status = any(coalesce($2::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
        AND ($4::uuid IS NULL OR template_id = $4)
        AND ($5::text IS NULL OR external_id = $5)
        AND ($6::timestamptz IS NULL OR created_at >= $6)
        AND ($7::timestamptz IS NULL OR created_at < $7),
        FALSE
    );

-- name: count_by_template
-- How many bulk sends the filters leave, of one template.
SELECT count(*)
FROM bulk_sends
WHERE
    organization_id = $1
    AND template_id = $4
    AND deleted_at IS NULL
    AND status = any(coalesce($2::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
        AND ($5::text IS NULL OR external_id = $5)
        AND ($6::timestamptz IS NULL OR created_at >= $6)
        AND ($7::timestamptz IS NULL OR created_at < $7),
        FALSE
    );

-- name: count_by_external_id
-- How many bulk sends the filters leave, with one external id.
SELECT count(*)
FROM bulk_sends
WHERE
    organization_id = $1
    AND external_id = $5
    AND deleted_at IS NULL
    AND status = any(coalesce($2::text[], '{processing,completed,failed}'))
    AND coalesce(
        ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
        AND ($4::uuid IS NULL OR template_id = $4)
        AND ($6::timestamptz IS NULL OR created_at >= $6)
        AND ($7::timestamptz IS NULL OR created_at < $7),
        FALSE
    );

-- name: lock_rate
-- Put this organization's creates in a row, until the transaction ends.
SELECT organization_id
FROM bulk_send_rates
WHERE organization_id = $1
FOR NO KEY UPDATE;

-- name: find_by_idempotency_key
-- What an idempotency key was used for, deleted or not, and how long ago.
SELECT
    id,
    fingerprint,
    clock_timestamp() - created_at AS age
FROM bulk_sends
WHERE organization_id = $1 AND idempotency_key = $2;

-- name: next_allowed_at
-- When the organization may create its next bulk send, and how long that is from now.
SELECT
    last_accepted_at + $2::interval AS at,
    last_accepted_at + $2::interval - clock_timestamp() AS wait
FROM bulk_send_rates
WHERE organization_id = $1 AND last_accepted_at + $2::interval > clock_timestamp();

-- name: create
-- A new bulk send, a document for each of its signers in their order, and a turn to deliver them. Takes the
-- organization's one create per interval; gives and stores nothing when it is too early, or the idempotency key is
-- used. It is a transaction of its own, so that the rate row is locked for no longer than this takes, and for a row it
-- waits at most 2 s. Everything is made from that row, which is locked by then: ids grow as bulk sends are committed.
-- A create that waited does not see what the one before it stored; then the key's index refuses it.
WITH patience AS (
    SELECT set_config('lock_timeout', '2s', TRUE) AS lock_timeout
),

claimed AS (
    UPDATE bulk_send_rates SET last_accepted_at = clock_timestamp()
    FROM patience
    WHERE
        patience.lock_timeout = '2s'
        AND bulk_send_rates.organization_id = $1
        AND (
            bulk_send_rates.last_accepted_at IS NULL
            OR bulk_send_rates.last_accepted_at + $2::interval <= clock_timestamp()
        )
        AND NOT EXISTS (
            SELECT FROM bulk_sends
            WHERE bulk_sends.organization_id = $1 AND bulk_sends.idempotency_key = $7
        )
    RETURNING bulk_send_rates.organization_id
),

created AS (
    INSERT INTO bulk_sends (
        organization_id, template_id, name, email_message, external_id, idempotency_key, fingerprint, total_count
    )
    SELECT
        claimed.organization_id,
        $3,
        $4,
        $5,
        $6,
        $7,
        $8,
        jsonb_array_length($9::jsonb)
    FROM claimed
    RETURNING
        organization_id,
        id,
        template_id,
        name,
        email_message,
        external_id,
        status,
        total_count,
        sent_count,
        failed_count,
        pending_count,
        created_at,
        updated_at
),

turn AS (
    INSERT INTO delivery_turns AS turns (organization_id, due_at)
    SELECT
        created.organization_id,
        clock_timestamp()
    FROM created
    ON CONFLICT (organization_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < turns.due_at
),

created_documents AS (
    INSERT INTO documents (
        organization_id,
        bulk_send_id,
        signer_index,
        signer_name,
        signer_email,
        signer_phone,
        signer_message,
        external_id,
        signer_values
    )
    SELECT
        created.organization_id,
        created.id,
        signers.position - 1,
        signers.signer ->> 0,
        signers.signer ->> 1,
        signers.signer ->> 2,
        signers.signer ->> 3,
        signers.signer ->> 4,
        signers.signer -> 5
    FROM created
    CROSS JOIN jsonb_array_elements($9::jsonb) WITH ORDINALITY AS signers (signer, position)
    ORDER BY signers.position
)

SELECT
    created.id,
    created.template_id,
    created.name,
    created.email_message,
    created.external_id,
    created.status,
    created.total_count,
    created.sent_count,
    created.failed_count,
    created.pending_count,
    created.created_at,
    created.updated_at
FROM created;

-- name: lock
-- Lock one bulk send before its documents and counters change together.
SELECT id
FROM bulk_sends
WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
FOR NO KEY UPDATE;

-- name: delete
-- Soft-delete a bulk send and all its documents; gives nothing when there is none.
WITH bulk_send AS (
    UPDATE bulk_sends SET deleted_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
    RETURNING organization_id, id
),

deleted_documents AS (
    UPDATE documents SET deleted_at = clock_timestamp(), updated_at = clock_timestamp()
    FROM bulk_send
    WHERE documents.organization_id = bulk_send.organization_id AND documents.bulk_send_id = bulk_send.id
)

SELECT bulk_send.id FROM bulk_send;

-- name: cancel
-- Fail what is pending, leased or not, and give how many that were. Lock the bulk send first. A mail in flight may be
-- accepted until its lease has ended and the server's time to answer is over.
WITH cancelled AS (
    UPDATE documents SET
        status = CASE WHEN status = 'pending' THEN 'cancelled' ELSE status END,
        delivery_status = 'failed',
        next_attempt_at = NULL,
        in_flight_until = CASE WHEN lease_id IS NOT NULL THEN next_attempt_at + $3::interval ELSE in_flight_until END,
        lease_id = NULL,
        failed_at = clock_timestamp(),
        error_code = 'CANCELLED',
        error_message = 'The sender cancelled it.',
        smtp_code = NULL,
        updated_at = clock_timestamp()
    WHERE organization_id = $1 AND bulk_send_id = $2 AND delivery_status = 'pending' AND deleted_at IS NULL
    RETURNING id
),

counted AS (
    SELECT count(*) AS total FROM cancelled
),

changed AS (
    UPDATE bulk_sends SET
        failed_count = bulk_sends.failed_count + counted.total,
        updated_at = clock_timestamp()
    FROM counted
    WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND counted.total > 0
)

SELECT counted.total FROM counted;

-- name: retry
-- Queue failed documents anew, all or those named, and give how many that were. Lock the bulk send first.
WITH retried AS (
    UPDATE documents SET
        status = CASE WHEN status = 'cancelled' THEN 'pending' ELSE status END,
        delivery_status = 'pending',
        attempts = 0,
        queued_at = clock_timestamp(),
        next_attempt_at = greatest(clock_timestamp(), in_flight_until),
        failed_at = NULL,
        error_code = NULL,
        error_message = NULL,
        smtp_code = NULL,
        updated_at = clock_timestamp()
    WHERE
        organization_id = $1
        AND bulk_send_id = $2
        AND delivery_status = 'failed'
        AND deleted_at IS NULL
        AND ($3::uuid[] IS NULL OR id = any($3))
    RETURNING id
),

counted AS (
    SELECT count(*) AS total FROM retried
),

changed AS (
    UPDATE bulk_sends SET
        failed_count = bulk_sends.failed_count - counted.total,
        updated_at = clock_timestamp()
    FROM counted
    WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND counted.total > 0
)

SELECT counted.total FROM counted;
