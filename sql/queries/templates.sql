-- The planner may plan a list once for all values. It must not expect next to no rows then, or it reads all of them to
-- sort them: one end of a page is a row comparison (two plain ones count as a narrow range), and a filter with an index
-- of its own has statements of its own.

-- name: get_many
-- Fetch templates by their ids; unknown and foreign ids yield no row.
SELECT *
FROM template_rows
WHERE organization_id = $1 AND id = any($2::uuid[]);

-- name: first_page
-- Fetch templates newest first, between two cursors: the first ones.
SELECT *
FROM template_rows
WHERE
    organization_id = $1
    AND archived_at IS NULL
    AND id < $2
    AND (organization_id, id) > ($1, $3)
    AND coalesce($5::text IS NULL OR strpos(lower(name), lower($5)) > 0, FALSE)
ORDER BY id DESC
LIMIT $4;

-- name: last_page
-- Fetch templates between two cursors: the last ones, oldest first.
SELECT *
FROM template_rows
WHERE
    organization_id = $1
    AND archived_at IS NULL
    AND (organization_id, id) < ($1, $2)
    AND id > $3
    AND coalesce($5::text IS NULL OR strpos(lower(name), lower($5)) > 0, FALSE)
ORDER BY id ASC
LIMIT $4;

-- name: count
-- Count the templates that match the search.
SELECT count(*)
FROM template_rows
WHERE
    organization_id = $1
    AND archived_at IS NULL
    AND coalesce($2::text IS NULL OR strpos(lower(name), lower($2)) > 0, FALSE);

-- name: create
-- Insert a template and return its id.
INSERT INTO templates (organization_id, name, description, body, merge_fields, fields)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id;

-- name: archive
-- Archive a template, keeping the time at which it was first archived.
UPDATE templates SET archived_at = coalesce(archived_at, clock_timestamp())
WHERE organization_id = $1 AND id = $2
RETURNING id;
