-- Workers that prove themselves alive, claims that name their worker, and mails of several kinds in one queue.

-- One row for each running worker, which counts `beats` up every second. A worker whose beats stand still is declared
-- dead by another one, which releases what it had claimed; a dead worker claims nothing under this id again.
CREATE TABLE workers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    beats bigint NOT NULL DEFAULT 0,
    dead_at timestamptz
) WITH (fillfactor = 50);

-- The document stays the queue's entry, now for all of its mails, one after the other: `mail_kind` is the mail that is
-- due, or was the last one; `later_mails` come after it. `mail_number` counts the document's mails and tells two
-- reminders apart. A mail is due while `next_attempt_at` is set. `is_delivery`: the mail that is due decides the
-- delivery. No other mail changes `delivery_status`, its counters and its error; its tries are in `mail_attempts`.
ALTER TABLE documents
ADD COLUMN worker_id uuid,
ADD COLUMN mail_kind text NOT NULL DEFAULT 'invitation'
CONSTRAINT documents_mail_kind CHECK (
    mail_kind IN ('invitation', 'amended_invitation', 'reminder', 'copy', 'void_notice')
),
ADD COLUMN later_mails text[] NOT NULL DEFAULT '{}'
CONSTRAINT documents_later_mails CHECK (
    later_mails <@ '{invitation,amended_invitation,reminder,copy,void_notice}'::text[]
),
ADD COLUMN mail_number integer NOT NULL DEFAULT 1 CONSTRAINT documents_mail_number CHECK (mail_number > 0),
ADD COLUMN mail_attempts integer NOT NULL DEFAULT 0 CONSTRAINT documents_mail_attempts CHECK (mail_attempts >= 0),
ADD COLUMN mail_error_code text,
ADD COLUMN is_delivery boolean GENERATED ALWAYS AS (
    delivery_status = 'pending' AND mail_kind IN ('invitation', 'amended_invitation')
) VIRTUAL,
DROP CONSTRAINT documents_pending_has_next_attempt,
DROP CONSTRAINT documents_only_pending_is_leased,
ADD CONSTRAINT documents_pending_is_due CHECK (
    delivery_status <> 'pending' OR next_attempt_at IS NOT NULL OR cardinality(later_mails) > 0
),
ADD CONSTRAINT documents_only_due_is_claimed CHECK (
    next_attempt_at IS NOT NULL OR (lease_id IS NULL AND worker_id IS NULL)
);

DROP INDEX documents_pending;
CREATE INDEX documents_due ON documents (organization_id, next_attempt_at)
WHERE next_attempt_at IS NOT NULL AND deleted_at IS NULL;
