-- Automatic persisted queries: documents that an organization's clients sent once and name by their hash afterwards.
-- A cache that all gateways share, and bounded: each organization keeps only those it used last.

CREATE TABLE persisted_queries (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    query text NOT NULL CHECK (char_length(query) <= 20000),
    last_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organization_id, sha256)
);
