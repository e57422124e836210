-- What several queries share, written once: the columns of a noun's rows and the filters of its lists. `migrate` makes
-- all of it anew after the migrations, so a change here is no migration. PostgreSQL puts views and these functions into
-- the statement that names them: each statement keeps a plan, and an index, of its own.

DROP FUNCTION IF EXISTS matching_bulk_sends, matching_documents;
DROP VIEW IF EXISTS template_rows, bulk_send_rows, document_rows, open_circuit;

CREATE VIEW template_rows AS
SELECT
    organization_id,
    id,
    name,
    description,
    body,
    merge_fields,
    fields,
    archived_at,
    created_at
FROM templates;

-- All documents of a bulk send expire at the same time: those that are not closed by then are the expired ones.
CREATE VIEW bulk_send_rows AS
SELECT
    organization_id,
    id,
    template_id,
    name,
    email_message,
    external_id,
    status,
    total_count,
    sent_count,
    failed_count,
    pending_count,
    cancelled_count,
    (sent_count + failed_count)::double precision / total_count AS progress,
    viewed_count,
    signed_count,
    declined_count,
    CASE WHEN expires_at <= statement_timestamp() THEN total_count - closed_count ELSE 0 END AS expired_count,
    closed_count,
    created_by,
    completed_at,
    created_at,
    updated_at
FROM bulk_sends
WHERE deleted_at IS NULL;

-- Why no mail is sent at present; no row while the circuit is closed.
CREATE VIEW open_circuit AS
SELECT
    opened_at,
    error_code,
    error_message,
    smtp_code
FROM smtp_circuit
WHERE opened_at IS NOT NULL;

-- `next_attempt_at` is null while a mail is in flight. A document expires by the clock, without being written to.
-- `waiting_for` and the error say what a pending delivery waits for; an untried one waits with the circuit's error.
CREATE VIEW document_rows AS
SELECT
    organization_id,
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
    CASE WHEN status = 'pending' AND expires_at <= statement_timestamp() THEN 'expired' ELSE status END AS status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
    CASE WHEN delivery_status = 'pending' AND lease_id IS NULL THEN next_attempt_at END AS next_attempt_at,
    CASE
        WHEN delivery_status <> 'pending' THEN NULL
        WHEN lease_id IS NOT NULL THEN 'worker'
        WHEN error_code LIKE 'SMTP\_%' OR error_code = 'SENDER_REFUSED' THEN 'server'
        WHEN EXISTS (SELECT FROM open_circuit) THEN 'server'
        WHEN next_attempt_at > statement_timestamp() THEN 'retry'
        ELSE 'turn'
    END AS waiting_for,
    CASE
        WHEN delivery_status = 'pending' AND error_code IS NULL THEN (SELECT open_circuit.error_code FROM open_circuit)
        ELSE error_code
    END AS error_code,
    CASE
        WHEN delivery_status = 'pending' AND error_code IS NULL
            THEN (SELECT open_circuit.error_message FROM open_circuit)
        ELSE error_message
    END AS error_message,
    CASE
        WHEN delivery_status = 'pending' AND error_code IS NULL THEN (SELECT open_circuit.smtp_code FROM open_circuit)
        ELSE smtp_code
    END AS smtp_code,
    created_at,
    updated_at
FROM documents
WHERE deleted_at IS NULL;

-- The optional filters of a list are one coalesce: the planner takes each OR for rare, and several for next to no rows.
-- A null filter matches everything. The planner inlines these functions, so that each statement keeps its index.
CREATE FUNCTION matching_bulk_sends(
    wanted_organization_id uuid,
    wanted_statuses text[],
    wanted_search text,
    wanted_template_id uuid,
    wanted_external_id text,
    wanted_created_after timestamptz,
    wanted_created_before timestamptz
) RETURNS SETOF bulk_send_rows LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM bulk_send_rows
    WHERE
        organization_id = wanted_organization_id
        AND status = any(coalesce(wanted_statuses, '{processing,completed,failed}'))
        AND coalesce(
            (wanted_search IS NULL OR strpos(lower(name), lower(wanted_search)) > 0)
            AND (wanted_template_id IS NULL OR template_id = wanted_template_id)
            AND (wanted_external_id IS NULL OR external_id = wanted_external_id)
            AND (wanted_created_after IS NULL OR created_at >= wanted_created_after)
            AND (wanted_created_before IS NULL OR created_at < wanted_created_before),
            FALSE
        )
$$;

-- The template of a bulk send of a page, or no row if it is not wanted. LIMIT keeps the planner from joining before the
-- page is cut.
CREATE OR REPLACE FUNCTION listed_template(is_wanted boolean, wanted_organization_id uuid, wanted_id uuid)
RETURNS TABLE (template_name text, template_description text, template_created_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT
        name,
        description,
        created_at
    FROM templates
    WHERE is_wanted AND organization_id = wanted_organization_id AND id = wanted_id
    ORDER BY id ASC
    LIMIT 1
$$;

-- `wanted_search`: in the name or address of a signer. `wanted_template_id`: of the bulk send.
CREATE FUNCTION matching_documents(
    wanted_organization_id uuid,
    wanted_signer_email text,
    wanted_external_id text,
    wanted_statuses text[],
    wanted_delivery_statuses text[],
    wanted_created_after timestamptz,
    wanted_created_before timestamptz,
    wanted_template_id uuid,
    wanted_search text
) RETURNS SETOF document_rows LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM document_rows
    WHERE
        organization_id = wanted_organization_id
        AND coalesce(
            (wanted_signer_email IS NULL OR lower(signer_email) = lower(wanted_signer_email))
            AND (wanted_external_id IS NULL OR external_id = wanted_external_id)
            AND (wanted_statuses IS NULL OR status = any(wanted_statuses))
            AND (wanted_delivery_statuses IS NULL OR delivery_status = any(wanted_delivery_statuses))
            AND (
                wanted_search IS NULL
                OR strpos(lower(signer_name), lower(wanted_search)) > 0
                OR strpos(lower(signer_email), lower(wanted_search)) > 0
            )
            AND (wanted_created_after IS NULL OR created_at >= wanted_created_after)
            AND (wanted_created_before IS NULL OR created_at < wanted_created_before)
            AND (
                wanted_template_id IS NULL
                OR wanted_template_id = (
                    SELECT bulk_sends.template_id
                    FROM bulk_sends
                    WHERE
                        bulk_sends.organization_id = wanted_organization_id
                        AND bulk_sends.id = document_rows.bulk_send_id
                )
            ),
            FALSE
        )
$$;
