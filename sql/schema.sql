CREATE FUNCTION public.listed_template(is_wanted boolean, wanted_organization_id uuid, wanted_id uuid) RETURNS TABLE(template_name text, template_description text, template_created_at timestamp with time zone)
    LANGUAGE sql STABLE ROWS 1 PARALLEL SAFE
    AS $$
    SELECT
        name,
        description,
        created_at
    FROM templates
    WHERE is_wanted AND organization_id = wanted_organization_id AND id = wanted_id
    ORDER BY id ASC
    LIMIT 1
$$;

CREATE TABLE public.bulk_sends (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    template_id uuid NOT NULL,
    name text NOT NULL,
    email_message text,
    external_id text,
    idempotency_key text,
    fingerprint bytea NOT NULL,
    total_count integer NOT NULL,
    sent_count integer DEFAULT 0 NOT NULL,
    failed_count integer DEFAULT 0 NOT NULL,
    pending_count integer GENERATED ALWAYS AS (((total_count - sent_count) - failed_count)) STORED NOT NULL,
    status text GENERATED ALWAYS AS (
CASE
    WHEN ((sent_count + failed_count) < total_count) THEN 'processing'::text
    WHEN (sent_count = 0) THEN 'failed'::text
    ELSE 'completed'::text
END) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    locale text DEFAULT 'en'::text NOT NULL,
    expires_at timestamp with time zone,
    remind_after_days integer,
    remind_every_days integer,
    remind_at_most integer,
    viewed_count integer DEFAULT 0 NOT NULL,
    signed_count integer DEFAULT 0 NOT NULL,
    declined_count integer DEFAULT 0 NOT NULL,
    closed_count integer DEFAULT 0 NOT NULL,
    cancelled_count integer DEFAULT 0 NOT NULL,
    completed_at timestamp with time zone,
    created_by text,
    CONSTRAINT bulk_sends_cancelled_are_failed CHECK (((cancelled_count >= 0) AND (cancelled_count <= failed_count))),
    CONSTRAINT bulk_sends_counts_within_total CHECK (((sent_count + failed_count) <= total_count)),
    CONSTRAINT bulk_sends_email_message_check CHECK ((char_length(email_message) <= 1000)),
    CONSTRAINT bulk_sends_external_id_check CHECK ((char_length(external_id) <= 255)),
    CONSTRAINT bulk_sends_failed_count_check CHECK ((failed_count >= 0)),
    CONSTRAINT bulk_sends_fingerprint_check CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT bulk_sends_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
    CONSTRAINT bulk_sends_locale CHECK (((char_length(locale) >= 2) AND (char_length(locale) <= 35))),
    CONSTRAINT bulk_sends_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT bulk_sends_remind_after_days CHECK ((remind_after_days > 0)),
    CONSTRAINT bulk_sends_remind_at_most CHECK ((remind_at_most > 0)),
    CONSTRAINT bulk_sends_remind_every_days CHECK ((remind_every_days > 0)),
    CONSTRAINT bulk_sends_sent_count_check CHECK ((sent_count >= 0)),
    CONSTRAINT bulk_sends_signing_counts CHECK ((((viewed_count >= 0) AND (viewed_count <= total_count)) AND (signed_count >= 0) AND (declined_count >= 0) AND ((signed_count + declined_count) <= closed_count) AND (closed_count <= total_count))),
    CONSTRAINT bulk_sends_total_count_check CHECK (((total_count >= 1) AND (total_count <= 500)))
)
WITH (fillfactor='70');

CREATE VIEW public.bulk_send_rows AS
 SELECT organization_id,
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
    (((sent_count + failed_count))::double precision / (total_count)::double precision) AS progress,
    viewed_count,
    signed_count,
    declined_count,
        CASE
            WHEN (expires_at <= statement_timestamp()) THEN (total_count - closed_count)
            ELSE 0
        END AS expired_count,
    closed_count,
    created_by,
    completed_at,
    created_at,
    updated_at
   FROM public.bulk_sends
  WHERE (deleted_at IS NULL);

CREATE FUNCTION public.matching_bulk_sends(wanted_organization_id uuid, wanted_statuses text[], wanted_search text, wanted_template_id uuid, wanted_external_id text, wanted_created_after timestamp with time zone, wanted_created_before timestamp with time zone) RETURNS SETOF public.bulk_send_rows
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
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

CREATE TABLE public.documents (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    bulk_send_id uuid NOT NULL,
    signer_index integer NOT NULL,
    signer_name text NOT NULL,
    signer_email text NOT NULL,
    signer_phone text,
    signer_message text,
    signer_values jsonb NOT NULL,
    external_id text,
    status text DEFAULT 'pending'::text NOT NULL,
    link_generation integer DEFAULT 1 NOT NULL,
    viewed_at timestamp with time zone,
    signed_at timestamp with time zone,
    declined_at timestamp with time zone,
    expires_at timestamp with time zone,
    delivery_status text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    queued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT clock_timestamp(),
    lease_id uuid,
    in_flight_until timestamp with time zone,
    sent_at timestamp with time zone,
    failed_at timestamp with time zone,
    error_code text,
    error_message text,
    smtp_code integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deleted_at timestamp with time zone,
    worker_id uuid,
    mail_kind text DEFAULT 'invitation'::text NOT NULL,
    later_mails text[] DEFAULT '{}'::text[] NOT NULL,
    mail_number integer DEFAULT 1 NOT NULL,
    mail_attempts integer DEFAULT 0 NOT NULL,
    mail_error_code text,
    is_delivery boolean GENERATED ALWAYS AS (((delivery_status = 'pending'::text) AND (mail_kind = ANY (ARRAY['invitation'::text, 'amended_invitation'::text])))),
    locale text,
    next_reminder_at timestamp with time zone,
    voided_at timestamp with time zone,
    CONSTRAINT documents_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT documents_delivery_status_check CHECK ((delivery_status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text]))),
    CONSTRAINT documents_external_id_check CHECK ((char_length(external_id) <= 255)),
    CONSTRAINT documents_failed_has_cause CHECK (((delivery_status <> 'failed'::text) OR ((failed_at IS NOT NULL) AND (error_code IS NOT NULL)))),
    CONSTRAINT documents_later_mails CHECK ((later_mails <@ '{invitation,amended_invitation,reminder,copy,void_notice}'::text[])),
    CONSTRAINT documents_link_generation_check CHECK ((link_generation > 0)),
    CONSTRAINT documents_locale CHECK (((char_length(locale) >= 2) AND (char_length(locale) <= 35))),
    CONSTRAINT documents_mail_attempts CHECK ((mail_attempts >= 0)),
    CONSTRAINT documents_mail_kind CHECK ((mail_kind = ANY (ARRAY['invitation'::text, 'amended_invitation'::text, 'reminder'::text, 'copy'::text, 'void_notice'::text]))),
    CONSTRAINT documents_mail_number CHECK ((mail_number > 0)),
    CONSTRAINT documents_only_due_is_claimed CHECK (((next_attempt_at IS NOT NULL) OR ((lease_id IS NULL) AND (worker_id IS NULL)))),
    CONSTRAINT documents_pending_is_due CHECK (((delivery_status <> 'pending'::text) OR (next_attempt_at IS NOT NULL) OR (cardinality(later_mails) > 0))),
    CONSTRAINT documents_sent_has_time CHECK (((delivery_status = 'sent'::text) = (sent_at IS NOT NULL))),
    CONSTRAINT documents_signer_email_check CHECK (((char_length(signer_email) >= 3) AND (char_length(signer_email) <= 254))),
    CONSTRAINT documents_signer_index_check CHECK (((signer_index >= 0) AND (signer_index <= 499))),
    CONSTRAINT documents_signer_message_check CHECK ((char_length(signer_message) <= 1000)),
    CONSTRAINT documents_signer_name_check CHECK (((char_length(signer_name) >= 1) AND (char_length(signer_name) <= 200))),
    CONSTRAINT documents_signer_phone_check CHECK ((char_length(signer_phone) <= 20)),
    CONSTRAINT documents_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'signed'::text, 'declined'::text, 'expired'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');

CREATE TABLE public.smtp_circuit (
    only_row boolean DEFAULT true NOT NULL,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    next_probe_at timestamp with time zone NOT NULL,
    error_code text NOT NULL,
    error_message text NOT NULL,
    smtp_code integer,
    CONSTRAINT smtp_circuit_only_row_check CHECK (only_row)
);

CREATE VIEW public.open_circuit AS
 SELECT opened_at,
    error_code,
    error_message,
    smtp_code
   FROM public.smtp_circuit
  WHERE (opened_at IS NOT NULL);

CREATE VIEW public.document_rows AS
 SELECT organization_id,
    id,
    bulk_send_id,
    signer_index,
    signer_name,
    signer_email,
    signer_phone,
    external_id,
        CASE
            WHEN ((status = 'pending'::text) AND (expires_at <= statement_timestamp())) THEN 'expired'::text
            ELSE status
        END AS status,
    link_generation,
    viewed_at,
    signed_at,
    declined_at,
    expires_at,
    delivery_status,
    attempts,
    sent_at,
    failed_at,
        CASE
            WHEN ((delivery_status = 'pending'::text) AND (lease_id IS NULL)) THEN next_attempt_at
            ELSE NULL::timestamp with time zone
        END AS next_attempt_at,
        CASE
            WHEN (delivery_status <> 'pending'::text) THEN NULL::text
            WHEN (lease_id IS NOT NULL) THEN 'worker'::text
            WHEN ((error_code ~~ 'SMTP\_%'::text) OR (error_code = 'SENDER_REFUSED'::text)) THEN 'server'::text
            WHEN (EXISTS ( SELECT
               FROM public.open_circuit)) THEN 'server'::text
            WHEN (next_attempt_at > statement_timestamp()) THEN 'retry'::text
            ELSE 'turn'::text
        END AS waiting_for,
        CASE
            WHEN ((delivery_status = 'pending'::text) AND (error_code IS NULL)) THEN ( SELECT open_circuit.error_code
               FROM public.open_circuit)
            ELSE error_code
        END AS error_code,
        CASE
            WHEN ((delivery_status = 'pending'::text) AND (error_code IS NULL)) THEN ( SELECT open_circuit.error_message
               FROM public.open_circuit)
            ELSE error_message
        END AS error_message,
        CASE
            WHEN ((delivery_status = 'pending'::text) AND (error_code IS NULL)) THEN ( SELECT open_circuit.smtp_code
               FROM public.open_circuit)
            ELSE smtp_code
        END AS smtp_code,
    created_at,
    updated_at
   FROM public.documents
  WHERE (deleted_at IS NULL);

CREATE FUNCTION public.matching_documents(wanted_organization_id uuid, wanted_signer_email text, wanted_external_id text, wanted_statuses text[], wanted_delivery_statuses text[], wanted_created_after timestamp with time zone, wanted_created_before timestamp with time zone, wanted_template_id uuid, wanted_search text) RETURNS SETOF public.document_rows
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
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

CREATE FUNCTION public.refuse_to_change_events() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'events can only be appended' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.set_completed_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF new.sent_count + new.failed_count < new.total_count THEN
        new.completed_at := NULL;
    ELSIF new.completed_at IS NULL THEN
        new.completed_at := clock_timestamp();
    END IF;
    RETURN new;
END
$$;

CREATE TABLE public.api_keys (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_key_hash_check CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT api_keys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT api_keys_scopes_check CHECK ((cardinality(scopes) > 0))
);

CREATE TABLE public.bulk_send_rates (
    organization_id uuid NOT NULL,
    last_accepted_at timestamp with time zone
);

CREATE TABLE public.delivery_turns (
    organization_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL,
    read_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    read_all_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.events (
    organization_id uuid NOT NULL,
    document_id uuid NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    ip text,
    user_agent text,
    details jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT events_actor_check CHECK (((char_length(actor) >= 1) AND (char_length(actor) <= 255))),
    CONSTRAINT events_details_check CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT events_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT events_previous_hash_check CHECK ((octet_length(previous_hash) = 32)),
    CONSTRAINT events_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT events_type_check CHECK ((type = ANY (ARRAY['viewed'::text, 'consented'::text, 'signed'::text, 'declined'::text, 'expired'::text, 'reminded'::text, 'amended'::text, 'voided'::text, 'downloaded'::text, 'sealed'::text]))),
    CONSTRAINT events_user_agent_check CHECK ((char_length(user_agent) <= 1000))
);

CREATE TABLE public.organizations (
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    consent_text text,
    CONSTRAINT organizations_consent_text CHECK (((char_length(consent_text) >= 1) AND (char_length(consent_text) <= 10000))),
    CONSTRAINT organizations_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);

CREATE TABLE public.persisted_queries (
    organization_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    query text NOT NULL,
    last_used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT persisted_queries_query_check CHECK ((char_length(query) <= 20000)),
    CONSTRAINT persisted_queries_sha256_check CHECK ((octet_length(sha256) = 32))
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.sealed_pdfs (
    organization_id uuid NOT NULL,
    document_id uuid NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp(),
    lease_id uuid,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    sealed_at timestamp with time zone,
    sha256 bytea,
    pdf bytea,
    CONSTRAINT sealed_pdfs_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT sealed_pdfs_due_until_made CHECK (((due_at IS NULL) = (pdf IS NOT NULL))),
    CONSTRAINT sealed_pdfs_made_whole CHECK ((num_nulls(sealed_at, sha256, pdf) = ANY (ARRAY[0, 3]))),
    CONSTRAINT sealed_pdfs_only_due_is_leased CHECK (((due_at IS NOT NULL) OR (lease_id IS NULL))),
    CONSTRAINT sealed_pdfs_sha256_check CHECK ((octet_length(sha256) = 32))
);
ALTER TABLE ONLY public.sealed_pdfs ALTER COLUMN pdf SET STORAGE EXTERNAL;

CREATE TABLE public.templates (
    organization_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    description text,
    body text NOT NULL,
    merge_fields text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    fields jsonb DEFAULT '[]'::jsonb NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT templates_description_check CHECK ((char_length(description) <= 1000)),
    CONSTRAINT templates_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);

CREATE VIEW public.template_rows AS
 SELECT organization_id,
    id,
    name,
    description,
    body,
    merge_fields,
    fields,
    archived_at,
    created_at
   FROM public.templates;

CREATE TABLE public.workers (
    id uuid DEFAULT uuidv7() NOT NULL,
    beats bigint DEFAULT 0 NOT NULL,
    dead_at timestamp with time zone
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (organization_id, id);

ALTER TABLE ONLY public.bulk_send_rates
    ADD CONSTRAINT bulk_send_rates_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.bulk_sends
    ADD CONSTRAINT bulk_sends_pkey PRIMARY KEY (organization_id, id);

ALTER TABLE ONLY public.delivery_turns
    ADD CONSTRAINT delivery_turns_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_organization_id_bulk_send_id_signer_index_key UNIQUE (organization_id, bulk_send_id, signer_index);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (organization_id, id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (organization_id, document_id, sequence);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.persisted_queries
    ADD CONSTRAINT persisted_queries_pkey PRIMARY KEY (organization_id, sha256);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.sealed_pdfs
    ADD CONSTRAINT sealed_pdfs_pkey PRIMARY KEY (organization_id, document_id);

ALTER TABLE ONLY public.smtp_circuit
    ADD CONSTRAINT smtp_circuit_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_pkey PRIMARY KEY (organization_id, id);

ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_invalid_since_idx ON public.api_keys USING btree (LEAST(revoked_at, expires_at));

CREATE INDEX bulk_sends_by_external_id ON public.bulk_sends USING btree (organization_id, external_id, id) WHERE ((deleted_at IS NULL) AND (external_id IS NOT NULL));

CREATE UNIQUE INDEX bulk_sends_by_idempotency_key ON public.bulk_sends USING btree (organization_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX bulk_sends_by_status ON public.bulk_sends USING btree (organization_id, status, id) WHERE (deleted_at IS NULL);

CREATE INDEX bulk_sends_by_template ON public.bulk_sends USING btree (organization_id, template_id, id) WHERE (deleted_at IS NULL);

CREATE INDEX delivery_turns_by_due ON public.delivery_turns USING btree (due_at);

CREATE INDEX documents_by_external_id ON public.documents USING btree (organization_id, external_id, bulk_send_id, signer_index) WHERE ((deleted_at IS NULL) AND (external_id IS NOT NULL));

CREATE INDEX documents_by_next_reminder ON public.documents USING btree (next_reminder_at) WHERE (next_reminder_at IS NOT NULL);

CREATE INDEX documents_by_signer ON public.documents USING btree (organization_id, lower(signer_email), bulk_send_id, signer_index) WHERE (deleted_at IS NULL);

CREATE INDEX documents_due ON public.documents USING btree (organization_id, next_attempt_at) WHERE ((next_attempt_at IS NOT NULL) AND (deleted_at IS NULL));

CREATE UNIQUE INDEX events_outcome ON public.events USING btree (organization_id, document_id) WHERE (type = ANY (ARRAY['signed'::text, 'declined'::text]));

CREATE INDEX sealed_pdfs_due ON public.sealed_pdfs USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE TRIGGER bulk_sends_completed_at BEFORE UPDATE OF sent_count, failed_count ON public.bulk_sends FOR EACH ROW EXECUTE FUNCTION public.set_completed_at();

CREATE TRIGGER events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_events();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.bulk_send_rates
    ADD CONSTRAINT bulk_send_rates_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.bulk_sends
    ADD CONSTRAINT bulk_sends_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.bulk_sends
    ADD CONSTRAINT bulk_sends_organization_id_template_id_fkey FOREIGN KEY (organization_id, template_id) REFERENCES public.templates(organization_id, id);

ALTER TABLE ONLY public.delivery_turns
    ADD CONSTRAINT delivery_turns_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_organization_id_bulk_send_id_fkey FOREIGN KEY (organization_id, bulk_send_id) REFERENCES public.bulk_sends(organization_id, id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_organization_id_document_id_fkey FOREIGN KEY (organization_id, document_id) REFERENCES public.documents(organization_id, id);

ALTER TABLE ONLY public.persisted_queries
    ADD CONSTRAINT persisted_queries_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sealed_pdfs
    ADD CONSTRAINT sealed_pdfs_organization_id_document_id_fkey FOREIGN KEY (organization_id, document_id) REFERENCES public.documents(organization_id, id);

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);
