-- name: find
-- Fetch a document by its hash, and record its use at most once an hour.
WITH used AS (
    UPDATE persisted_queries SET last_used_at = clock_timestamp()
    WHERE organization_id = $1 AND sha256 = $2 AND last_used_at < clock_timestamp() - interval '1 hour'
)

SELECT query
FROM persisted_queries
WHERE organization_id = $1 AND sha256 = $2;

-- name: store
-- Store a document, or record its use.
INSERT INTO persisted_queries (organization_id, sha256, query)
VALUES ($1, $2, $3)
ON CONFLICT (organization_id, sha256) DO UPDATE SET last_used_at = excluded.last_used_at;

-- name: evict
-- Delete the documents that an organization used longest ago, beyond the number it may keep.
DELETE FROM persisted_queries
WHERE organization_id = $1 AND sha256 IN (
    SELECT kept.sha256
    FROM persisted_queries AS kept
    WHERE kept.organization_id = $1
    ORDER BY kept.last_used_at DESC, kept.sha256 ASC
    OFFSET $2
    FOR UPDATE SKIP LOCKED
);
