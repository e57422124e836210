-- The planner may plan a list once for all values. It must not expect next to no rows then, or it reads all of them to
-- sort them: one end of a page is a row comparison (two plain ones count as a narrow range), and a filter with an index
-- of its own has statements of its own.

-- name: get_many
-- Fetch documents by their ids; deleted, unknown and foreign ids yield no row.
SELECT *
FROM document_rows
WHERE organization_id = $1 AND id = any($2::uuid[]);

-- name: first_page
-- Fetch documents between two cursors, newest bulk send first and each in its signers' order: the first ones.
SELECT *
FROM matching_documents($1, $7, $8, $9, $10, $11, $12, $13, NULL)
WHERE
    bulk_send_id <= $2
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND (organization_id, bulk_send_id) >= ($1, $4)
    AND (bulk_send_id > $4 OR signer_index < $5)
ORDER BY bulk_send_id DESC, signer_index ASC
LIMIT $6;

-- name: first_page_by_signer
-- Fetch documents between two cursors, newest bulk send first and each in its signers' order: to one address.
SELECT *
FROM matching_documents($1, $7, $8, $9, $10, $11, $12, $13, NULL)
WHERE
    lower(signer_email) = lower($7)
    AND bulk_send_id <= $2
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND (organization_id, bulk_send_id) >= ($1, $4)
    AND (bulk_send_id > $4 OR signer_index < $5)
ORDER BY bulk_send_id DESC, signer_index ASC
LIMIT $6;

-- name: first_page_by_external_id
-- Fetch documents between two cursors, newest bulk send first and each in its signers' order: by external id.
SELECT *
FROM matching_documents($1, $7, $8, $9, $10, $11, $12, $13, NULL)
WHERE
    external_id = $8
    AND bulk_send_id <= $2
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND (organization_id, bulk_send_id) >= ($1, $4)
    AND (bulk_send_id > $4 OR signer_index < $5)
ORDER BY bulk_send_id DESC, signer_index ASC
LIMIT $6;

-- name: first_page_by_template
-- Fetch documents between two cursors, newest bulk send first and each in its signers' order: of one template.
SELECT document.*
FROM bulk_sends
INNER JOIN matching_documents($1, $7, $8, $9, $10, $11, $12, NULL, NULL) AS document
    ON bulk_sends.organization_id = document.organization_id AND bulk_sends.id = document.bulk_send_id
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.template_id = $13
    AND bulk_sends.deleted_at IS NULL
    AND bulk_sends.id <= $2
    AND (bulk_sends.id < $2 OR document.signer_index > $3)
    AND (bulk_sends.template_id, bulk_sends.id) >= ($13, $4)
    AND (bulk_sends.id > $4 OR document.signer_index < $5)
ORDER BY bulk_sends.id DESC, document.signer_index ASC
LIMIT $6;

-- name: last_page
-- Fetch documents between two cursors: the last ones, in reverse order.
SELECT *
FROM matching_documents($1, $7, $8, $9, $10, $11, $12, $13, NULL)
WHERE
    (organization_id, bulk_send_id) <= ($1, $2)
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND bulk_send_id >= $4
    AND (bulk_send_id > $4 OR signer_index < $5)
ORDER BY bulk_send_id ASC, signer_index DESC
LIMIT $6;

-- name: last_page_by_signer
-- Fetch documents between two cursors: the last ones, in reverse order, to one address.
SELECT *
FROM matching_documents($1, $7, $8, $9, $10, $11, $12, $13, NULL)
WHERE
    lower(signer_email) = lower($7)
    AND (organization_id, bulk_send_id) <= ($1, $2)
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND bulk_send_id >= $4
    AND (bulk_send_id > $4 OR signer_index < $5)
ORDER BY bulk_send_id ASC, signer_index DESC
LIMIT $6;

-- name: last_page_by_external_id
-- Fetch documents between two cursors: the last ones, in reverse order, by external id.
SELECT *
FROM matching_documents($1, $7, $8, $9, $10, $11, $12, $13, NULL)
WHERE
    external_id = $8
    AND (organization_id, bulk_send_id) <= ($1, $2)
    AND (bulk_send_id < $2 OR signer_index > $3)
    AND bulk_send_id >= $4
    AND (bulk_send_id > $4 OR signer_index < $5)
ORDER BY bulk_send_id ASC, signer_index DESC
LIMIT $6;

-- name: last_page_by_template
-- Fetch documents between two cursors: the last ones, in reverse order, of one template.
SELECT document.*
FROM bulk_sends
INNER JOIN matching_documents($1, $7, $8, $9, $10, $11, $12, NULL, NULL) AS document
    ON bulk_sends.organization_id = document.organization_id AND bulk_sends.id = document.bulk_send_id
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.template_id = $13
    AND bulk_sends.deleted_at IS NULL
    AND (bulk_sends.template_id, bulk_sends.id) <= ($13, $2)
    AND (bulk_sends.id < $2 OR document.signer_index > $3)
    AND bulk_sends.id >= $4
    AND (bulk_sends.id > $4 OR document.signer_index < $5)
ORDER BY bulk_sends.id ASC, document.signer_index DESC
LIMIT $6;

-- name: count
-- Count the documents that match the filters.
SELECT count(*)
FROM matching_documents($1, $2, $3, $4, $5, $6, $7, $8, NULL)
WHERE (organization_id, bulk_send_id) >= ($1, $9) AND bulk_send_id <= $10;

-- name: count_by_signer
-- Count the documents to one address that match the filters.
SELECT count(*)
FROM matching_documents($1, $2, $3, $4, $5, $6, $7, $8, NULL)
WHERE
    lower(signer_email) = lower($2)
    AND (organization_id, bulk_send_id) >= ($1, $9)
    AND bulk_send_id <= $10;

-- name: count_by_external_id
-- Count the documents with one external id that match the filters.
SELECT count(*)
FROM matching_documents($1, $2, $3, $4, $5, $6, $7, $8, NULL)
WHERE
    external_id = $3
    AND (organization_id, bulk_send_id) >= ($1, $9)
    AND bulk_send_id <= $10;

-- name: count_by_template
-- Count the documents of one template that match the filters.
SELECT count(*)
FROM bulk_sends
INNER JOIN matching_documents($1, $2, $3, $4, $5, $6, $7, NULL, NULL) AS document
    ON bulk_sends.organization_id = document.organization_id AND bulk_sends.id = document.bulk_send_id
WHERE
    bulk_sends.organization_id = $1
    AND bulk_sends.template_id = $8
    AND bulk_sends.deleted_at IS NULL
    AND bulk_sends.id >= $9
    AND bulk_sends.id <= $10;

-- name: first_of_bulk_sends
-- Fetch the first documents of each of several bulk sends, between the same two signers.
SELECT page.*
FROM unnest($2::uuid[]) AS parents (id)
CROSS JOIN LATERAL (
    SELECT document.*
    FROM matching_documents($1, $8, NULL, $6, $7, NULL, NULL, NULL, $9) AS document
    WHERE document.bulk_send_id = parents.id AND document.signer_index > $3 AND document.signer_index < $4
    ORDER BY document.signer_index ASC
    LIMIT $5
) AS page;

-- name: last_of_bulk_sends
-- Fetch the last documents of each of several bulk sends, in reverse order.
SELECT page.*
FROM unnest($2::uuid[]) AS parents (id)
CROSS JOIN LATERAL (
    SELECT document.*
    FROM matching_documents($1, $8, NULL, $6, $7, NULL, NULL, NULL, $9) AS document
    WHERE document.bulk_send_id = parents.id AND document.signer_index > $3 AND document.signer_index < $4
    ORDER BY document.signer_index DESC
    LIMIT $5
) AS page;

-- name: with_bulk_send
-- Fetch one bulk send, in a row without a document, and then the first of its documents.
SELECT
    (NULL::document_rows).*,
    bulk_send_rows AS bulk_send
FROM bulk_send_rows
WHERE organization_id = $1 AND id = $2
UNION ALL
SELECT *
FROM (
    SELECT
        document.*,
        NULL::bulk_send_rows AS bulk_send
    FROM matching_documents($1, $6, NULL, $4, $5, NULL, NULL, NULL, $7) AS document
    WHERE document.bulk_send_id = $2
    ORDER BY document.signer_index ASC
    LIMIT $3
) AS page
ORDER BY signer_index ASC NULLS FIRST;

-- name: count_of_bulk_sends
-- Count the documents of each bulk send that match the filters; none yields no row.
SELECT
    bulk_send_id,
    count(*) AS total
FROM matching_documents($1, $5, NULL, $3, $4, NULL, NULL, NULL, $6)
WHERE bulk_send_id = any($2::uuid[])
GROUP BY bulk_send_id;
