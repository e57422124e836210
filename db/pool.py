"""The pool of connections: first come, first served; and the transactions for writes."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bulksend.db.errors import CONNECTION_LOST, TRANSIENT
from bulksend.db.timestamps import keep_microseconds

if TYPE_CHECKING:
    _Pool = asyncpg.Pool[asyncpg.Record]
    _Proxy = PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = _Pool
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | _Proxy
else:
    Pool = _Pool = asyncpg.Pool
    Connection = asyncpg.Connection

COMMAND_TIMEOUT = 30.0
# A caller is told within 5 s that the database does not answer: after this long for a read, or waiting for a connection
# to write on. Timed here and not by the server: a session's statement_timeout would not outlive PgBouncer's
# transactions, and SET LOCAL would cost each read a round trip.
WAIT_SECONDS: Final = 4.0
CLOSE_TIMEOUT = 5.0
# An idle connection beyond `min_size` is closed after some minutes.
IDLE_SECONDS: Final = 60.0
INACTIVE_SECONDS = 240.0
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

    `statement_cache_size` must be 0 behind PgBouncer in transaction mode. Sessions are never altered (only `SET LOCAL`,
    no session locks), so nothing is reset on release, which would cost 0.1-0.3 ms each time. A timestamptz is returned
    as `timestamps` has it. Prepared statements have generic plans.
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


class FairPool(_Pool):
    """asyncpg's pool, with a connection handed straight from who releases it to who has waited longest.

    asyncpg makes a task of every release, sets a timer, and lets whoever asks meanwhile overtake those who wait. Here a
    released connection stays checked out of asyncpg's pool; it opens, resets and closes connections, and no more.
    Every place for a connection, of `max_size` in all, is either lent, idle, or not taken from asyncpg yet.
    """

    def __init__(self, *given: Any, max_size: int, **options: Any) -> None:
        super().__init__(*given, max_size=max_size, **options)
        # The one used last comes last, with the time when it was released.
        self._idle: list[tuple[_Proxy, float]] = []
        self._untaken = max_size
        # In order; each receives a connection, or None for a place that has none yet.
        self._waiting: deque[asyncio.Future[_Proxy | None]] = deque()
        self._closing_idle: asyncio.Task[None] | None = None
        self._ends = False

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Return a connection, to `await` or to use in `async with`. `timeout`: seconds to wait for one."""
        return _Loan(self, timeout)

    async def lend(self) -> "_Proxy":
        """Return an idle connection, opening or waiting for one if necessary."""
        if self._idle:
            connection, _ = self._idle.pop()
            return connection if _is_open(connection) else await self._open(connection)
        if self._untaken:
            self._untaken -= 1
            return await self._open(None)
        received = await self._wait()
        return received if received is not None and _is_open(received) else await self._open(received)

    async def take_back(self, connection: "_Proxy", *, is_in_order: bool) -> None:
        """Hand a connection on, or keep it idle; have asyncpg's pool look at it first unless it is in order."""
        if is_in_order and _is_idle(connection) and not self._ends:
            self._hand_on(connection)
        else:
            await self.release(connection)

    async def release(self, connection: "_Proxy", *, timeout: float | None = None) -> None:
        """Reset a connection, give it back to asyncpg's pool, and its place to whoever waits."""
        try:
            await super().release(connection, timeout=timeout)
        finally:
            self._hand_on(None)

    async def close(self) -> None:
        """Close every connection, after those that use one have released it."""
        self._ends = True
        if self._closing_idle:
            self._closing_idle.cancel()
            await asyncio.wait([self._closing_idle])
        while self._idle:
            await self.release(self._idle.pop()[0])
        await super().close()

    async def _open(self, lost: "_Proxy | None") -> "_Proxy":
        try:
            if lost is not None:
                await super().release(lost)
            return await super().acquire()
        except BaseException:
            self._hand_on(None)
            raise

    async def _wait(self) -> "_Proxy | None":
        received: asyncio.Future[_Proxy | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(received)
        try:
            return await received
        except asyncio.CancelledError:
            if received.done() and not received.cancelled():
                self._hand_on(received.result())
            raise

    def _hand_on(self, connection: "_Proxy | None") -> None:
        while self._waiting:
            received = self._waiting.popleft()
            if not received.done():
                received.set_result(connection)
                return
        if connection is None:
            self._untaken += 1
            return
        self._idle.append((connection, time.monotonic()))
        if self._closing_idle is None or self._closing_idle.done():
            self._closing_idle = asyncio.create_task(self._close_idle())

    async def _close_idle(self) -> None:
        """Return connections that were idle for long to asyncpg's pool, which closes them some minutes later."""
        while self._idle:
            left = self._idle[0][1] + IDLE_SECONDS - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            else:
                await self.release(self._idle.pop(0)[0])


class _Loan:
    """One connection, lent."""

    __slots__ = ("_connection", "_pool", "_timeout")

    def __init__(self, pool: FairPool, timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: _Proxy | None = None

    def __await__(self) -> "Generator[Any, Any, _Proxy]":
        return self.__aenter__().__await__()

    async def __aenter__(self) -> "_Proxy":
        # A timeout of None would cost a timer's set-up all the same.
        self._connection = connection = await (self._lend_within(self._timeout) if self._timeout else self._pool.lend())
        return connection

    async def _lend_within(self, seconds: float) -> "_Proxy":
        async with asyncio.timeout(seconds):
            return await self._pool.lend()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._pool.take_back(self._connection, is_in_order=kind is None)


def _is_open(connection: "_Proxy") -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # It was lost, and asyncpg's pool has taken it back.
        return False


def _is_idle(connection: "_Proxy") -> bool:
    try:
        return not connection.is_in_transaction()
    except asyncpg.InterfaceError:
        return False


def writing(pool: Pool) -> AbstractAsyncContextManager[Connection]:
    """Open a transaction for a write, which waits at most 2 s for a lock and ends when idle for 5 s.

    Raise `asyncpg.LockNotAvailableError` in the first case.
    """
    return _transaction(pool.acquire(), _WRITING)


@asynccontextmanager
async def reading(pool: Pool, seconds: float | None = None) -> AsyncIterator[Connection]:
    """Lend a connection for a caller's read.

    Raise `TimeoutError` and cancel the statement if waiting for the connection and reading take longer than `seconds`
    (`WAIT_SECONDS`) together, as when all connections are busy or a table is locked.
    """
    async with asyncio.timeout(WAIT_SECONDS if seconds is None else seconds), pool.acquire() as conn:
        yield conn


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

    Return its result. Raise the error of the third try, or `TimeoutError` after `WAIT_SECONDS` without a connection.
    """
    return await _tried(lambda: _transaction(pool.acquire(timeout=WAIT_SECONDS), _WRITING), work)


async def write_at_once(pool: Pool, work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work`, a single statement that is its own transaction, retrying as `write` does."""
    return await _tried(lambda: pool.acquire(timeout=WAIT_SECONDS), work)


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
