-- name: take_turn
-- Lock the organization whose mail is longest due; nobody's is while the circuit is open. Has no organization yet.
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
-- Lease due documents of the organization longest due, and put its turn behind the others'. None while the circuit is
-- open. Claimed means in flight until the lease ends, and found again by the same index.
-- Due by statement_timestamp(), which an index can be searched for; clock_timestamp() would read all that waits.
-- The turn is not locked, for several may claim of one organization at once; if it is locked, another moves it.
-- It begins to read where the last one ended; when nothing is found there, settling the turn begins anew.
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
        AND delivery_status = 'pending'
        AND deleted_at IS NULL
        AND next_attempt_at >= (SELECT turn.read_from FROM turn)
        AND next_attempt_at <= statement_timestamp()
    ORDER BY next_attempt_at
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
),

claimed AS (
    UPDATE documents SET lease_id = $2, next_attempt_at = clock_timestamp() + $3::interval
    FROM due
    WHERE documents.organization_id = due.organization_id AND documents.id = due.id
    RETURNING
        documents.organization_id,
        documents.bulk_send_id,
        documents.id,
        documents.lease_id,
        documents.link_generation,
        documents.attempts,
        documents.queued_at,
        documents.signer_index,
        documents.signer_name,
        documents.signer_email,
        documents.signer_message,
        documents.error_code,
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
    organizations.name AS organization_name
FROM claimed
INNER JOIN bulk_sends
    ON claimed.organization_id = bulk_sends.organization_id AND claimed.bulk_send_id = bulk_sends.id
INNER JOIN templates
    ON bulk_sends.organization_id = templates.organization_id AND bulk_sends.template_id = templates.id
INNER JOIN organizations ON claimed.organization_id = organizations.id
ORDER BY claimed.bulk_send_id, claimed.signer_index;

-- name: renew
-- Let leases last this long from now, but for documents that are no longer pending or another's. What somebody has
-- locked is being recorded or cancelled; waiting for it could deadlock.
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
    WHERE documents.delivery_status = 'pending'
    FOR NO KEY UPDATE OF documents SKIP LOCKED
)

UPDATE documents SET next_attempt_at = clock_timestamp() + $4::interval
FROM held
WHERE documents.organization_id = held.organization_id AND documents.id = held.id;

-- name: claim_overdue
-- Lease documents that are due and were queued this long ago, anybody's, circuit or not. Reads all that is due.
WITH overdue AS (
    SELECT
        documents.organization_id,
        documents.id
    FROM delivery_turns
    INNER JOIN documents ON delivery_turns.organization_id = documents.organization_id
    WHERE
        documents.delivery_status = 'pending'
        AND documents.deleted_at IS NULL
        AND documents.next_attempt_at <= statement_timestamp()
        AND documents.queued_at <= statement_timestamp() - $4::interval
    ORDER BY documents.queued_at
    LIMIT $1
    FOR NO KEY UPDATE OF documents SKIP LOCKED
)

UPDATE documents SET lease_id = $2, next_attempt_at = clock_timestamp() + $3::interval
FROM overdue
WHERE documents.organization_id = overdue.organization_id AND documents.id = overdue.id
RETURNING
    documents.organization_id,
    documents.bulk_send_id,
    documents.id,
    documents.lease_id,
    documents.attempts,
    documents.error_code,
    documents.error_message,
    documents.smtp_code;

-- name: end_turn
-- An organization with nothing pending has no turn. (NOT EXISTS might read all its documents.)
DELETE FROM delivery_turns
WHERE
    delivery_turns.organization_id = $1
    AND (
        SELECT next_attempt_at
        FROM documents
        WHERE organization_id = $1 AND delivery_status = 'pending' AND deleted_at IS NULL
        ORDER BY next_attempt_at
        LIMIT 1
    ) IS NULL
RETURNING TRUE AS ended;

-- name: move_turn
-- Put an organization's turn at its next pending document, behind the others if that is due, and have it read from the
-- beginning; tells whether a claim may find something now that it did not find before.
UPDATE delivery_turns SET
    due_at = greatest(pending.next_attempt_at, clock_timestamp()),
    read_from = '-infinity'
FROM (
    SELECT next_attempt_at
    FROM documents
    WHERE organization_id = $1 AND delivery_status = 'pending' AND deleted_at IS NULL
    ORDER BY next_attempt_at
    LIMIT 1
) AS pending
WHERE delivery_turns.organization_id = $1
RETURNING pending.next_attempt_at > clock_timestamp() OR old.read_from > '-infinity' AS is_worth_a_claim;

-- name: ask_turn
-- Give an organization a turn no later than this long from now.
INSERT INTO delivery_turns AS turns (organization_id, due_at)
VALUES ($1, clock_timestamp() + $2::interval)
ON CONFLICT (organization_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < turns.due_at;

-- name: next_due
-- How long until somebody's mail is due; no row when nothing is pending.
SELECT greatest(due_at - clock_timestamp(), interval '0') AS wait
FROM delivery_turns
ORDER BY due_at
LIMIT 1;

-- name: lock_bulk_send
-- Lock the bulk send whose documents' results are recorded next, deleted or not.
SELECT id
FROM bulk_sends
WHERE organization_id = $1 AND id = $2
FOR NO KEY UPDATE;

-- name: record
-- Record results of one bulk send's documents and move its counters by what really changed.
-- 'sent' is absorbing and always wins; anything else needs the lease and a document still pending.
-- A document put back without an error of its own keeps the last one. Of two results for one document 'sent' counts.
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
        next_attempt_at = CASE WHEN results.outcome = 'pending' THEN clock_timestamp() + results.wait END,
        lease_id = NULL,
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
        new.delivery_status AS after
),

moved AS (
    SELECT
        count(*) FILTER (WHERE after = 'sent') AS sent,
        count(*) FILTER (WHERE after = 'failed') - count(*) FILTER (WHERE before = 'failed') AS failed
    FROM changed
)

UPDATE bulk_sends SET
    sent_count = bulk_sends.sent_count + moved.sent,
    failed_count = bulk_sends.failed_count + moved.failed,
    updated_at = clock_timestamp()
FROM moved
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.id = $2
    AND (moved.sent <> 0 OR moved.failed <> 0);
