"""Migrations: each runs once, in order, and never on a newer database."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from conftest import scratch_database
from support.schema_dump import dump

from bulksend.db import migrations

SCHEMA = Path(__file__).parents[2] / "sql" / "schema.sql"


async def test_applies_each_once_also_when_several_start(server_dsn: str) -> None:
    async with scratch_database(server_dsn, "several") as dsn:
        applied = await asyncio.gather(*(migrations.migrate(dsn) for _ in range(4)))
        assert sorted(one.version for many in applied for one in many) == [
            one.version for one in migrations.migrations()
        ]


async def test_versions_have_no_gap() -> None:
    assert [one.version for one in migrations.migrations()] == list(range(1, len(migrations.migrations()) + 1))


async def test_an_empty_database_says_what_to_run(server_dsn: str) -> None:
    async with scratch_database(server_dsn, "empty") as dsn:
        conn = await asyncpg.connect(dsn)
        with pytest.raises(migrations.MigrationsPending, match="bulksend migrate"):
            await migrations.check(conn)
        await conn.close()


async def test_a_newer_database_is_left_alone(server_dsn: str) -> None:
    async with scratch_database(server_dsn, "newer") as dsn:
        await migrations.migrate(dsn)
        conn = await asyncpg.connect(dsn)
        await conn.execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'tomorrow')")
        with pytest.raises(migrations.DatabaseIsNewer):
            await migrations.check(conn)
        with pytest.raises(migrations.DatabaseIsNewer):
            await migrations.migrate(dsn)
        await conn.close()


async def test_schema_sql_is_what_the_migrations_make(dsn: str) -> None:
    assert await dump(dsn) == SCHEMA.read_text("utf-8"), "run .ci/write-schemas"
