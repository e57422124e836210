"""The pool of connections, and what is true of each of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bulksend.db.errors import TRANSIENT
from bulksend.db.moments import keep_microseconds

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

COMMAND_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0
TRIES = 3

Result = TypeVar("Result")


@asynccontextmanager
async def open_pool(
    dsn: str, *, statement_cache_size: int = 100, min_size: int = 2, max_size: int = 8
) -> AsyncIterator[Pool]:
    """Open a pool of connections to `dsn` and close it at the end.

    `statement_cache_size` must be 0 behind PgBouncer in transaction mode. Connections are never given back altered
    (only `SET LOCAL`, no session locks), so nothing is reset on release: it would cost 0.1–0.3 ms each time. Times come
    as `moments` says.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        statement_cache_size=statement_cache_size,
        command_timeout=COMMAND_TIMEOUT,
        init=keep_microseconds,
        reset=_keep,
    )
    try:
        yield pool
    finally:
        await _close(pool)


@asynccontextmanager
async def writing(pool: Pool) -> AsyncIterator[Connection]:
    """Open a transaction for a write: a lock is waited for at most 2 s, an idle transaction ends after 5 s.

    Raises `asyncpg.LockNotAvailableError` in the first case.
    """
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'")
        yield conn


async def write(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work` in a transaction of `writing`, and anew if it was rolled back for no fault of its own.

    Raises what the third try raised.
    """
    for _ in range(TRIES - 1):
        with suppress(*TRANSIENT):
            async with writing(pool) as conn:
                return await work(conn)
    async with writing(pool) as conn:
        return await work(conn)


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await pool.close()
    except TimeoutError:
        # A server that does not answer must not keep the process from ending.
        pool.terminate()


async def _keep(conn: "asyncpg.Connection[Any]") -> None:
    # A task cancelled at a bad moment is the one way to give back a transaction that is still open.
    if conn.is_in_transaction():
        await conn.reset()
