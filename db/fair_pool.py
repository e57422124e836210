"""The pool of connections: first come, first served, within 20 ms."""

import asyncio
import time
from collections import deque
from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    _Pool = asyncpg.Pool[asyncpg.Record]
    _Proxy = PoolConnectionProxy[asyncpg.Record]
else:
    _Pool = asyncpg.Pool

# A connection idle for so long goes back to asyncpg's pool.
IDLE_SECONDS: Final = 60.0
# A request that has waited for longer is not overtaken.
OVERTAKING_SECONDS: Final = 0.02


class FairPool(_Pool):
    """asyncpg's pool, with cheap loans and a fair queue.

    asyncpg creates a task for every release, sets a timer, and lets newcomers overtake those who wait, without limit.
    Here a released connection stays checked out of asyncpg's pool, which only opens, resets and closes connections.
    It is lent to whoever asks within the same turn of the event loop, then to those who wait, in their order; straight
    to the first of them if they have waited for `OVERTAKING_SECONDS`. If it were handed over straight away each time,
    every request would wait as soon as there are more of them than connections: 3 to 8 % of its processor time.
    Every place for a connection, of `max_size` in all, is either lent, idle, or not taken from asyncpg yet.
    """

    def __init__(self, *given: Any, max_size: int, **options: Any) -> None:
        super().__init__(*given, max_size=max_size, **options)
        # The one used last comes last, with the time when it was released.
        self._idle: list[tuple[_Proxy, float]] = []
        self._untaken = max_size
        # In order, with the time when the wait began; each receives a connection, or None for an untaken place.
        self._waiting: deque[tuple[asyncio.Future[_Proxy | None], float]] = deque()
        self._is_serving = False
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
        self._waiting.append((received, time.monotonic()))
        try:
            return await received
        except asyncio.CancelledError:
            if received.done() and not received.cancelled():
                self._hand_on(received.result())
            raise

    def _hand_on(self, connection: "_Proxy | None") -> None:
        """Give a connection, or a place for one, to an overdue request; else keep it for a turn of the event loop."""
        if connection is None or self._is_overdue():
            self._serve_next(connection)
            return
        self._keep(connection)
        if self._waiting and not self._is_serving:
            self._is_serving = True
            asyncio.get_running_loop().call_soon(self._serve_waiting)

    def _is_overdue(self) -> bool:
        return bool(self._waiting) and time.monotonic() - self._waiting[0][1] > OVERTAKING_SECONDS

    def _serve_waiting(self) -> None:
        self._is_serving = False
        while self._idle and self._waiting:
            self._serve_next(self._idle.pop()[0])

    def _serve_next(self, connection: "_Proxy | None") -> None:
        while self._waiting:
            received, _ = self._waiting.popleft()
            if not received.done():
                received.set_result(connection)
                return
        if connection is None:
            self._untaken += 1
        else:
            self._keep(connection)

    def _keep(self, connection: "_Proxy") -> None:
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
