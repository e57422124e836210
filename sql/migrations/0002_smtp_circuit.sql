-- The circuit between a database's workers and their SMTP server: open while the server itself does not serve.
-- At most one row; none means it never was open. `closed_at`: the last time the server was seen to serve.

CREATE TABLE smtp_circuit (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    opened_at timestamptz,
    closed_at timestamptz,
    next_probe_at timestamptz NOT NULL,
    error_code text NOT NULL,
    error_message text NOT NULL,
    smtp_code integer
);
