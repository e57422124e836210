-- What these filters have in common: PostgreSQL may plan a statement once for all values, and must not think then that
-- next to no rows are left, or it reads all of them to sort them. So one end of the page is a row comparison (a pair of
-- plain ones counts as a narrow range), filters that may be absent are one coalesce (each OR counts as rare), and a
-- filter with an index of its own has queries of its own.

-- name: get_many
-- Templates by their ids; unknown and foreign ids give no row.
SELECT
    id,
    name,
    description,
    body,
    merge_fields,
    created_at
FROM templates
WHERE organization_id = $1 AND id = any($2::uuid[]);

-- name: first_page
-- Templates newest first, between two cursors: the first ones.
SELECT
    id,
    name,
    description,
    body,
    merge_fields,
    created_at
FROM templates
WHERE
    organization_id = $1
    AND id < $2
    AND (organization_id, id) > ($1, $3)
    AND coalesce(
        ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0),
        FALSE
    )
ORDER BY id DESC
LIMIT $4;

-- name: last_page
-- Templates between two cursors: the last ones, oldest first.
SELECT
    id,
    name,
    description,
    body,
    merge_fields,
    created_at
FROM templates
WHERE
    organization_id = $1
    AND (organization_id, id) < ($1, $2)
    AND id > $3
    AND coalesce(
        ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0),
        FALSE
    )
ORDER BY id ASC
LIMIT $4;

-- name: count
-- How many templates the filters leave.
SELECT count(*)
FROM templates
WHERE
    organization_id = $1
    AND coalesce(
        ($2::text IS NULL OR strpos(lower(name), lower($2)) > 0),
        FALSE
    );

-- name: create
-- A new template; gives its id.
INSERT INTO templates (organization_id, name, description, body, merge_fields)
VALUES ($1, $2, $3, $4, $5)
RETURNING id;
