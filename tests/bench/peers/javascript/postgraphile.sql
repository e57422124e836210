-- What PostGraphile is told about the tables: names for their relations, what it may show, and how to create.
COMMENT ON CONSTRAINT bulk_sends_organization_id_template_id_fkey ON bulk_sends IS
E'@fieldName template\n@foreignBehavior -*';
COMMENT ON CONSTRAINT documents_organization_id_bulk_send_id_fkey ON documents IS
E'@fieldName bulkSend\n@foreignFieldName documents';

-- Whose filter by organization would be nobody's work is left out.
COMMENT ON TABLE bulk_sends IS '@behavior -query:resource:list -query:resource:single -type:node';
COMMENT ON TABLE documents IS '@behavior -query:resource:* -type:node';
COMMENT ON TABLE templates IS '@behavior -query:resource:* -type:node';
COMMENT ON TABLE organizations IS '@behavior -*';
COMMENT ON TABLE api_keys IS '@behavior -*';
COMMENT ON TABLE bulk_send_rates IS '@behavior -*';
COMMENT ON TABLE delivery_turns IS '@behavior -*';
COMMENT ON TABLE persisted_queries IS '@behavior -*';
COMMENT ON TABLE schema_migrations IS '@behavior -*';
COMMENT ON TABLE smtp_circuit IS '@behavior -*';

CREATE FUNCTION create_bulk_send(organization_id uuid, template_id uuid, name text, signers json) RETURNS bulk_sends
LANGUAGE sql VOLATILE
BEGIN ATOMIC
WITH bulk_send AS (
    INSERT INTO bulk_sends (organization_id, template_id, name, fingerprint, total_count)
    VALUES (
        create_bulk_send.organization_id,
        create_bulk_send.template_id,
        create_bulk_send.name,
        sha256(''),
        json_array_length(create_bulk_send.signers)
    )
    RETURNING bulk_sends.*
),

created AS (
    INSERT INTO documents (organization_id, bulk_send_id, signer_index, signer_name, signer_email, signer_values)
    SELECT
        bulk_send.organization_id,
        bulk_send.id,
        signers.position - 1,
        signers.name,
        signers.email,
        '{}'
    FROM bulk_send
    CROSS JOIN ROWS FROM (
        json_to_recordset(create_bulk_send.signers) AS (name text, email text)
    ) WITH ORDINALITY AS signers (name, email, position)
    ORDER BY signers.position
)

SELECT * FROM bulk_send;
END;

COMMENT ON FUNCTION create_bulk_send (uuid, uuid, text, json) IS '@behavior -*';
