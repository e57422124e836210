-- name: take_turn
-- Lock the turn of the organization whose mail has been due longest; no row while the circuit is open.
SELECT organization_id
FROM delivery_turns
WHERE
    due_at <= statement_timestamp()
    AND NOT EXISTS (
        SELECT FROM smtp_circuit
        WHERE smtp_circuit.opened_at IS NOT NULL
    )
ORDER BY due_at
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED;

-- name: claim
-- Lease due documents of the organization that has waited longest to a living worker, and put its turn behind the
-- others. Return none while the circuit is open. A claimed document is in flight until its lease ends, which is when
-- the same index finds it again.
-- statement_timestamp() can be searched for in an index; with clock_timestamp() every waiting document would be read.
-- The turn is not locked, so several workers may claim from one organization at once; whoever locked it moves it.
-- A claim begins to read where the last one ended; if nothing is found there, settle_turn lets the next begin anew.
WITH turn AS (
    SELECT
        organization_id,
        read_all_at <= statement_timestamp() AS reads_all,
        CASE WHEN read_all_at > statement_timestamp() THEN read_from ELSE '-infinity'::timestamptz END AS read_from
    FROM delivery_turns
    WHERE
        due_at <= statement_timestamp()
        AND NOT EXISTS (
            SELECT FROM smtp_circuit
            WHERE smtp_circuit.opened_at IS NOT NULL
        )
        AND EXISTS (
            SELECT FROM workers
            WHERE workers.id = $4 AND workers.dead_at IS NULL
        )
    ORDER BY due_at
    LIMIT 1
),

due AS (
    SELECT
        organization_id,
        id,
        next_attempt_at
    FROM documents
    WHERE
        organization_id = (SELECT turn.organization_id FROM turn)
        AND deleted_at IS NULL
        AND next_attempt_at >= (SELECT turn.read_from FROM turn)
        AND next_attempt_at <= statement_timestamp()
    ORDER BY next_attempt_at
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
),

claimed AS (
    UPDATE documents SET lease_id = $2, worker_id = $4, next_attempt_at = clock_timestamp() + $3::interval
    FROM due
    WHERE documents.organization_id = due.organization_id AND documents.id = due.id
    RETURNING
        documents.organization_id,
        documents.bulk_send_id,
        documents.id,
        documents.lease_id,
        documents.worker_id,
        documents.mail_kind,
        documents.mail_number,
        documents.is_delivery,
        documents.status,
        documents.link_generation,
        CASE WHEN documents.is_delivery THEN documents.attempts ELSE documents.mail_attempts END AS attempts,
        documents.queued_at,
        documents.signer_index,
        documents.signer_name,
        documents.signer_email,
        documents.signer_message,
        documents.locale,
        documents.expires_at,
        CASE WHEN documents.is_delivery THEN documents.error_code ELSE documents.mail_error_code END AS error_code,
        documents.error_message,
        documents.smtp_code
),

movable AS (
    SELECT organization_id
    FROM delivery_turns
    WHERE organization_id = (SELECT turn.organization_id FROM turn) AND EXISTS (SELECT FROM claimed)
    FOR NO KEY UPDATE SKIP LOCKED
),

moved AS (
    UPDATE delivery_turns SET
        due_at = clock_timestamp(),
        read_from = (SELECT max(due.next_attempt_at) FROM due),
        read_all_at = CASE
            WHEN turn.reads_all THEN clock_timestamp() + interval '10 s'
            ELSE delivery_turns.read_all_at
        END
    FROM movable, turn
    WHERE delivery_turns.organization_id = movable.organization_id
)

SELECT
    claimed.organization_id,
    claimed.bulk_send_id,
    claimed.id,
    claimed.lease_id,
    claimed.worker_id,
    claimed.mail_kind,
    claimed.mail_number,
    claimed.is_delivery,
    claimed.status,
    claimed.link_generation,
    claimed.attempts,
    clock_timestamp() - claimed.queued_at AS age,
    claimed.error_code,
    claimed.error_message,
    claimed.smtp_code,
    claimed.signer_name,
    claimed.signer_email,
    claimed.signer_message,
    bulk_sends.name AS bulk_send_name,
    bulk_sends.email_message,
    templates.name AS template_name,
    organizations.name AS organization_name,
    coalesce(claimed.locale, bulk_sends.locale) AS locale,
    claimed.expires_at
FROM claimed
INNER JOIN bulk_sends
    ON claimed.organization_id = bulk_sends.organization_id AND claimed.bulk_send_id = bulk_sends.id
INNER JOIN templates
    ON bulk_sends.organization_id = templates.organization_id AND bulk_sends.template_id = templates.id
INNER JOIN organizations ON claimed.organization_id = organizations.id
ORDER BY claimed.bulk_send_id, claimed.signer_index;

-- name: renew
-- Extend leases to this long from now, except for documents that are no longer leased by these ids, and return which
-- were extended. Whoever has locked a document records or cancels it; waiting for it could deadlock.
WITH held AS (
    SELECT
        documents.organization_id,
        documents.id
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS given (organization_id, id, lease_id)
    INNER JOIN documents
        ON
            given.organization_id = documents.organization_id
            AND given.id = documents.id
            AND given.lease_id = documents.lease_id
    FOR NO KEY UPDATE OF documents SKIP LOCKED
),

renewed AS (
    UPDATE documents SET next_attempt_at = clock_timestamp() + $4::interval
    FROM held
    WHERE documents.organization_id = held.organization_id AND documents.id = held.id
    RETURNING documents.id
)

SELECT coalesce(array_agg(renewed.id), '{}') FROM renewed;

-- name: claim_overdue
-- Lease due documents of any organization whose mail was queued this long ago, whether the circuit is open or not.
-- Reads every due document.
WITH overdue AS (
    SELECT
        documents.organization_id,
        documents.id
    FROM delivery_turns
    INNER JOIN documents ON delivery_turns.organization_id = documents.organization_id
    WHERE
        documents.deleted_at IS NULL
        AND documents.next_attempt_at <= statement_timestamp()
        AND documents.queued_at <= statement_timestamp() - $4::interval
    ORDER BY documents.queued_at
    LIMIT $1
    FOR NO KEY UPDATE OF documents SKIP LOCKED
)

UPDATE documents SET lease_id = $2, worker_id = $5, next_attempt_at = clock_timestamp() + $3::interval
FROM overdue
WHERE documents.organization_id = overdue.organization_id AND documents.id = overdue.id
RETURNING
    documents.organization_id,
    documents.bulk_send_id,
    documents.id,
    documents.lease_id,
    documents.mail_number,
    documents.is_delivery,
    CASE WHEN documents.is_delivery THEN documents.attempts ELSE documents.mail_attempts END AS attempts,
    CASE WHEN documents.is_delivery THEN documents.error_code ELSE documents.mail_error_code END AS error_code,
    documents.error_message,
    documents.smtp_code;

-- name: end_turn
-- Delete the turn of an organization for which no mail is due or waits. (NOT EXISTS might read all its documents.)
DELETE FROM delivery_turns
WHERE
    delivery_turns.organization_id = $1
    AND (
        SELECT next_attempt_at
        FROM documents
        WHERE organization_id = $1 AND next_attempt_at IS NOT NULL AND deleted_at IS NULL
        ORDER BY next_attempt_at
        LIMIT 1
    ) IS NULL
RETURNING TRUE AS ended;

-- name: move_turn
-- Move an organization's turn to its next waiting document, behind the others if that is due, and have it read from the
-- beginning; return whether a claim may now find something that it did not find before.
UPDATE delivery_turns SET
    due_at = greatest(pending.next_attempt_at, clock_timestamp()),
    read_from = '-infinity'
FROM (
    SELECT next_attempt_at
    FROM documents
    WHERE organization_id = $1 AND next_attempt_at IS NOT NULL AND deleted_at IS NULL
    ORDER BY next_attempt_at
    LIMIT 1
) AS pending
WHERE delivery_turns.organization_id = $1
RETURNING pending.next_attempt_at > clock_timestamp() OR old.read_from > '-infinity' AS is_worth_a_claim;

-- name: ask_turn
-- Make sure that an organization has a turn no later than this long from now.
INSERT INTO delivery_turns AS turns (organization_id, due_at)
VALUES ($1, clock_timestamp() + $2::interval)
ON CONFLICT (organization_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < turns.due_at;

-- name: outlook
-- Return whether the circuit is open, and how long it is until the first mail of any organization is due, NULL when
-- none waits.
SELECT
    (SELECT count(*) > 0 FROM open_circuit) AS circuit_is_open,
    (
        SELECT greatest(due_at - clock_timestamp(), interval '0')
        FROM delivery_turns
        ORDER BY due_at
        LIMIT 1
    ) AS wait;

-- name: sample_recipient
-- Return the address of one of those who have waited longest for a mail, to probe the mail server with.
SELECT waiting.signer_email
FROM (
    SELECT documents.signer_email
    FROM documents
    WHERE
        documents.organization_id = (
            SELECT delivery_turns.organization_id
            FROM delivery_turns
            ORDER BY delivery_turns.due_at
            LIMIT 1
        )
        AND documents.next_attempt_at IS NOT NULL
        AND documents.deleted_at IS NULL
    ORDER BY documents.next_attempt_at
    LIMIT 20
) AS waiting
ORDER BY random()
LIMIT 1;

-- name: lock_bulk_send
-- Lock the bulk send whose documents' results are recorded next, deleted or not.
SELECT id
FROM bulk_sends
WHERE organization_id = $1 AND id = $2
FOR NO KEY UPDATE;

-- name: record
-- Record results of the deliveries of one bulk send's documents, move its counters by what really changed, and return
-- whether any of these documents has another mail to send.
-- 'sent' is absorbing and always wins; anything else needs the lease and a delivery still pending.
-- A document put back without an error of its own keeps the last one. Of two results for one document 'sent' counts.
-- A late 'sent' finds another mail of the document in flight at times, and leaves that one alone.
WITH results AS (
    SELECT DISTINCT ON (given.id)
        given.id,
        given.lease_id,
        given.outcome,
        given.attempts,
        given.wait,
        given.outcome = 'pending' AND given.error_code IS NULL AS keeps_error,
        given.error_code,
        given.error_message,
        given.smtp_code
    FROM
        unnest(
            $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::interval[], $8::text[], $9::text[], $10::integer[]
        ) AS given (id, lease_id, outcome, attempts, wait, error_code, error_message, smtp_code)
    ORDER BY given.id ASC, given.outcome = 'sent' DESC
),

changed AS (
    UPDATE documents SET
        delivery_status = results.outcome,
        attempts = documents.attempts + results.attempts,
        next_attempt_at = CASE
            WHEN results.outcome = 'pending' THEN clock_timestamp() + results.wait
            WHEN NOT documents.is_delivery THEN documents.next_attempt_at
        END,
        lease_id = CASE WHEN NOT documents.is_delivery THEN documents.lease_id END,
        worker_id = CASE WHEN NOT documents.is_delivery THEN documents.worker_id END,
        later_mails = CASE
            WHEN results.outcome = 'sent' THEN array_remove(documents.later_mails, 'invitation')
            ELSE documents.later_mails
        END,
        sent_at = CASE WHEN results.outcome = 'sent' THEN clock_timestamp() END,
        failed_at = CASE WHEN results.outcome = 'failed' THEN clock_timestamp() END,
        error_code = CASE WHEN results.keeps_error THEN documents.error_code ELSE results.error_code END,
        error_message = CASE WHEN results.keeps_error THEN documents.error_message ELSE results.error_message END,
        smtp_code = CASE WHEN results.keeps_error THEN documents.smtp_code ELSE results.smtp_code END,
        updated_at = clock_timestamp()
    FROM results
    WHERE
        documents.organization_id = $1
        AND documents.bulk_send_id = $2
        AND documents.id = results.id
        AND documents.delivery_status <> 'sent'
        AND (
            results.outcome = 'sent'
            OR (documents.lease_id = results.lease_id AND documents.delivery_status = 'pending')
        )
    RETURNING
        old.delivery_status AS before,
        old.delivery_status = 'failed' AND old.error_code = 'CANCELLED' AS was_cancelled,
        new.delivery_status AS after,
        new.next_attempt_at IS NULL AND cardinality(new.later_mails) > 0 AS has_next_mail
),

moved AS (
    SELECT
        count(*) FILTER (WHERE after = 'sent') AS sent,
        count(*) FILTER (WHERE after = 'failed') - count(*) FILTER (WHERE before = 'failed') AS failed,
        count(*) FILTER (WHERE was_cancelled) AS cancelled,
        coalesce(bool_or(has_next_mail), FALSE) AS have_next_mail
    FROM changed
),

counted AS (
    UPDATE bulk_sends SET
        sent_count = bulk_sends.sent_count + moved.sent,
        failed_count = bulk_sends.failed_count + moved.failed,
        cancelled_count = bulk_sends.cancelled_count - moved.cancelled,
        updated_at = clock_timestamp()
    FROM moved
    WHERE
        bulk_sends.organization_id = $1
        AND bulk_sends.id = $2
        AND (moved.sent <> 0 OR moved.failed <> 0)
)

SELECT moved.have_next_mail FROM moved;

-- name: record_later_mails
-- Record results of mails that are not the delivery of their document, which change nothing that callers count, and
-- return whether any of these documents has another mail to send. A result counts with the lease; 'sent' also while the
-- mail with its number is still due.
WITH results AS (
    SELECT DISTINCT ON (given.id)
        given.id,
        given.lease_id,
        given.mail_number,
        given.outcome,
        given.attempts,
        given.wait,
        given.error_code
    FROM
        unnest($3::uuid[], $4::uuid[], $5::integer[], $6::text[], $7::integer[], $8::interval[], $9::text[])
            AS given (id, lease_id, mail_number, outcome, attempts, wait, error_code)
    ORDER BY given.id ASC, given.outcome = 'sent' DESC
),

changed AS (
    UPDATE documents SET
        mail_attempts = documents.mail_attempts + results.attempts,
        mail_error_code = CASE
            WHEN results.outcome = 'pending' THEN coalesce(results.error_code, documents.mail_error_code)
            ELSE results.error_code
        END,
        next_attempt_at = CASE WHEN results.outcome = 'pending' THEN clock_timestamp() + results.wait END,
        lease_id = NULL,
        worker_id = NULL
    FROM results
    WHERE
        documents.organization_id = $1
        AND documents.bulk_send_id = $2
        AND documents.id = results.id
        AND documents.next_attempt_at IS NOT NULL
        AND (
            documents.lease_id = results.lease_id
            OR (results.outcome = 'sent' AND documents.mail_number = results.mail_number)
        )
    RETURNING new.next_attempt_at IS NULL AND cardinality(new.later_mails) > 0 AS has_next_mail
)

SELECT coalesce(bool_or(changed.has_next_mail), FALSE) FROM changed;

-- name: queue_mail
-- Append one more mail of this kind to the mails of documents, and return how many documents that were. Lock the bulk
-- send first.
WITH queued AS (
    UPDATE documents SET later_mails = later_mails || $4::text
    WHERE organization_id = $1 AND bulk_send_id = $2 AND id = any($3::uuid[]) AND deleted_at IS NULL
    RETURNING id
)

SELECT count(*) FROM queued;

-- name: begin_next_mails
-- Make the next mail due of every document of a bulk send that has one and no other mail due; but not while a cancelled
-- mail may still be in flight.
UPDATE documents SET
    mail_kind = later_mails[1],
    later_mails = later_mails[2:],
    mail_number = mail_number + 1,
    mail_attempts = 0,
    mail_error_code = NULL,
    queued_at = clock_timestamp(),
    next_attempt_at = greatest(clock_timestamp(), in_flight_until)
WHERE
    organization_id = $1
    AND bulk_send_id = $2
    AND deleted_at IS NULL
    AND next_attempt_at IS NULL
    AND cardinality(later_mails) > 0;
