-- One row for each document that was signed or declined: first the job of sealing its PDF, then the PDF itself.
-- A job is due at `due_at`; while it is claimed that is when its lease ends, so a crash makes it due again. A PDF and
-- its hash are written together with the end of the job, and never change.
CREATE TABLE sealed_pdfs (
    organization_id uuid NOT NULL,
    document_id uuid NOT NULL,
    due_at timestamptz DEFAULT clock_timestamp(),
    lease_id uuid,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error text,
    sealed_at timestamptz,
    sha256 bytea CHECK (octet_length(sha256) = 32),
    pdf bytea,
    PRIMARY KEY (organization_id, document_id),
    FOREIGN KEY (organization_id, document_id) REFERENCES documents (organization_id, id),
    CONSTRAINT sealed_pdfs_made_whole CHECK (num_nulls(sealed_at, sha256, pdf) IN (0, 3)),
    CONSTRAINT sealed_pdfs_due_until_made CHECK ((due_at IS NULL) = (pdf IS NOT NULL)),
    CONSTRAINT sealed_pdfs_only_due_is_leased CHECK (due_at IS NOT NULL OR lease_id IS NULL)
);

-- A PDF is compressed already.
ALTER TABLE sealed_pdfs ALTER COLUMN pdf SET STORAGE EXTERNAL;

CREATE INDEX sealed_pdfs_due ON sealed_pdfs (due_at) WHERE due_at IS NOT NULL;

-- What was signed or declined before.
INSERT INTO sealed_pdfs (organization_id, document_id)
SELECT
    organization_id,
    id
FROM documents
WHERE status IN ('signed', 'declined')
ORDER BY organization_id, id;
