-- The planner may plan a list once for all values. It must not expect next to no rows then, or it reads all of them to
-- sort them: one end of a page is a row comparison (two plain ones count as a narrow range), and a filter with an index
-- of its own has statements of its own.

-- name: get_many
-- Fetch bulk sends by their ids; deleted, unknown and foreign ids yield no row.
SELECT *
FROM bulk_send_rows
WHERE organization_id = $1 AND id = any($2::uuid[]);

-- name: newest
-- Fetch the newest bulk send of an organization.
SELECT *
FROM bulk_send_rows
WHERE organization_id = $1
ORDER BY id DESC
LIMIT 1;

-- name: first_page
-- Fetch bulk sends newest first, between two cursors: the first ones.
SELECT
    found.*,
    template.*
FROM matching_bulk_sends($1, $5, $6, $7, $8, $9, $10) AS found
LEFT JOIN LATERAL listed_template($11, $1, found.template_id) AS template ON TRUE
WHERE found.id < $2 AND (found.organization_id, found.id) > ($1, $3)
ORDER BY found.id DESC
LIMIT $4;

-- name: first_page_by_template
-- Fetch bulk sends newest first, between two cursors: the first ones, of one template.
SELECT
    found.*,
    template.*
FROM matching_bulk_sends($1, $5, $6, $7, $8, $9, $10) AS found
LEFT JOIN LATERAL listed_template($11, $1, found.template_id) AS template ON TRUE
WHERE
    found.template_id = $7
    AND found.id < $2
    AND (found.template_id, found.id) > ($7, $3)
ORDER BY found.id DESC
LIMIT $4;

-- name: first_page_by_external_id
-- Fetch bulk sends newest first, between two cursors: the first ones, by external id.
SELECT
    found.*,
    template.*
FROM matching_bulk_sends($1, $5, $6, $7, $8, $9, $10) AS found
LEFT JOIN LATERAL listed_template($11, $1, found.template_id) AS template ON TRUE
WHERE
    found.external_id = $8
    AND found.id < $2
    AND (found.external_id, found.id) > ($8, $3)
ORDER BY found.id DESC
LIMIT $4;

-- name: last_page
-- Fetch bulk sends between two cursors: the last ones, oldest first.
SELECT
    found.*,
    template.*
FROM matching_bulk_sends($1, $5, $6, $7, $8, $9, $10) AS found
LEFT JOIN LATERAL listed_template($11, $1, found.template_id) AS template ON TRUE
WHERE (found.organization_id, found.id) < ($1, $2) AND found.id > $3
ORDER BY found.id ASC
LIMIT $4;

-- name: last_page_by_template
-- Fetch bulk sends between two cursors: the last ones, oldest first, of one template.
SELECT
    found.*,
    template.*
FROM matching_bulk_sends($1, $5, $6, $7, $8, $9, $10) AS found
LEFT JOIN LATERAL listed_template($11, $1, found.template_id) AS template ON TRUE
WHERE
    found.template_id = $7
    AND (found.template_id, found.id) < ($7, $2)
    AND found.id > $3
ORDER BY found.id ASC
LIMIT $4;

-- name: last_page_by_external_id
-- Fetch bulk sends between two cursors: the last ones, oldest first, by external id.
SELECT
    found.*,
    template.*
FROM matching_bulk_sends($1, $5, $6, $7, $8, $9, $10) AS found
LEFT JOIN LATERAL listed_template($11, $1, found.template_id) AS template ON TRUE
WHERE
    found.external_id = $8
    AND (found.external_id, found.id) < ($8, $2)
    AND found.id > $3
ORDER BY found.id ASC
LIMIT $4;

-- name: count
-- Count the bulk sends that match the filters.
SELECT count(*)
FROM matching_bulk_sends($1, $2, $3, $4, $5, $6, $7)
WHERE (organization_id, id) >= ($1, $8) AND id <= $9;

-- name: count_by_template
-- Count the bulk sends of one template that match the filters.
SELECT count(*)
FROM matching_bulk_sends($1, $2, $3, $4, $5, $6, $7)
WHERE
    template_id = $4
    AND (template_id, id) >= ($4, $8)
    AND id <= $9;

-- name: count_by_external_id
-- Count the bulk sends with one external id that match the filters.
SELECT count(*)
FROM matching_bulk_sends($1, $2, $3, $4, $5, $6, $7)
WHERE
    external_id = $5
    AND (external_id, id) >= ($5, $8)
    AND id <= $9;

-- name: find_by_idempotency_key
-- Fetch the bulk send that used an idempotency key, deleted or not, and its age.
SELECT
    id,
    fingerprint,
    clock_timestamp() - created_at AS age
FROM bulk_sends
WHERE organization_id = $1 AND idempotency_key = $2;

-- name: next_allowed_at
-- Fetch when the organization may create its next bulk send, and how long that is from now; no row if it may now.
SELECT
    last_accepted_at + $2::interval AS at,
    last_accepted_at + $2::interval - clock_timestamp() AS wait
FROM bulk_send_rates
WHERE organization_id = $1 AND last_accepted_at + $2::interval > clock_timestamp();

-- name: create
-- Insert a bulk send, a document for each signer in their order, and a turn to deliver them. Claims the organization's
-- one create per interval; stores nothing and yields no row if it is too early, or the idempotency key is used. Runs as
-- a transaction of its own: the rate row stays locked no longer than this takes, and is waited for at most 2 s.
-- Everything is inserted from that locked row, so ids grow in the order of the commits. The time of creation is the
-- one in the bulk send's id, so that lists can be read by time through the id. A create that waited for the lock does
-- not see what the one before it stored; the key's unique index refuses it then.
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
    RETURNING
        bulk_send_rates.organization_id,
        uuidv7() AS id
),

created AS (
    INSERT INTO bulk_sends (
        organization_id,
        id,
        created_at,
        template_id,
        name,
        email_message,
        external_id,
        idempotency_key,
        fingerprint,
        total_count,
        locale,
        expires_at,
        remind_after_days,
        remind_every_days,
        remind_at_most,
        created_by
    )
    SELECT
        claimed.organization_id,
        claimed.id,
        uuid_extract_timestamp(claimed.id),
        $3,
        $4,
        $5,
        $6,
        $7,
        $8,
        jsonb_array_length($9::jsonb),
        $10,
        statement_timestamp() + make_interval(days => $11::integer),
        $12,
        $13,
        $14,
        $15
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
        cancelled_count,
        0::double precision AS progress,
        viewed_count,
        signed_count,
        declined_count,
        0 AS expired_count,
        closed_count,
        created_by,
        completed_at,
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
        created_at,
        signer_index,
        signer_name,
        signer_email,
        signer_phone,
        signer_message,
        external_id,
        signer_values,
        locale,
        expires_at,
        next_reminder_at
    )
    SELECT
        created.organization_id,
        created.id,
        created.created_at,
        signers.position - 1,
        signers.signer ->> 0,
        signers.signer ->> 1,
        signers.signer ->> 2,
        signers.signer ->> 3,
        signers.signer ->> 4,
        signers.signer -> 5,
        signers.signer ->> 6,
        statement_timestamp() + make_interval(days => $11::integer),
        statement_timestamp() + make_interval(days => $12::integer)
    FROM created
    CROSS JOIN jsonb_array_elements($9::jsonb) WITH ORDINALITY AS signers (signer, position)
    ORDER BY signers.position
)

SELECT *
FROM created;

-- name: lock
-- Lock a bulk send before its documents and counters change together.
SELECT id
FROM bulk_sends
WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
FOR NO KEY UPDATE;

-- name: delete
-- Soft-delete a bulk send and all its documents; no row if there is none.
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
-- Fail the pending documents, leased or not, and return their number. Lock the bulk send first. A mail in flight may be
-- accepted until its lease has ended and the server's time to answer is over.
WITH cancelled AS (
    UPDATE documents SET
        status = CASE WHEN status = 'pending' THEN 'cancelled' ELSE status END,
        delivery_status = 'failed',
        next_attempt_at = CASE WHEN NOT is_delivery THEN next_attempt_at END,
        in_flight_until = CASE
            WHEN is_delivery AND lease_id IS NOT NULL THEN next_attempt_at + $3::interval
            ELSE in_flight_until
        END,
        lease_id = CASE WHEN NOT is_delivery THEN lease_id END,
        worker_id = CASE WHEN NOT is_delivery THEN worker_id END,
        later_mails = array_remove(later_mails, 'invitation'),
        failed_at = clock_timestamp(),
        error_code = 'CANCELLED',
        error_message = 'The sender cancelled it.',
        smtp_code = NULL,
        updated_at = clock_timestamp()
    WHERE organization_id = $1 AND bulk_send_id = $2 AND delivery_status = 'pending' AND deleted_at IS NULL
    RETURNING old.status AS before
),

counted AS (
    SELECT
        count(*) AS total,
        count(*) FILTER (WHERE before = 'pending') AS closed
    FROM cancelled
),

changed AS (
    UPDATE bulk_sends SET
        failed_count = bulk_sends.failed_count + counted.total,
        cancelled_count = bulk_sends.cancelled_count + counted.total,
        closed_count = bulk_sends.closed_count + counted.closed,
        updated_at = clock_timestamp()
    FROM counted
    WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND counted.total > 0
)

SELECT counted.total FROM counted;

-- name: retry
-- Queue failed documents again, all or those named, and return their number. Lock the bulk send first.
WITH retried AS (
    UPDATE documents SET
        status = CASE WHEN status = 'cancelled' THEN 'pending' ELSE status END,
        delivery_status = 'pending',
        attempts = 0,
        queued_at = CASE WHEN next_attempt_at IS NULL THEN clock_timestamp() ELSE queued_at END,
        mail_kind = CASE WHEN next_attempt_at IS NULL THEN 'invitation' ELSE mail_kind END,
        later_mails = CASE WHEN next_attempt_at IS NULL THEN later_mails ELSE later_mails || 'invitation'::text END,
        next_attempt_at = coalesce(next_attempt_at, greatest(clock_timestamp(), in_flight_until)),
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
        AND voided_at IS NULL
        AND ($3::uuid[] IS NULL OR id = any($3))
    RETURNING
        old.status AS before,
        old.error_code AS error_before
),

counted AS (
    SELECT
        count(*) AS total,
        count(*) FILTER (WHERE before = 'cancelled') AS opened,
        count(*) FILTER (WHERE error_before = 'CANCELLED') AS cancelled
    FROM retried
),

changed AS (
    UPDATE bulk_sends SET
        failed_count = bulk_sends.failed_count - counted.total,
        cancelled_count = bulk_sends.cancelled_count - counted.cancelled,
        closed_count = bulk_sends.closed_count - counted.opened,
        updated_at = clock_timestamp()
    FROM counted
    WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND counted.total > 0
)

SELECT counted.total FROM counted;
