"""Apply `sql/migrations/0001_….sql`, numbered and forward only, each in a transaction; then `sql/views.sql`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import asyncpg

from bulksend.db.pool import Connection

LOCK: Final = 0x62756C6B  # "bulk": the advisory lock that makes concurrent migrators wait for each other
_NAME: Final = re.compile(r"(\d{4})_(\w+)\.sql")


class DatabaseIsNewer(Exception):
    """The database was migrated by a newer version of Bulksend, which must be used."""


class MigrationsPending(Exception):
    """The database lacks migrations; run `bulksend migrate`."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without number and ending, its SQL."""

    version: int
    name: str
    text: str


def migrations() -> list[Migration]:
    """Return every migration this code knows, in order."""
    entries = _folder().joinpath("migrations").iterdir()
    found = [(match, entry) for entry in entries if (match := _NAME.fullmatch(entry.name))]
    return sorted(
        (Migration(int(match[1]), match[2], entry.read_text("utf-8")) for match, entry in found),
        key=lambda migration: migration.version,
    )


def views() -> str:
    """Return the SQL that drops and creates every view and function."""
    return _folder().joinpath("views.sql").read_text("utf-8")


def _folder() -> Traversable:
    return files("bulksend") / "sql"


async def migrate(dsn: str) -> list[Migration]:
    """Apply and return the pending migrations, then create the views anew.

    Raise `DatabaseIsNewer`, or the database's error, after which the failed migration has changed nothing.
    """
    conn = await asyncpg.connect(dsn, statement_cache_size=0)
    try:
        return await _migrate(conn)
    finally:
        await conn.close()


async def check(conn: Connection) -> None:
    """Raise `MigrationsPending` or `DatabaseIsNewer` unless the database is at this code's version."""
    version = await _version(conn)
    latest = migrations()[-1].version
    if version < latest:
        raise MigrationsPending(
            f"the database is at migration {version}, this version needs {latest}: run bulksend migrate"
        )
    _refuse_newer(version, latest)


async def _migrate(conn: Connection) -> list[Migration]:
    known = migrations()
    applied = []
    for migration in known:
        if await _apply(conn, migration):
            applied.append(migration)
    _refuse_newer(await _version(conn), known[-1].version)
    await _create_views(conn)
    return applied


async def _create_views(conn: Connection) -> None:
    async with _locked(conn):
        await conn.execute(views())


@asynccontextmanager
async def _locked(conn: Connection) -> AsyncIterator[None]:
    async with conn.transaction():
        await conn.execute("SET LOCAL lock_timeout = '10s'")
        await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        yield


async def _apply(conn: Connection, migration: Migration) -> bool:
    async with _locked(conn):
        await conn.execute(_VERSIONS)
        # The version row comes first: if two processes run the same migration, the second changes nothing.
        tag = await conn.execute(_CLAIM, migration.version, migration.name)
        if tag == "INSERT 0 0":
            return False
        await conn.execute(migration.text)
        return True


async def _version(conn: Connection) -> int:
    if await conn.fetchval("SELECT to_regclass('public.schema_migrations') IS NULL"):
        return 0
    return int(await conn.fetchval("SELECT coalesce(max(version), 0) FROM schema_migrations"))


def _refuse_newer(version: int, latest: int) -> None:
    if version > latest:
        raise DatabaseIsNewer(f"the database is at migration {version}, this version only knows {latest}")


_VERSIONS: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
_CLAIM: Final = "INSERT INTO schema_migrations (version, name) VALUES ($1, $2) ON CONFLICT DO NOTHING"
