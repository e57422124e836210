"""asyncpg's pool, with connections at hand.

asyncpg makes a task of every release and sets a timer, which together with getting a connection takes as long as a
small statement does. Here a connection that was given back in order stays with us, and whoever asks next has it at
once. asyncpg's pool still opens and closes connections, waits for those in trouble, and has the queue of those who
wait when all are in use.
"""

import asyncio
import time
from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Base = asyncpg.Pool[asyncpg.Record]
    Proxy = PoolConnectionProxy[asyncpg.Record]
else:
    Base = asyncpg.Pool

# What was not needed for this long goes back to asyncpg's pool, which closes it some minutes later.
READY_SECONDS: Final = 60.0


class ReadyPool(Base):
    """A pool whose `acquire` gives the connection used last, without a turn of the event loop."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        # Those used last come last; with when that was.
        self._ready: list[tuple[Proxy, float]] = []
        self._waiting = 0
        self._tidying: asyncio.Task[None] | None = None

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Give a connection, to `await` or to use in `async with`. `timeout`: seconds to wait for one."""
        return _Loan(self, timeout)

    async def lend(self, timeout: float | None) -> "Proxy":
        """Give a connection that is at hand, open one, or wait for one."""
        while self._ready:
            connection, _ = self._ready.pop()
            if _is_open(connection):
                return connection
            await self.release(connection)
        self._waiting += 1
        try:
            return await super().acquire(timeout=timeout)
        finally:
            self._waiting -= 1

    async def give_back(self, connection: "Proxy", *, is_in_order: bool) -> None:
        """Keep a connection at hand, unless somebody waits for one or something may be wrong with it."""
        if self._waiting or not is_in_order or not _is_idle(connection):
            await self.release(connection)
            return
        self._ready.append((connection, time.monotonic()))
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        """Give back to asyncpg's pool what was not needed for long, until there is nothing at hand."""
        while self._ready:
            left = self._ready[0][1] + READY_SECONDS - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            else:
                await self.release(self._ready.pop(0)[0])

    async def close(self) -> None:
        """Close every connection, after those that use one have given it back."""
        # Whoever gives one back from now on finds us waiting.
        self._waiting += 1
        if self._tidying:
            self._tidying.cancel()
            await asyncio.wait([self._tidying])
        while self._ready:
            await self.release(self._ready.pop()[0])
        await super().close()


class _Loan:
    """One connection, lent."""

    __slots__ = ("_connection", "_pool", "_timeout")

    def __init__(self, pool: ReadyPool, timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connection: Proxy | None = None

    def __await__(self) -> "Generator[Any, Any, Proxy]":
        return self.__aenter__().__await__()

    async def __aenter__(self) -> "Proxy":
        self._connection = connection = await self._pool.lend(self._timeout)
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._pool.give_back(self._connection, is_in_order=kind is None)


def _is_open(connection: "Proxy") -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # It was lost, and asyncpg's pool has taken it back.
        return False


def _is_idle(connection: "Proxy") -> bool:
    try:
        return not connection.is_in_transaction()
    except asyncpg.InterfaceError:
        return False
