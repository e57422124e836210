-- name: register
-- Add a worker that is alive, and return its id.
INSERT INTO workers DEFAULT VALUES
RETURNING id;

-- name: beat
-- Count one more beat of a living worker, and return all workers as they were before it. A worker without a living row
-- of its own among them was declared dead.
WITH beaten AS (
    UPDATE workers SET beats = beats + 1
    WHERE id = $1 AND dead_at IS NULL
)

SELECT
    id,
    beats,
    dead_at IS NOT NULL AS is_dead
FROM workers;

-- name: declare_dead
-- Declare a worker dead, unless it has beaten since it was last seen.
UPDATE workers SET dead_at = clock_timestamp()
WHERE id = $1 AND beats = $2 AND dead_at IS NULL;

-- name: release
-- Make due at once what dead workers had claimed, give its organizations a turn, and return how many documents that
-- were. Whoever has locked a document records or cancels it: it is released by a later call if that fails, and so is
-- what a dead worker's last claim was about to commit. Another worker that releases at the same time is not waited for.
WITH dead AS (
    SELECT id
    FROM workers
    WHERE dead_at IS NOT NULL
    FOR UPDATE SKIP LOCKED
),

held AS (
    SELECT
        documents.organization_id,
        documents.id
    FROM delivery_turns
    INNER JOIN documents ON delivery_turns.organization_id = documents.organization_id
    WHERE
        documents.deleted_at IS NULL
        AND documents.next_attempt_at > statement_timestamp()
        AND documents.worker_id = any(array(SELECT dead.id FROM dead))
    FOR NO KEY UPDATE OF documents SKIP LOCKED
),

released AS (
    UPDATE documents SET lease_id = NULL, worker_id = NULL, next_attempt_at = clock_timestamp()
    FROM held
    WHERE documents.organization_id = held.organization_id AND documents.id = held.id
    RETURNING documents.organization_id
),

turns AS (
    INSERT INTO delivery_turns AS turns (organization_id, due_at)
    SELECT
        released.organization_id,
        clock_timestamp()
    FROM released
    GROUP BY released.organization_id
    ORDER BY released.organization_id
    ON CONFLICT (organization_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at < turns.due_at
)

SELECT count(*) FROM released;

-- name: remove_dead
-- Remove the workers that have been dead for so long that nothing they began is still about to commit.
DELETE FROM workers
WHERE dead_at < clock_timestamp() - $1::interval;

-- name: remove
-- Remove a worker that has ended and holds nothing.
DELETE FROM workers
WHERE id = $1;
