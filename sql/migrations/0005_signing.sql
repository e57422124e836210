-- Signing: the history of each document, expiry, reminders and languages.

-- What a signer agrees to before signing; null for the text that comes with Bulksend.
ALTER TABLE organizations
ADD COLUMN consent_text text
CONSTRAINT organizations_consent_text CHECK (char_length(consent_text) BETWEEN 1 AND 10000);

-- `closed_count` counts the documents that are signed, declined or cancelled. The others are expired once `expires_at`,
-- which all documents of a bulk send have in common, has passed: so no job is needed to count them.
ALTER TABLE bulk_sends
ADD COLUMN locale text NOT NULL DEFAULT 'en' CONSTRAINT bulk_sends_locale CHECK (char_length(locale) BETWEEN 2 AND 35),
ADD COLUMN expires_at timestamptz,
ADD COLUMN remind_after_days integer CONSTRAINT bulk_sends_remind_after_days CHECK (remind_after_days > 0),
ADD COLUMN remind_every_days integer CONSTRAINT bulk_sends_remind_every_days CHECK (remind_every_days > 0),
ADD COLUMN remind_at_most integer CONSTRAINT bulk_sends_remind_at_most CHECK (remind_at_most > 0),
ADD COLUMN viewed_count integer NOT NULL DEFAULT 0,
ADD COLUMN signed_count integer NOT NULL DEFAULT 0,
ADD COLUMN declined_count integer NOT NULL DEFAULT 0,
ADD COLUMN closed_count integer NOT NULL DEFAULT 0,
ADD CONSTRAINT bulk_sends_signing_counts CHECK (
    viewed_count BETWEEN 0 AND total_count
    AND signed_count >= 0
    AND declined_count >= 0
    AND signed_count + declined_count <= closed_count
    AND closed_count <= total_count
);

UPDATE bulk_sends SET
    viewed_count = counted.viewed,
    signed_count = counted.signed,
    declined_count = counted.declined,
    closed_count = counted.closed
FROM (
    SELECT
        organization_id,
        bulk_send_id,
        count(*) FILTER (WHERE viewed_at IS NOT NULL) AS viewed,
        count(*) FILTER (WHERE status = 'signed') AS signed,
        count(*) FILTER (WHERE status = 'declined') AS declined,
        count(*) FILTER (WHERE status IN ('signed', 'declined', 'cancelled')) AS closed
    FROM documents
    GROUP BY organization_id, bulk_send_id
) AS counted
WHERE
    bulk_sends.organization_id = counted.organization_id
    AND bulk_sends.id = counted.bulk_send_id
    AND (counted.viewed > 0 OR counted.closed > 0);

-- `locale`: the signer's own, or null for the bulk send's. `next_reminder_at`: when the next automatic reminder is due.
-- `voided_at`: when the sender took the document back; unlike one that was only cancelled, it cannot be retried.
ALTER TABLE documents
ADD COLUMN locale text CONSTRAINT documents_locale CHECK (char_length(locale) BETWEEN 2 AND 35),
ADD COLUMN next_reminder_at timestamptz,
ADD COLUMN voided_at timestamptz;

CREATE INDEX documents_by_next_reminder ON documents (next_reminder_at) WHERE next_reminder_at IS NOT NULL;

-- The history of a document: a chain in which each event holds the hash of the one before. `occurred_at` has
-- milliseconds. A document is signed or declined once.
CREATE TABLE events (
    organization_id uuid NOT NULL,
    document_id uuid NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    type text NOT NULL CHECK (
        type IN (
            'viewed',
            'consented',
            'signed',
            'declined',
            'expired',
            'reminded',
            'amended',
            'voided',
            'downloaded',
            'sealed'
        )
    ),
    occurred_at timestamptz NOT NULL,
    actor text NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 255),
    ip text,
    user_agent text CHECK (char_length(user_agent) <= 1000),
    details jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object'),
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (organization_id, document_id, sequence),
    FOREIGN KEY (organization_id, document_id) REFERENCES documents (organization_id, id)
);

CREATE UNIQUE INDEX events_outcome ON events (organization_id, document_id) WHERE type IN ('signed', 'declined');

CREATE FUNCTION refuse_to_change_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events can only be appended' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_events();

-- Until the first ANALYZE: see 0001.
SELECT
    pg_restore_attribute_stats(
        'schemaname', current_schema()::text,
        'relname', 'events',
        'attname', 'organization_id',
        'inherited', FALSE,
        'null_frac', 0::real,
        'avg_width', 16,
        'n_distinct', 1::real
    );
