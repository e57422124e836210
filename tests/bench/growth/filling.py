"""Fill a database with the data of a year of use, then create the indexes as the migrations define them.

Rows are as the product writes them: every CHECK holds, counters match the documents, and ids are in the order of time,
with the rows of all tenants mixed.
"""

import random
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from bench.growth.shape import Shape
from support.bulk_sends import miscounted

from bulksend.db.migrations import migrate
from bulksend.db.pool import Connection

SEED: Final = 20_000

# Settings while filling. A crash loses only time, because a database gets its final name when it is complete.
FILL_SETTINGS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "1GB",
    "shared_buffers": "1GB",
}


async def fill(server_dsn: str, shape: Shape) -> bool:
    """Create the database of a shape unless it exists; return whether it was created."""
    if await _run(server_dsn, _EXISTS, shape.database):
        return False
    new = f"{shape.database}_new"
    await _run(server_dsn, f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)')
    await _run(server_dsn, f'CREATE DATABASE "{new}"')
    await migrate(database(server_dsn, new))
    await _fill(database(server_dsn, new), shape)
    await _run(server_dsn, f'ALTER DATABASE "{new}" RENAME TO "{shape.database}"')
    return True


def database(server_dsn: str, name: str) -> str:
    """Return the DSN of one of the server's databases."""
    return urlunsplit(urlsplit(server_dsn)._replace(path=f"/{name}"))


async def _run(dsn: str, statement: str, *arguments: object) -> Any:
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(statement, *arguments)
    finally:
        await conn.close()


async def _fill(dsn: str, shape: Shape) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(_TENANTS.format(tenants=shape.tenants))
        await _plan(conn, shape)
        await _insert(conn, "bulk_sends", ("bulk_sends_pkey",), _BULK_SENDS)
        await _insert(conn, "documents", (), _DOCUMENTS)
        await conn.execute(_TURNS)
        await conn.execute("VACUUM (FREEZE, ANALYZE)")
        assert not await miscounted(conn), "the counters must be what the documents say"
    finally:
        await conn.close()


async def _plan(conn: Connection, shape: Shape) -> None:
    planned = list(shape.planned())
    random.Random(SEED).shuffle(planned)
    planned.sort(key=lambda one: one.waits)  # bulk sends that wait for delivery are the newest
    await conn.execute("CREATE TEMPORARY TABLE planned (n integer, tenant integer, size integer, waits boolean)")
    await conn.copy_records_to_table(
        "planned", records=((n, one.tenant, one.size, one.waits) for n, one in enumerate(planned))
    )


async def _insert(conn: Connection, table: str, kept: Sequence[str], statement: str) -> None:
    """Insert without indexes and without foreign key triggers, then restore the indexes."""
    constraints = await conn.fetch(_CONSTRAINTS, table, kept)
    indexes = await conn.fetch(_INDEXES, table)
    async with conn.transaction():
        for name, _ in constraints:
            await conn.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            await conn.execute(f'DROP INDEX "{name}"')
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(f"TRUNCATE {table} CASCADE")  # writes to a newly truncated table need no WAL
        await conn.execute(statement)
    for name, definition in constraints:
        await conn.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _, definition in indexes:
        await conn.execute(definition)


_EXISTS: Final = "SELECT TRUE FROM pg_database WHERE datname = $1"

_CONSTRAINTS: Final = """
SELECT conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE conrelid = $1::text::regclass AND contype IN ('p', 'u') AND conname <> ALL ($2::text[])
"""

_INDEXES: Final = """
SELECT index.relname, pg_get_indexdef(index.oid)
FROM pg_index
INNER JOIN pg_class AS index ON pg_index.indexrelid = index.oid
WHERE
    indrelid = $1::text::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.oid AND contype IN ('p', 'u'))
"""

_TENANTS: Final = """
INSERT INTO organizations (name) SELECT 'Organization ' || n FROM generate_series(1, {tenants}) AS n;
INSERT INTO bulk_send_rates (organization_id) SELECT id FROM organizations;
INSERT INTO templates (organization_id, name, body, merge_fields)
SELECT id, 'Template ' || n, '# Agreement' || repeat(E'\n\nBetween us and {{{{ signer.name }}}}.', 20), '{{company}}'
FROM organizations, generate_series(1, 3) AS n;
"""

_BULK_SENDS: Final = """
WITH tenants AS (
    SELECT
        organization_id,
        array_agg(id ORDER BY id) AS template_ids,
        row_number() OVER (ORDER BY organization_id) - 1 AS n
    FROM templates
    GROUP BY organization_id
)

INSERT INTO bulk_sends (
    organization_id, id, template_id, name, email_message, external_id, idempotency_key, fingerprint,
    total_count, sent_count, failed_count, created_at, updated_at
)
SELECT
    tenants.organization_id,
    uuidv7(moment.at - now()),
    tenants.template_ids[1 + planned.n % 3],
    'Bulk send ' || planned.n,
    'Please sign this by the end of the month.',
    CASE WHEN planned.n % 2 = 0 THEN 'contract-' || planned.n END,
    'key-' || planned.n,
    sha256(planned.n::text::bytea),
    planned.size,
    CASE WHEN planned.waits THEN 0 ELSE planned.size - outcome.failed END,
    CASE WHEN planned.waits THEN 0 ELSE outcome.failed END,
    moment.at,
    moment.at + interval '1 minute'
FROM planned
INNER JOIN tenants ON planned.tenant = tenants.n
CROSS JOIN LATERAL (
    SELECT now() - interval '365 days' * (1 - planned.n::float / (SELECT count(*) FROM planned)) AS at
) AS moment
CROSS JOIN LATERAL (
    SELECT CASE WHEN planned.n % 50 = 0 AND planned.size > 1 THEN 1 ELSE 0 END AS failed
) AS outcome
ORDER BY planned.n
"""

_DOCUMENTS: Final = """
INSERT INTO documents (
    organization_id, id, bulk_send_id, signer_index, signer_name, signer_email, signer_values, external_id,
    status, signed_at, delivery_status, attempts, queued_at, next_attempt_at, sent_at, failed_at,
    error_code, error_message, smtp_code, created_at, updated_at
)
SELECT
    organization_id,
    uuidv7(created_at - now()),
    parents.id,
    signer,
    'Signer ' || signer,
    substr(md5(parents.id::text || signer), 1, 12) || '@example.com',
    jsonb_build_object('company', 'Company ' || signer),
    external_id || '-' || signer,
    CASE WHEN delivery = 'sent' AND signer % 3 > 0 THEN 'signed' ELSE 'pending' END,
    CASE WHEN delivery = 'sent' AND signer % 3 > 0 THEN updated_at + interval '1 day' END,
    delivery,
    CASE WHEN delivery = 'pending' THEN 0 ELSE 1 END,
    created_at,
    CASE WHEN delivery = 'pending' THEN created_at END,
    CASE WHEN delivery = 'sent' THEN updated_at END,
    CASE WHEN delivery = 'failed' THEN updated_at END,
    CASE WHEN delivery = 'failed' THEN 'MAILBOX_UNAVAILABLE' END,
    CASE WHEN delivery = 'failed' THEN '5.1.1 No such user' END,
    CASE WHEN delivery = 'failed' THEN 550 END,
    created_at,
    updated_at
FROM (SELECT * FROM bulk_sends ORDER BY bulk_sends.id) AS parents
CROSS JOIN LATERAL generate_series(0, total_count - 1) AS signer
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN sent_count = 0 THEN 'pending'
            WHEN signer < failed_count THEN 'failed'
            ELSE 'sent'
        END AS delivery
) AS outcome
"""

_TURNS: Final = """
INSERT INTO delivery_turns (organization_id, due_at)
SELECT organization_id, min(next_attempt_at)
FROM documents
WHERE delivery_status = 'pending' AND deleted_at IS NULL
GROUP BY organization_id
"""
