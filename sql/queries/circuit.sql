-- name: state
-- Why no mail is sent, or no row while the circuit is closed.
SELECT
    opened_at,
    error_code,
    error_message,
    smtp_code
FROM open_circuit;

-- name: open
-- Open the circuit, unless what opens it was seen longer ago than the server was last seen to serve.
-- The first probe is due at once, but not sooner after the last one than others: a flapping server is not hammered.
INSERT INTO smtp_circuit AS circuit (opened_at, next_probe_at, error_code, error_message, smtp_code)
VALUES (clock_timestamp(), clock_timestamp(), $1, $2, $3)
ON CONFLICT (only_row) DO UPDATE
    SET
        opened_at = clock_timestamp(),
        next_probe_at = greatest(clock_timestamp(), circuit.closed_at + $5::interval),
        error_code = excluded.error_code,
        error_message = excluded.error_message,
        smtp_code = excluded.smtp_code
    WHERE circuit.opened_at IS NULL AND circuit.closed_at < clock_timestamp() - $4::interval
RETURNING TRUE;

-- name: take_probe
-- Become the one prober for this long; no row when another is, or when it is too early, or the circuit is closed.
UPDATE smtp_circuit SET next_probe_at = clock_timestamp() + $1::interval
WHERE opened_at IS NOT NULL AND next_probe_at <= clock_timestamp()
RETURNING TRUE;

-- name: keep_open
-- Note what a probe met, and when the next one is due.
UPDATE smtp_circuit SET
    next_probe_at = clock_timestamp() + $4::interval,
    error_code = $1,
    error_message = $2,
    smtp_code = $3
WHERE opened_at IS NOT NULL;

-- name: close
-- The server serves.
UPDATE smtp_circuit SET
    opened_at = NULL,
    closed_at = clock_timestamp()
WHERE opened_at IS NOT NULL;
