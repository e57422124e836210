-- name: open
-- What a signing link opens: a document with its template, also if it has been deleted since. `custom_consent_text` is
-- null for the text that comes with Bulksend.
SELECT
    documents.id,
    documents.bulk_send_id,
    documents.link_generation,
    documents.status,
    documents.deleted_at IS NOT NULL AS deleted,
    coalesce(documents.expires_at <= clock_timestamp(), FALSE) AS past_expiry,
    documents.viewed_at,
    documents.signed_at,
    documents.declined_at,
    documents.expires_at,
    documents.signer_name,
    documents.signer_email,
    documents.signer_values,
    coalesce(documents.locale, bulk_sends.locale) AS locale,
    templates.name AS template_name,
    templates.body AS template_body,
    templates.fields AS template_fields,
    organizations.name AS organization_name,
    organizations.consent_text AS custom_consent_text,
    exists(
        SELECT 1 FROM sealed_pdfs
        WHERE
            sealed_pdfs.organization_id = documents.organization_id
            AND sealed_pdfs.document_id = documents.id
            AND sealed_pdfs.pdf IS NOT NULL
    ) AS is_sealed
FROM documents
INNER JOIN bulk_sends
    ON documents.organization_id = bulk_sends.organization_id AND documents.bulk_send_id = bulk_sends.id
INNER JOIN templates
    ON bulk_sends.organization_id = templates.organization_id AND bulk_sends.template_id = templates.id
INNER JOIN organizations ON documents.organization_id = organizations.id
WHERE documents.organization_id = $1 AND documents.id = $2;

-- name: view
-- Note when a signer opened a document first, and return that time; no row if it was before or the document is closed.
-- Lock the bulk send first.
WITH viewed AS (
    UPDATE documents SET viewed_at = date_trunc('milliseconds', clock_timestamp()), updated_at = clock_timestamp()
    WHERE
        organization_id = $1
        AND bulk_send_id = $2
        AND id = $3
        AND link_generation = $4
        AND viewed_at IS NULL
        AND status = 'pending'
        AND deleted_at IS NULL
    RETURNING viewed_at
),

counted AS (
    UPDATE bulk_sends SET viewed_count = bulk_sends.viewed_count + 1, updated_at = clock_timestamp()
    FROM viewed
    WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2
)

SELECT viewed.viewed_at AS at FROM viewed;

-- name: close
-- Make a document signed or declined, with the values that its signer filled in, and return the time; no row if it can
-- no longer be, or the link is superseded. A reminder that waits is not sent. Lock the bulk send first.
WITH closed AS (
    UPDATE documents SET
        status = $5,
        signed_at = CASE $5 WHEN 'signed' THEN date_trunc('milliseconds', clock_timestamp()) END,
        declined_at = CASE $5 WHEN 'declined' THEN date_trunc('milliseconds', clock_timestamp()) END,
        signer_values = signer_values || $6::jsonb,
        next_reminder_at = NULL,
        later_mails = array_remove(later_mails, 'reminder'),
        updated_at = clock_timestamp()
    WHERE
        organization_id = $1
        AND bulk_send_id = $2
        AND id = $3
        AND link_generation = $4
        AND status = 'pending'
        AND deleted_at IS NULL
        AND (expires_at IS NULL OR expires_at > clock_timestamp())
    RETURNING coalesce(signed_at, declined_at) AS at
),

counted AS (
    UPDATE bulk_sends SET
        signed_count = bulk_sends.signed_count + CASE $5 WHEN 'signed' THEN 1 ELSE 0 END,
        declined_count = bulk_sends.declined_count + CASE $5 WHEN 'declined' THEN 1 ELSE 0 END,
        closed_count = bulk_sends.closed_count + 1,
        updated_at = clock_timestamp()
    FROM closed
    WHERE bulk_sends.organization_id = $1 AND bulk_sends.id = $2
)

SELECT closed.at FROM closed;
