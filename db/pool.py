"""Opening the pool of connections; loans and transactions for reads and writes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bulksend.db.errors import CONNECTION_LOST, TRANSIENT
from bulksend.db.fair_pool import FairPool
from bulksend.db.timestamps import keep_microseconds

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

COMMAND_TIMEOUT = 30.0
# A caller is told within 5 s that the database does not answer: after this long for a read, or waiting for a connection
# to write on. Timed here and not by the server: a session's statement_timeout would not outlive PgBouncer's
# transactions, and SET LOCAL would cost each read a round trip.
WAIT_SECONDS: Final = 4.0
CLOSE_TIMEOUT = 5.0
# With `fair_pool.IDLE_SECONDS` before: an idle connection beyond `min_size` is closed after some minutes.
INACTIVE_SECONDS = 240.0
MOST_QUERIES = 50_000
TRIES = 3
# A write that has failed is not begun again later than this: with 2 s for a lock it would end after the caller's 5 s.
RETRY_SECONDS: Final = 2.5
_PLANNING_ANEW: Final = "BEGIN; SET LOCAL plan_cache_mode = force_custom_plan"
_WRITING: Final = "BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s'"

Result = TypeVar("Result")


@asynccontextmanager
async def open_pool(
    dsn: str, *, statement_cache_size: int = 100, min_size: int = 2, max_size: int = 8
) -> AsyncIterator[Pool]:
    """Open a pool of connections to `dsn` and close it at the end.

    `statement_cache_size` must be 0 behind PgBouncer in transaction mode. Sessions are not altered once they have begun
    (only `SET LOCAL`, no session locks), so nothing is reset on release, which would cost 0.1-0.3 ms each time. A
    timestamptz is returned as `timestamps` has it. Prepared statements have generic plans, and no statement waits for
    a lock for longer than 2 s; behind PgBouncer that holds for transactions of `writing` alone.
    """
    pool = await FairPool(
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
    """Open a transaction for a write, which waits at most 2 s for a lock and ends when idle for 5 s.

    Raise `asyncpg.LockNotAvailableError` in the first case.
    """
    return _transaction(pool.acquire(), _WRITING)


def reading(pool: Pool, seconds: float | None = None) -> AbstractAsyncContextManager[Connection]:
    """Lend a connection for a caller's read.

    Raise `TimeoutError` and cancel the statement if waiting for the connection and reading take longer than `seconds`
    (`WAIT_SECONDS`) together, as when all connections are busy or a table is locked.
    """
    return _LimitedLoan(pool.acquire(), WAIT_SECONDS if seconds is None else seconds)


class _LimitedLoan:
    # Written out, since a generator as a context manager takes 3 % of a small read.
    __slots__ = ("_limit", "_loan")

    def __init__(self, loan: AbstractAsyncContextManager[Connection], seconds: float) -> None:
        self._limit = asyncio.timeout(seconds)
        self._loan = loan

    async def __aenter__(self) -> Connection:
        await self._limit.__aenter__()
        try:
            return await self._loan.__aenter__()
        except BaseException as error:
            await self._limit.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._loan.__aexit__(kind, error, trace)
        except BaseException as other:
            await self._limit.__aexit__(type(other), other, other.__traceback__)
            raise
        await self._limit.__aexit__(kind, error, trace)


@asynccontextmanager
async def planning_anew(pool: Pool, seconds: float | None = None) -> AsyncIterator[Connection]:
    """Open a transaction with custom plans, for reads whose best index depends on their values; limited as `reading`.

    Raise `TimeoutError` after `seconds`.
    """
    limit = asyncio.timeout(WAIT_SECONDS if seconds is None else seconds)
    async with limit, _transaction(pool.acquire(), _PLANNING_ANEW) as conn:
        yield conn


@asynccontextmanager
async def _transaction(loan: AbstractAsyncContextManager[Connection], begin: str) -> AsyncIterator[Connection]:
    async with loan as conn:
        try:
            # One message: asyncpg's own transaction would wait for an answer to its BEGIN first.
            await conn.execute(begin)
            yield conn
        except BaseException:
            await _roll_back(conn)
            raise
        await conn.execute("COMMIT")


async def write(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work` in a transaction of `writing`, and again after a transient failure.

    Return its result. Raise the error of the third try or of one that ends after `RETRY_SECONDS`, or `TimeoutError`
    after `WAIT_SECONDS` without a connection.
    """
    return await _tried(lambda: _transaction(pool.acquire(timeout=WAIT_SECONDS), _WRITING), work)


async def write_at_once(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work`, a single statement that is its own transaction, retrying as `write` does."""
    return await _tried(lambda: pool.acquire(timeout=WAIT_SECONDS), work)


async def _tried(
    enter: Callable[[], AbstractAsyncContextManager[Connection]], work: Callable[[Connection], Awaitable[Result]]
) -> Result:
    deadline = time.monotonic() + RETRY_SECONDS
    for _ in range(TRIES - 1):
        try:
            async with enter() as conn:
                return await work(conn)
        except TRANSIENT:
            if time.monotonic() > deadline:
                raise
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
    # A statement that is its own transaction has no SET LOCAL before it: else a create would wait for a table that is
    # locked as a whole until its caller is gone.
    await conn.execute("SET plan_cache_mode = force_generic_plan; SET lock_timeout = '2s'")


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
