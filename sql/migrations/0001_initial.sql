-- Organizations, keys, templates, bulk sends, documents and their delivery.
-- Every table's key starts with the organization, and foreign keys carry it, so that the database itself refuses
-- a row that points across the line between two of them.

CREATE TABLE organizations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row an organization: locking it puts the creates of one organization in a row.
CREATE TABLE bulk_send_rates (
    organization_id uuid PRIMARY KEY REFERENCES organizations (id),
    last_accepted_at timestamptz
);

CREATE TABLE api_keys (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE templates (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    description text CHECK (char_length(description) <= 1000),
    body text NOT NULL,
    merge_fields text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organization_id, id)
);

CREATE TABLE bulk_sends (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id uuid NOT NULL DEFAULT uuidv7(),
    template_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    email_message text CHECK (char_length(email_message) <= 1000),
    external_id text CHECK (char_length(external_id) <= 255),
    idempotency_key text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    total_count integer NOT NULL CHECK (total_count BETWEEN 1 AND 500),
    sent_count integer NOT NULL DEFAULT 0 CHECK (sent_count >= 0),
    failed_count integer NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    pending_count integer NOT NULL GENERATED ALWAYS AS (total_count - sent_count - failed_count) STORED,
    status text NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN sent_count + failed_count < total_count THEN 'processing'
            WHEN sent_count = 0 THEN 'failed'
            ELSE 'completed'
        END
    ) STORED,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, template_id) REFERENCES templates (organization_id, id),
    CONSTRAINT bulk_sends_counts_within_total CHECK (sent_count + failed_count <= total_count)
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX bulk_sends_by_idempotency_key ON bulk_sends (organization_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;
CREATE INDEX bulk_sends_by_status ON bulk_sends (organization_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX bulk_sends_by_template ON bulk_sends (organization_id, template_id, id) WHERE deleted_at IS NULL;
CREATE INDEX bulk_sends_by_external_id ON bulk_sends (organization_id, external_id, id)
WHERE deleted_at IS NULL AND external_id IS NOT NULL;

-- A document is also the queue's entry of its own delivery: a second table of jobs could only disagree with it.
CREATE TABLE documents (
    organization_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT uuidv7(),
    bulk_send_id uuid NOT NULL,
    signer_index integer NOT NULL CHECK (signer_index BETWEEN 0 AND 499),
    signer_name text NOT NULL CHECK (char_length(signer_name) BETWEEN 1 AND 200),
    signer_email text NOT NULL CHECK (char_length(signer_email) BETWEEN 3 AND 254),
    signer_phone text CHECK (char_length(signer_phone) <= 20),
    signer_message text CHECK (char_length(signer_message) <= 1000),
    signer_values jsonb NOT NULL,
    external_id text CHECK (char_length(external_id) <= 255),
    status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'signed', 'declined', 'expired', 'cancelled')),
    link_generation integer NOT NULL DEFAULT 1 CHECK (link_generation > 0),
    viewed_at timestamptz,
    signed_at timestamptz,
    declined_at timestamptz,
    expires_at timestamptz,
    delivery_status text NOT NULL DEFAULT 'pending' CHECK (delivery_status IN ('pending', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_attempt_at timestamptz DEFAULT clock_timestamp(),
    lease_id uuid,
    -- Cancelled while its mail was in flight: until then that mail may still be accepted, so no other may begin.
    in_flight_until timestamptz,
    sent_at timestamptz,
    failed_at timestamptz,
    error_code text,
    error_message text,
    smtp_code integer,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, bulk_send_id) REFERENCES bulk_sends (organization_id, id),
    UNIQUE (organization_id, bulk_send_id, signer_index),
    CONSTRAINT documents_pending_has_next_attempt CHECK (
        (delivery_status = 'pending') = (next_attempt_at IS NOT NULL)
    ),
    CONSTRAINT documents_sent_has_time CHECK ((delivery_status = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT documents_failed_has_cause CHECK (
        delivery_status <> 'failed' OR (failed_at IS NOT NULL AND error_code IS NOT NULL)
    ),
    CONSTRAINT documents_only_pending_is_leased CHECK (delivery_status = 'pending' OR lease_id IS NULL)
) WITH (fillfactor = 80);

CREATE INDEX documents_pending ON documents (organization_id, next_attempt_at)
WHERE delivery_status = 'pending' AND deleted_at IS NULL;
CREATE INDEX documents_by_signer ON documents (organization_id, lower(signer_email), bulk_send_id, signer_index)
WHERE deleted_at IS NULL;
CREATE INDEX documents_by_external_id ON documents (organization_id, external_id, bulk_send_id, signer_index)
WHERE deleted_at IS NULL AND external_id IS NOT NULL;

-- One row an organization with pending documents: when it is next due. Claims take the longest due, so turns are fair.
CREATE TABLE delivery_turns (
    organization_id uuid PRIMARY KEY REFERENCES organizations (id),
    due_at timestamptz NOT NULL,
    -- What was due before this is claimed: a claim need not read past all that was ever sent, which the index keeps
    -- until it is vacuumed. Now and then one reads from the beginning, for what was locked or not yet committed then.
    read_from timestamptz NOT NULL DEFAULT '-infinity',
    read_all_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

CREATE INDEX delivery_turns_by_due ON delivery_turns (due_at);

-- Until the first ANALYZE the planner would take an organization for a single row, and any index that begins with it
-- for as good as the right one; a plan made then is kept by every connection. Told that there is one organization, it
-- looks for what tells rows apart. ANALYZE puts the truth in place of this.
SELECT
    pg_restore_attribute_stats(
        'schemaname', current_schema()::text,
        'relname', seeded.relation,
        'attname', 'organization_id',
        'inherited', FALSE,
        'null_frac', 0::real,
        'avg_width', 16,
        'n_distinct', 1::real
    )
FROM (VALUES ('templates'), ('bulk_sends'), ('documents')) AS seeded (relation);
