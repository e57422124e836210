"""The pool of connections, and what is true of each of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bulksend.db.errors import CONNECTION_LOST, TRANSIENT
from bulksend.db.ready_pool import ReadyPool
from bulksend.db.timestamps import keep_microseconds

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

COMMAND_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0
# asyncpg's own defaults: then it closes a connection that it got back, for want of use or after so much of it.
INACTIVE_SECONDS = 300.0
MOST_QUERIES = 50_000
TRIES = 3
_PLANNING_ANEW: Final = "BEGIN; SET LOCAL plan_cache_mode = force_custom_plan"
_WRITING: Final = "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'"

Result = TypeVar("Result")


@asynccontextmanager
async def open_pool(
    dsn: str, *, statement_cache_size: int = 100, min_size: int = 2, max_size: int = 8
) -> AsyncIterator[Pool]:
    """Open a pool of connections to `dsn` and close it at the end.

    `statement_cache_size` must be 0 behind PgBouncer in transaction mode. Connections are never given back altered
    (only `SET LOCAL`, no session locks), so nothing is reset on release: it would cost 0.1–0.3 ms each time. Times come
    as `moments` says. Where statements are prepared, each is planned once and not for every execution.
    """
    pool = await ReadyPool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        max_queries=MOST_QUERIES,
        max_inactive_connection_lifetime=INACTIVE_SECONDS,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        loop=None,
        statement_cache_size=statement_cache_size,
        command_timeout=COMMAND_TIMEOUT,
        init=_begin_session if statement_cache_size else keep_microseconds,
        reset=_keep,
    )
    try:
        yield pool
    finally:
        await _close(pool)


def writing(pool: Pool) -> AbstractAsyncContextManager[Connection]:
    """Open a transaction for a write: a lock is waited for at most 2 s, an idle transaction ends after 5 s.

    Raises `asyncpg.LockNotAvailableError` in the first case.
    """
    return _transaction(pool, _WRITING)


def planning_anew(pool: Pool) -> AbstractAsyncContextManager[Connection]:
    """Open a transaction whose statements are planned for their values: where the right index depends on these."""
    return _transaction(pool, _PLANNING_ANEW)


@asynccontextmanager
async def _transaction(pool: Pool, begin: str) -> AsyncIterator[Connection]:
    async with pool.acquire() as conn:
        try:
            # One message: asyncpg's own transaction would wait for an answer to its BEGIN first.
            await conn.execute(begin)
            yield conn
        except BaseException:
            await _roll_back(conn)
            raise
        await conn.execute("COMMIT")


async def write(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work` in a transaction of `writing`, and anew if it was rolled back for no fault of its own.

    Raises what the third try raised.
    """
    return await _tried(lambda: writing(pool), work)


async def write_at_once(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work`, one statement that is a transaction of its own, as `write` does."""
    return await _tried(pool.acquire, work)


async def _tried(
    enter: Callable[[], AbstractAsyncContextManager[Connection]], work: Callable[[Connection], Awaitable[Result]]
) -> Result:
    for _ in range(TRIES - 1):
        with suppress(*TRANSIENT):
            async with enter() as conn:
                return await work(conn)
    async with enter() as conn:
        return await work(conn)


async def _roll_back(conn: Connection) -> None:
    # Without its connection the transaction has ended, and why it did is known better.
    with suppress(*CONNECTION_LOST):
        await conn.execute("ROLLBACK")


async def _begin_session(conn: "asyncpg.Connection[Any]") -> None:
    await keep_microseconds(conn)
    # Left to itself PostgreSQL takes the generic plans of some statements for worse than they are, and makes plans that
    # come to the same anew each time: half of what reading a page cost it. The plans' tests hold the generic ones.
    await conn.execute("SET plan_cache_mode = force_generic_plan")


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
