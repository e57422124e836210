"""Run an embedded PostgreSQL in a folder, supervised by the process that owns it.

The process that holds the home's lock owns the server; others attach. The kernel releases the lock and closes the
watchdog's pipe, so a `kill -9` of the owner stops the server too:

    owner ──child──► postgres ◄──SIGINT when the pipe closes── watchdog ◄──pipe── owner
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import asyncpg

from bulksend.db.embedded.binaries import EmbeddedPostgresError, postgres_bin
from bulksend.db.embedded.data_folder import Server

__all__ = ["TEST_SETTINGS", "EmbeddedPostgresError", "embedded_postgres", "postgres_bin"]

Result = TypeVar("Result")

# Settings for data that may be lost in a crash of the machine.
TEST_SETTINGS: Final[Mapping[str, str]] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "1GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_POLL: Final = 0.02


@asynccontextmanager
async def embedded_postgres(
    home: Path, *, settings: Mapping[str, str] = {}, attach: bool = True, start_timeout: float = 120
) -> AsyncIterator[str]:
    """Run the PostgreSQL whose data is in `home` and yield its DSN (Unix socket, user and database `postgres`).

    The server stops at the end, and also when this process dies in any way. If another process runs it, attach to
    that one: the owner's settings apply then, and attached processes lose their connections when the owner stops.

    `start_timeout`: seconds; crash recovery may be slow. Raise `EmbeddedPostgresError` if the server cannot start, or
    if another process runs it and `attach` is false.
    """
    server = await asyncio.to_thread(Server.at, home, settings)
    try:
        await _within(start_timeout, server, attach=attach)
        yield server.home.dsn
    finally:
        await _uncancellable(server.stop)


async def _within(seconds: float, server: Server, *, attach: bool) -> None:
    try:
        async with asyncio.timeout(seconds):
            await _start_or_attach(server, attach=attach)
    except TimeoutError as error:
        raise EmbeddedPostgresError(f"PostgreSQL did not answer in {seconds:g} s{server.log_tail()}") from error


async def _start_or_attach(server: Server, *, attach: bool) -> None:
    # The owner may die while its server is waited for, so each round tries to become the owner.
    while not server.take_lock():
        if not attach:
            raise EmbeddedPostgresError(f"another process runs the PostgreSQL in {server.home.path}")
        if await _answers(server.home.dsn):
            return
        await asyncio.sleep(_POLL)
    await _uncancellable(server.start)
    while not await _answers(server.home.dsn):
        server.check_alive()
        await asyncio.sleep(_POLL)


async def _answers(dsn: str) -> bool:
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
        await connection.close()
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError):
        return False
    return True


async def _uncancellable(work: Callable[[], Result]) -> Result:
    """Run blocking work in a thread and wait for it even when cancelled, so that no start outlives its stop."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
