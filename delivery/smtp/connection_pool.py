"""A pool of kept-alive connections to the SMTP server, as many as it accepts."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from bulksend.delivery.smtp.connection import Connection, ServerTroubleError

# Routers drop idle connections without notifying either end, some after four minutes.
KEPT_SECONDS: Final = 60
# After a server has refused another connection, one is tried again after this long.
GROW_SECONDS: Final = 15

OpenConnection: TypeAlias = Callable[[], Awaitable[Connection]]


class ConnectionPool:
    """Lends connections, at most `limit` at once.

    If a new connection is refused while others work, the limit is reduced to those, waiting mails use them, and another
    connection is tried from time to time. Only if none works is the trouble raised.
    """

    def __init__(self, open_connection: OpenConnection, most: int) -> None:
        self._open_connection = open_connection
        self._most = most
        self._idle: list[Connection] = []
        self._lent = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[asyncio.Future[Connection]] = deque()
        self._grow_at = 0.0
        self._is_stopped = False
        self.limit = most

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend an idle connection, opening or waiting for one if necessary. Raise `ServerTroubleError`."""
        connection = self._take_idle() or await self._wait()
        try:
            yield connection
        finally:
            self._put_back(connection)

    @property
    def wanted(self) -> int:
        """The number of connections to use: one more than the limit while another may be tried."""
        return self.limit + self._may_grow

    def drop_idle(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def stop(self) -> None:
        """Keep no further connection open after its mail."""
        self._is_stopped = True

    async def quit(self) -> None:
        """Send QUIT on the idle connections, and open no others."""
        for task in self._opening:
            task.cancel()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.quit() for connection in idle))

    def _take_idle(self) -> Connection | None:
        """Return the connection used last, if it is not too old, so that superfluous ones expire."""
        oldest = time.monotonic() - KEPT_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.kept_since > oldest:
                self._lent += 1
                return connection
            connection.close()
        return None

    async def _wait(self) -> Connection:
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._open_more()
        try:
            return await waiter
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: asyncio.Future[Connection]) -> None:
        if waiter.done() and not waiter.cancelled() and not waiter.exception():
            self._put_back(waiter.result())
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        for surplus in list(self._opening)[len(self._waiting) :]:
            surplus.cancel()

    def _put_back(self, connection: Connection) -> None:
        self._lent -= 1
        if self._is_stopped:
            connection.close()
        if connection.is_open:
            self._hand_out(connection)
        self._open_more()

    def _hand_out(self, connection: Connection) -> None:
        connection.kept_since = time.monotonic()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._lent += 1
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def _open_more(self) -> None:
        while not self._is_stopped and len(self._opening) < len(self._waiting) and self._may_open():
            task = asyncio.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _may_open(self) -> bool:
        count = self._working + len(self._opening)
        return count < self.wanted

    @property
    def _may_grow(self) -> bool:
        return self.limit < self._most and time.monotonic() >= self._grow_at

    @property
    def _working(self) -> int:
        return self._lent + len(self._idle)

    async def _open(self) -> None:
        try:
            connection = await self._open_connection()
        except ServerTroubleError as error:
            self._end_opening()
            self._note_refusal(error)
        except asyncio.CancelledError:
            self._end_opening()
            self._open_more()
            raise
        except Exception as error:
            self._end_opening()
            self._fail_all(error)
        else:
            self._end_opening()
            self.limit = max(self.limit, self._working + 1)
            self._hand_out(connection)
            self._open_more()

    def _end_opening(self) -> None:
        if task := asyncio.current_task():
            self._opening.discard(task)

    def _note_refusal(self, error: ServerTroubleError) -> None:
        if self._working:
            self.limit = self._working
            self._grow_at = time.monotonic() + GROW_SECONDS
        elif not self._opening:
            self._fail_all(error)

    def _fail_all(self, error: Exception) -> None:
        self.limit = self._most
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(error)
