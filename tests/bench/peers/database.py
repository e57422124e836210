"""The PostgreSQL that all servers query: filled once, and reset after workloads that write."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg

from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.migrations import migrate

FOLDER = Path(__file__).parent
SETTINGS = {
    # In addition to Bulksend's own: memory for all data, connections for every pool, and no background work.
    "shared_buffers": "512MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
}
LARGE = 100  # documents
LARGE_ONES = 10  # bulk sends that are queried, of each of the four tenants


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization: its key, a template to send, and some bulk sends with 100 documents."""

    organization_id: UUID
    key: str
    template_id: UUID
    large: list[UUID]


@dataclass(frozen=True, slots=True)
class Database:
    """A filled database.

    `process_id`: that of the postmaster. `newest`: the last bulk send of the seed. `tenants`: the four large ones.
    `small_tenants`: the thousand others. `unseen`: bulk sends of `small_tenants`, each to be queried once.
    """

    dsn: str
    process_id: int
    tenants: list[Tenant]
    small_tenants: list[Tenant]
    unseen: list[tuple[Tenant, UUID]]
    newest: UUID

    @property
    def environment(self) -> dict[str, str]:
        """Return the address of the database as environment variables of libpq and node-postgres."""
        asked = parse_qs(urlsplit(self.dsn).query)
        return {"PGHOST": asked["host"][0], "PGPORT": asked["port"][0], "PGDATABASE": "postgres", "PGUSER": "postgres"}

    async def documents(self, bulk_send_id: UUID) -> list[tuple[object, ...]]:
        """Return what is stored about each document of a bulk send."""
        conn = await asyncpg.connect(self.dsn)
        try:
            rows = await conn.fetch(
                "SELECT organization_id, signer_index, signer_name, signer_email, signer_values, delivery_status"
                " FROM documents WHERE bulk_send_id = $1 ORDER BY signer_index",
                bulk_send_id,
            )
            return [tuple(row) for row in rows]
        finally:
            await conn.close()

    async def forget_created(self) -> None:
        """Delete everything created since the seed, and clean up so that the next measurement is not affected."""
        conn = await asyncpg.connect(self.dsn)
        try:
            async with conn.transaction():
                # The load stops in the middle of creates; wait until they end.
                await conn.execute("LOCK TABLE bulk_sends, documents IN EXCLUSIVE MODE")
                await conn.execute("DELETE FROM documents WHERE bulk_send_id > $1", self.newest)
                await conn.execute("DELETE FROM bulk_sends WHERE id > $1", self.newest)
            await conn.execute("VACUUM documents, bulk_sends, bulk_send_rates, delivery_turns, api_keys")
            await conn.execute("CHECKPOINT")
        finally:
            await conn.close()


@asynccontextmanager
async def filled_database() -> AsyncIterator[Database]:
    """Run the embedded PostgreSQL filled with the seed."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        async with embedded_postgres(Path(home) / "postgres", settings=SETTINGS) as dsn:
            await migrate(dsn)
            process_id = int((Path(home) / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
            conn = await asyncpg.connect(dsn)
            try:
                await conn.execute((FOLDER / "seed.sql").read_text())
                await conn.execute((FOLDER / "javascript" / "postgraphile.sql").read_text())
                await conn.execute("VACUUM ANALYZE")
                await conn.execute("CHECKPOINT")
                database = await _read(conn, dsn, process_id)
            finally:
                await conn.close()
            yield database


async def _read(conn: "asyncpg.Connection[asyncpg.Record]", dsn: str, process_id: int) -> Database:
    newest = await conn.fetchval("SELECT id FROM bulk_sends ORDER BY id DESC LIMIT 1")
    tenants = [_tenant(row) for row in await conn.fetch(_TENANTS, LARGE, LARGE_ONES)]
    by_id = {tenant.organization_id: tenant for tenant in tenants}
    small = [tenant for tenant in tenants if len(tenant.large) == 1]
    rows = await conn.fetch(_UNSEEN, [tenant.organization_id for tenant in small])
    unseen = [(by_id[row["organization_id"]], row["id"]) for row in rows]
    return Database(dsn, process_id, tenants[: len(tenants) - len(small)], small, unseen, newest)


_TENANTS: Final = """
SELECT organizations.id, organizations.name, template.id AS template_id, large.ids
FROM organizations
CROSS JOIN LATERAL (
    SELECT id FROM templates WHERE organization_id = organizations.id ORDER BY id LIMIT 1
) AS template
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS ids
    FROM (
        SELECT id FROM bulk_sends
        WHERE organization_id = organizations.id AND total_count = $1 AND deleted_at IS NULL
        ORDER BY id DESC
        LIMIT $2
    ) AS newest
) AS large
ORDER BY organizations.id
"""
_UNSEEN: Final = """
SELECT organization_id, id FROM bulk_sends
WHERE organization_id = any($1) AND deleted_at IS NULL AND total_count = 10
ORDER BY id
"""


def _tenant(row: asyncpg.Record) -> Tenant:
    number = int(row["name"].removeprefix("Organization "))
    return Tenant(row["id"], f"isk_{number:044}", row["template_id"], list(row["ids"]))
