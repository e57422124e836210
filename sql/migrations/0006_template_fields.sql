-- Typed fields of templates, and archiving. `fields` has one object for each name that the body uses, in their order;
-- `merge_fields` the names of those that the sender fills.

ALTER TABLE templates
ADD COLUMN fields jsonb NOT NULL DEFAULT '[]',
ADD COLUMN archived_at timestamptz;

UPDATE templates SET
    fields = coalesce(
        (
            SELECT
                jsonb_agg(
                    jsonb_build_object(
                        'name', used.name,
                        'type', 'text',
                        'label', NULL,
                        'filled_by', 'sender',
                        'required', TRUE,
                        'default', NULL,
                        'min_length', NULL,
                        'max_length', NULL,
                        'minimum', NULL,
                        'maximum', NULL,
                        'choices', '[]'::jsonb
                    )
                    ORDER BY used.position
                )
            FROM unnest(merge_fields) WITH ORDINALITY AS used (name, position)
        ),
        '[]'
    );
