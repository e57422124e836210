-- name: Q1
-- A page of bulk sends with their templates.
WITH page AS (
    SELECT bulk_sends.*
    FROM bulk_sends
    WHERE organization_id = $1 AND deleted_at IS NULL
    ORDER BY id DESC
    LIMIT $2 + 1
),

shown AS (
    SELECT
        page.id,
        json_build_object(
            'id', page.id,
            'name', page.name,
            'status', upper(page.status),
            'totalCount', page.total_count,
            'sentCount', page.sent_count,
            'failedCount', page.failed_count,
            'pendingCount', page.pending_count,
            'createdAt', page.created_at,
            'updatedAt', page.updated_at,
            'template', json_build_object(
                'id', templates.id,
                'name', templates.name,
                'description', templates.description,
                'createdAt', templates.created_at
            )
        ) AS node
    FROM page
    INNER JOIN templates ON page.organization_id = templates.organization_id AND page.template_id = templates.id
    ORDER BY page.id DESC
    LIMIT $2
)

SELECT
    json_build_object(
        'data',
        json_build_object(
            'bulkSends',
            json_build_object(
                'nodes', coalesce(json_agg(shown.node ORDER BY shown.id DESC), '[]'),
                'pageInfo', json_build_object(
                    'hasNextPage', (SELECT count(*) FROM page) > $2,
                    'endCursor', (array_agg(shown.id ORDER BY shown.id))[1]
                )
            )
        )
    )::text
FROM shown;

-- name: Q2
-- One bulk send with its first documents.
SELECT
    json_build_object(
        'data',
        json_build_object(
            'bulkSend',
            json_build_object(
                'id', bulk_sends.id,
                'name', bulk_sends.name,
                'status', upper(bulk_sends.status),
                'totalCount', bulk_sends.total_count,
                'sentCount', bulk_sends.sent_count,
                'failedCount', bulk_sends.failed_count,
                'pendingCount', bulk_sends.pending_count,
                'createdAt', bulk_sends.created_at,
                'updatedAt', bulk_sends.updated_at,
                'documents', json_build_object('nodes', shown.nodes)
            )
        )
    )::text
FROM bulk_sends
CROSS JOIN LATERAL (
    SELECT
        coalesce(
            json_agg(
                json_build_object(
                    'id', documents.id,
                    'signerIndex', documents.signer_index,
                    'signer', json_build_object('name', documents.signer_name, 'email', documents.signer_email),
                    'status', upper(documents.status),
                    'delivery', json_build_object(
                        'status', upper(documents.delivery_status),
                        'attempts', documents.attempts,
                        'sentAt', documents.sent_at,
                        'error', CASE
                            WHEN documents.error_code IS NOT NULL
                                THEN json_build_object('code', documents.error_code)
                        END
                    ),
                    'createdAt', documents.created_at
                )
            ),
            '[]'
        ) AS nodes
    FROM (
        SELECT documents.*
        FROM documents
        WHERE organization_id = $1 AND bulk_send_id = $2 AND deleted_at IS NULL
        ORDER BY signer_index
        LIMIT $3
    ) AS documents
) AS shown
WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2 AND bulk_sends.deleted_at IS NULL;

-- name: Q3
-- A page of bulk sends, each with its template and its first documents.
WITH page AS (
    SELECT bulk_sends.*
    FROM bulk_sends
    WHERE organization_id = $1 AND deleted_at IS NULL
    ORDER BY id DESC
    LIMIT $2 + 1
),

shown AS (
    SELECT
        page.id,
        json_build_object(
            'id', page.id,
            'name', page.name,
            'status', upper(page.status),
            'totalCount', page.total_count,
            'sentCount', page.sent_count,
            'failedCount', page.failed_count,
            'pendingCount', page.pending_count,
            'createdAt', page.created_at,
            'updatedAt', page.updated_at,
            'template', json_build_object(
                'id', templates.id,
                'name', templates.name,
                'description', templates.description,
                'createdAt', templates.created_at
            ),
            'documents', json_build_object('nodes', shown_documents.nodes)
        ) AS node
    FROM page
    INNER JOIN templates ON page.organization_id = templates.organization_id AND page.template_id = templates.id
    CROSS JOIN LATERAL (
        SELECT
            coalesce(
                json_agg(
                    json_build_object(
                        'id', documents.id,
                        'signerIndex', documents.signer_index,
                        'signer', json_build_object('name', documents.signer_name, 'email', documents.signer_email),
                        'status', upper(documents.status),
                        'delivery', json_build_object(
                            'status', upper(documents.delivery_status),
                            'attempts', documents.attempts,
                            'sentAt', documents.sent_at,
                            'error', CASE
                                WHEN documents.error_code IS NOT NULL
                                    THEN json_build_object('code', documents.error_code)
                            END
                        ),
                        'createdAt', documents.created_at
                    )
                ),
                '[]'
            ) AS nodes
        FROM (
            SELECT documents.*
            FROM documents
            WHERE organization_id = $1 AND bulk_send_id = page.id AND deleted_at IS NULL
            ORDER BY signer_index
            LIMIT $3
        ) AS documents
    ) AS shown_documents
    ORDER BY page.id DESC
    LIMIT $2
)

SELECT
    json_build_object(
        'data',
        json_build_object(
            'bulkSends',
            json_build_object(
                'nodes', coalesce(json_agg(shown.node ORDER BY shown.id DESC), '[]'),
                'pageInfo', json_build_object(
                    'hasNextPage', (SELECT count(*) FROM page) > $2,
                    'endCursor', (array_agg(shown.id ORDER BY shown.id))[1]
                )
            )
        )
    )::text
FROM shown;

-- name: S1
-- One bulk send.
SELECT
    json_build_object(
        'data', json_build_object('bulkSend', json_build_object('id', id, 'name', name, 'status', upper(status)))
    )::text
FROM bulk_sends
WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL;
