-- name: find_by_hash
-- The key behind a request, with its organization: the one lookup that has no organization yet.
SELECT
    api_keys.organization_id,
    organizations.name AS organization_name,
    api_keys.id,
    api_keys.name,
    api_keys.key_hash,
    api_keys.scopes,
    api_keys.expires_at
FROM api_keys
INNER JOIN organizations ON api_keys.organization_id = organizations.id
WHERE
    api_keys.key_hash = $1
    AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > clock_timestamp());

-- name: create
-- A new key, of which only the hash is kept; gives its id.
INSERT INTO api_keys (organization_id, name, key_hash, scopes, expires_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval)
RETURNING id;

-- name: list
-- Every key of an organization, newest first.
SELECT
    id,
    name,
    scopes,
    created_at,
    expires_at,
    revoked_at,
    last_used_at
FROM api_keys
WHERE organization_id = $1
ORDER BY id DESC;

-- name: list_invalid_lately
-- The hashes of the keys that were revoked or expired lately, as one array.
SELECT coalesce(array_agg(key_hash), '{}')
FROM api_keys
WHERE least(revoked_at, expires_at) > now() - $1::interval AND least(revoked_at, expires_at) <= now();

-- name: revoke
-- Revoke one key for good; gives nothing when it does not exist or was revoked before.
UPDATE api_keys SET revoked_at = clock_timestamp()
WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL
RETURNING id;

-- name: touch
-- Note when keys were last used, for many keys at once.
UPDATE api_keys SET last_used_at = used.at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS used (organization_id, id, at)
WHERE
    api_keys.organization_id = used.organization_id
    AND api_keys.id = used.id
    AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < used.at);
