"""An embedded PostgreSQL in a folder: the wheel's programs, our own supervision.

The process that holds the home's lock owns the server, and others attach. The lock and the watchdog are given up by
the kernel, so both also end with a `kill -9` of the owner:

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

# For data that may be lost with the machine.
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
    that one: `settings` are the owner's then, and when the owner stops, the attached just lose their connections.

    `start_timeout` is in seconds and long, because crash recovery may be. Raises `EmbeddedPostgresError` when the
    server cannot start, or is another process's and `attach` is false.
    """
    server = await asyncio.to_thread(Server.at, home, settings)
    try:
        await _within(start_timeout, server, attach=attach)
        yield server.home.dsn
    finally:
        await _to_its_end(server.stop)


async def _within(seconds: float, server: Server, *, attach: bool) -> None:
    try:
        async with asyncio.timeout(seconds):
            await _start_or_attach(server, attach=attach)
    except TimeoutError as error:
        raise EmbeddedPostgresError(f"PostgreSQL did not answer in {seconds:g} s{server.log_tail()}") from error


async def _start_or_attach(server: Server, *, attach: bool) -> None:
    # An owner may die while we wait for its server, so being the owner is tried anew each time.
    while not server.take_lock():
        if not attach:
            raise EmbeddedPostgresError(f"another process runs the PostgreSQL in {server.home.path}")
        if await _answers(server.home.dsn):
            return
        await asyncio.sleep(_POLL)
    await _to_its_end(server.start)
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


async def _to_its_end(work: Callable[[], Result]) -> Result:
    """Run blocking work in a thread; a cancellation waits for it, or a start would go on after its stop."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
