-- name: get_states
-- How far documents of one bulk send are, all of them or those named, in the order of its signers. Lock the bulk send
-- first.
SELECT
    document_rows.id,
    document_rows.signer_index,
    document_rows.signer_name,
    document_rows.signer_email,
    document_rows.signer_phone,
    documents.signer_message,
    documents.signer_values,
    document_rows.status,
    document_rows.delivery_status,
    document_rows.delivery_status = 'pending' AND documents.lease_id IS NOT NULL AS in_flight,
    documents.voided_at IS NOT NULL AS voided,
    (
        SELECT count(*) > 0
        FROM events
        WHERE
            events.organization_id = $1
            AND events.document_id = document_rows.id
            AND events.type = 'reminded'
            AND events.occurred_at > clock_timestamp() - interval '1 day'
    ) AS reminded_today
FROM document_rows
INNER JOIN documents
    ON document_rows.organization_id = documents.organization_id AND document_rows.id = documents.id
WHERE
    document_rows.organization_id = $1
    AND document_rows.bulk_send_id = $2
    AND ($3::uuid[] IS NULL OR document_rows.id = any($3))
ORDER BY document_rows.signer_index;

-- name: get_contents
-- What each of these documents was filled with, and its signer's language.
SELECT
    documents.id,
    documents.signer_message,
    documents.signer_values,
    coalesce(documents.locale, bulk_sends.locale) AS locale
FROM documents
INNER JOIN bulk_sends
    ON documents.organization_id = bulk_sends.organization_id AND documents.bulk_send_id = bulk_sends.id
WHERE documents.organization_id = $1 AND documents.id = any($2::uuid[]) AND documents.deleted_at IS NULL;

-- name: void
-- Take documents back: those whose mail waits are not sent, and no other mail of theirs is. Lock the bulk send first. A
-- mail in flight may be accepted until its lease has ended and the server's time to answer is over.
WITH voided AS (
    UPDATE documents SET
        status = 'cancelled',
        voided_at = date_trunc('milliseconds', clock_timestamp()),
        next_reminder_at = NULL,
        delivery_status = CASE WHEN delivery_status = 'pending' THEN 'failed' ELSE delivery_status END,
        in_flight_until = CASE
            WHEN is_delivery AND lease_id IS NOT NULL THEN next_attempt_at + $4::interval
            ELSE in_flight_until
        END,
        next_attempt_at = NULL,
        lease_id = NULL,
        worker_id = NULL,
        later_mails = '{}',
        failed_at = CASE WHEN delivery_status = 'pending' THEN clock_timestamp() ELSE failed_at END,
        error_code = CASE WHEN delivery_status = 'pending' THEN 'CANCELLED' ELSE error_code END,
        error_message = CASE WHEN delivery_status = 'pending' THEN 'The sender took it back.' ELSE error_message END,
        smtp_code = CASE WHEN delivery_status = 'pending' THEN NULL ELSE smtp_code END,
        updated_at = clock_timestamp()
    WHERE
        organization_id = $1
        AND bulk_send_id = $2
        AND id = any($3::uuid[])
        AND status = 'pending'
        AND deleted_at IS NULL
    RETURNING old.delivery_status AS before
),

counted AS (
    SELECT
        count(*) AS closed,
        count(*) FILTER (WHERE before = 'pending') AS failed
    FROM voided
)

UPDATE bulk_sends SET
    closed_count = bulk_sends.closed_count + counted.closed,
    failed_count = bulk_sends.failed_count + counted.failed,
    cancelled_count = bulk_sends.cancelled_count + counted.failed,
    updated_at = clock_timestamp()
FROM counted
WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND counted.closed > 0;

-- name: amend
-- Correct documents, given as arrays: each gets a new link, and one whose mail failed is queued again. Lock the bulk
-- send first; none of the documents' deliveries may be in flight.
WITH amended AS (
    UPDATE documents SET
        signer_name = given.name,
        signer_email = given.email,
        signer_phone = given.phone,
        signer_message = given.message,
        signer_values = given.signer_values,
        link_generation = documents.link_generation + 1,
        viewed_at = NULL,
        later_mails = array_remove(array_remove(documents.later_mails, 'reminder'), 'amended_invitation'),
        delivery_status = CASE documents.delivery_status WHEN 'sent' THEN 'sent' ELSE 'pending' END,
        mail_kind = CASE documents.delivery_status WHEN 'failed' THEN 'amended_invitation' ELSE documents.mail_kind END,
        mail_number = documents.mail_number + CASE documents.delivery_status WHEN 'failed' THEN 1 ELSE 0 END,
        attempts = CASE documents.delivery_status WHEN 'failed' THEN 0 ELSE documents.attempts END,
        queued_at = CASE documents.delivery_status WHEN 'failed' THEN clock_timestamp() ELSE documents.queued_at END,
        next_attempt_at = CASE documents.delivery_status
            WHEN 'failed' THEN greatest(clock_timestamp(), documents.in_flight_until)
            ELSE documents.next_attempt_at
        END,
        lease_id = CASE documents.delivery_status WHEN 'failed' THEN NULL ELSE documents.lease_id END,
        worker_id = CASE documents.delivery_status WHEN 'failed' THEN NULL ELSE documents.worker_id END,
        failed_at = NULL,
        error_code = NULL,
        error_message = NULL,
        smtp_code = NULL,
        updated_at = clock_timestamp()
    FROM
        unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
            AS given (id, name, email, phone, message, signer_values)
    WHERE
        documents.organization_id = $1
        AND documents.bulk_send_id = $2
        AND documents.id = given.id
        AND documents.status = 'pending'
        AND documents.deleted_at IS NULL
    RETURNING
        old.delivery_status AS before,
        old.viewed_at AS viewed_before
),

counted AS (
    SELECT
        count(*) AS total,
        count(*) FILTER (WHERE before = 'failed') AS failed,
        count(viewed_before) AS viewed
    FROM amended
)

UPDATE bulk_sends SET
    failed_count = bulk_sends.failed_count - counted.failed,
    viewed_count = bulk_sends.viewed_count - counted.viewed,
    updated_at = clock_timestamp()
FROM counted
WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND counted.total > 0;

-- name: get_due_reminders
-- Bulk sends of any organization with documents whose next automatic reminder is due, longest due first.
SELECT DISTINCT
    documents.organization_id,
    documents.bulk_send_id
FROM (
    SELECT
        organization_id,
        bulk_send_id
    FROM documents
    WHERE next_reminder_at <= statement_timestamp() AND deleted_at IS NULL
    ORDER BY next_reminder_at
    LIMIT $1
) AS documents;

-- name: take_due_reminders
-- Set when the next automatic reminder of a bulk send's due documents comes after this one, if one does, and return the
-- documents that are to be reminded now: sent, not closed, and not reminded within a day. Lock the bulk send first.
WITH due AS (
    SELECT
        document_rows.id,
        document_rows.status = 'pending' AND document_rows.delivery_status = 'sent' AS may_be_reminded,
        document_rows.status = 'pending' AND document_rows.delivery_status <> 'sent' AS waits,
        (
            SELECT count(*)
            FROM events
            WHERE
                events.organization_id = $1
                AND events.document_id = document_rows.id
                AND events.type = 'reminded'
                AND events.actor = 'system'
        ) AS reminders,
        (
            SELECT count(*) > 0
            FROM events
            WHERE
                events.organization_id = $1
                AND events.document_id = document_rows.id
                AND events.type = 'reminded'
                AND events.occurred_at > clock_timestamp() - interval '1 day'
        ) AS reminded_today
    FROM document_rows
    INNER JOIN documents
        ON document_rows.organization_id = documents.organization_id AND document_rows.id = documents.id
    WHERE
        document_rows.organization_id = $1
        AND document_rows.bulk_send_id = $2
        AND documents.next_reminder_at <= statement_timestamp()
),

moved AS (
    UPDATE documents SET
        next_reminder_at = CASE
            WHEN due.waits OR (due.may_be_reminded AND due.reminded_today) THEN clock_timestamp() + interval '1 day'
            WHEN due.may_be_reminded AND due.reminders + 1 < coalesce(bulk_sends.remind_at_most, 1)
                THEN clock_timestamp() + coalesce(bulk_sends.remind_every_days, 1) * interval '1 day'
        END
    FROM due
    CROSS JOIN bulk_sends
    WHERE
        bulk_sends.organization_id = $1
        AND bulk_sends.id = $2
        AND documents.organization_id = $1
        AND documents.bulk_send_id = $2
        AND documents.next_reminder_at IS NOT NULL
        AND documents.id = due.id
)

SELECT due.id FROM due
WHERE due.may_be_reminded AND NOT due.reminded_today;
