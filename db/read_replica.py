"""A replica for reads that may be some moments old, and the primary in its place while the replica is away."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias, TypeVar

import asyncpg
import structlog
from prometheus_client import Gauge

from bulksend.db.errors import TRANSIENT, UNREACHABLE
from bulksend.db.pool import WAIT_SECONDS, Connection, Pool

PROBE_EVERY: Final = 0.5
PROBE_SECONDS: Final = 1.0
# A read that the replica has not answered by then is repeated on the primary, with what is left of `WAIT_SECONDS`.
REPLICA_SECONDS: Final = 1.5

AWAY: Final = Gauge("bulksend_read_replica_away", "1 while lists are read from the primary instead of the replica.")

Result = TypeVar("Result")
# Lends a connection of a pool for at most so many seconds (None: as usual): `pool.reading` or `pool.planning_anew`.
Enter: TypeAlias = Callable[[Pool, float | None], AbstractAsyncContextManager[Connection]]

log = structlog.get_logger(__name__)


class ReadReplica:
    """Reads from a replica's pool, or from the primary's without a replica or while it is away.

    `dsn`: where `run` looks whether the replica is there.
    """

    def __init__(self, primary: Pool, replica: Pool | None = None, dsn: str = "") -> None:
        self._primary = primary
        self._replica = replica
        self._dsn = dsn
        self._is_away = False

    @property
    def is_away(self) -> bool:
        """Whether there should be a replica and it does not answer."""
        return self._is_away

    async def read(self, enter: Enter, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Return the result of `work`, repeated on the primary if the replica fails or cancels it.

        Raise `TimeoutError` after `WAIT_SECONDS` in all.
        """
        if self._replica is None or self._is_away:
            return await _read(enter, self._primary, None, work)
        began = time.monotonic()
        try:
            return await _read(enter, self._replica, REPLICA_SECONDS, work)
        except TRANSIENT:
            # A conflict with recovery: the rows that it was reading were removed on the primary (40001), or it held a
            # page that replay waits for (40P01).
            log.info("the read replica cancelled a read, which is repeated on the primary")
        except TimeoutError:
            log.warning("the read replica did not answer in time; the read is repeated on the primary")
        except UNREACHABLE as error:
            self._note_away(error)
        return await _read(enter, self._primary, WAIT_SECONDS - (time.monotonic() - began), work)

    async def run(self) -> None:
        """Look every half second whether the replica answers, until cancelled."""
        while True:
            try:
                await self._watch()
            except UNREACHABLE as error:
                self._note_away(error)
            await asyncio.sleep(PROBE_EVERY)

    async def probe(self) -> None:
        """Look once whether the replica answers."""
        try:
            conn = await self._connect()
            await conn.close(timeout=PROBE_SECONDS)
        except UNREACHABLE as error:
            self._note_away(error)

    async def _watch(self) -> None:
        # A connection of its own: that all of the pool's are busy says nothing.
        conn = await self._connect()
        try:
            while True:
                await conn.execute("SELECT 1", timeout=PROBE_SECONDS)
                self._note_back()
                await asyncio.sleep(PROBE_EVERY)
        finally:
            conn.terminate()

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(self._dsn, timeout=PROBE_SECONDS, statement_cache_size=0)

    def _note_away(self, error: BaseException) -> None:
        if not self._is_away:
            log.warning("the read replica is away: lists are read from the primary", error=type(error).__name__)
        self._is_away = True
        AWAY.set(1)

    def _note_back(self) -> None:
        if self._is_away:
            log.info("the read replica is back")
        self._is_away = False
        AWAY.set(0)


async def _read(
    enter: Enter, pool: Pool, seconds: float | None, work: Callable[[Connection], Awaitable[Result]]
) -> Result:
    async with enter(pool, seconds) as conn:
        return await work(conn)
