-- What a list of bulk sends shows: how many failures were cancellations, when delivery ended, and who created it.

ALTER TABLE bulk_sends
ADD COLUMN cancelled_count integer NOT NULL DEFAULT 0,
ADD COLUMN completed_at timestamptz,
ADD COLUMN created_by text;

UPDATE bulk_sends SET
    cancelled_count = counted.cancelled,
    completed_at = CASE WHEN bulk_sends.status <> 'processing' THEN bulk_sends.updated_at END
FROM (
    SELECT
        organization_id,
        bulk_send_id,
        count(*) FILTER (WHERE delivery_status = 'failed' AND error_code = 'CANCELLED') AS cancelled
    FROM documents
    GROUP BY organization_id, bulk_send_id
) AS counted
WHERE bulk_sends.organization_id = counted.organization_id AND bulk_sends.id = counted.bulk_send_id;

ALTER TABLE bulk_sends
ADD CONSTRAINT bulk_sends_cancelled_are_failed CHECK (cancelled_count BETWEEN 0 AND failed_count);

-- Set when the last pending delivery ends, by whatever ends it, and cleared when one is pending again.
CREATE FUNCTION set_completed_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.sent_count + new.failed_count < new.total_count THEN
        new.completed_at := NULL;
    ELSIF new.completed_at IS NULL THEN
        new.completed_at := clock_timestamp();
    END IF;
    RETURN new;
END
$$;

CREATE TRIGGER bulk_sends_completed_at BEFORE UPDATE OF sent_count, failed_count ON bulk_sends
FOR EACH ROW EXECUTE FUNCTION set_completed_at();
