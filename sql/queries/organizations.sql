-- name: create
-- A new organization with its rate row; gives its id.
WITH organization AS (
    INSERT INTO organizations (name) VALUES ($1) RETURNING id
)

INSERT INTO bulk_send_rates (organization_id)
SELECT organization.id FROM organization
RETURNING organization_id;

-- name: get
-- One organization by its id.
SELECT
    id,
    name
FROM organizations
WHERE id = $1;

-- name: find_by_name
-- The oldest organization of this name: how `bulksend dev` finds the one it made.
SELECT
    id,
    name
FROM organizations
WHERE name = $1
ORDER BY id
LIMIT 1;

-- name: set_consent_text
-- Set the text that signers consent to, null for the one that comes with Bulksend; no row if there is no organization.
UPDATE organizations SET consent_text = $2
WHERE id = $1
RETURNING id;
