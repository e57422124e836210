"""Heartbeats of workers, by which others notice that a worker has died.

A worker counts its beats in its row every second. Whoever watches them and sees no change for `SILENT_SECONDS` takes
over what that worker had claimed. The watcher must have reached the database all that while: after an interruption of
its own it begins to watch anew. A worker that could not beat for `PROVEN_SECONDS`, by its own monotonic clock, may have
been taken over from, so it begins nothing until a beat succeeds.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from bulksend.db import workers
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, writing
from bulksend.db.workers import WorkerRow
from bulksend.delivery.exception_logging import described
from bulksend.delivery.metrics import TAKEN_OVER

log = structlog.get_logger(__name__)

BEAT_SECONDS: Final = 1.0
# Less than SILENT_SECONDS: a worker stops before others may take over.
PROVEN_SECONDS: Final = 4.0
SILENT_SECONDS: Final = 5.0
# A longer pause between two reads counts as an interruption.
INTERRUPTED_SECONDS: Final = 2.5


@dataclass(frozen=True, slots=True)
class Sight:
    """The beats of another worker, and since when they are unchanged, on `time.monotonic()`."""

    beats: int
    since: float


class Watch:
    """The other workers' beats, as read by one worker."""

    def __init__(self) -> None:
        self._seen: dict[UUID, Sight] = {}
        self._looked_at = 0.0

    def look(self, others: Sequence[WorkerRow], now: float) -> list[WorkerRow]:
        """Store the others' beats, and return the workers to take over from: silent ones, and those declared dead."""
        if now - self._looked_at > INTERRUPTED_SECONDS:
            self._seen.clear()
        self._looked_at = now
        self._seen = {other.id: self._sight(other, now) for other in others}
        return [other for other in others if other.is_dead or now - self._seen[other.id].since >= SILENT_SECONDS]

    def pause(self, now: float) -> float:
        """Return the time to wait before the next read: at most until another worker may be silent for too long."""
        ends = (sight.since + SILENT_SECONDS - now for sight in self._seen.values())
        return min([BEAT_SECONDS, *(end for end in ends if end > 0)])

    def _sight(self, other: WorkerRow, now: float) -> Sight:
        before = self._seen.get(other.id)
        return before if before and before.beats == other.beats else Sight(other.beats, now)


class Heartbeat:
    """A worker's row in the database, updated while `beating`."""

    def __init__(self, pool: Pool, notices: Notices) -> None:
        self._pool = pool
        self._notices = notices
        self._worker_id: UUID | None = None
        self._proven_at = 0.0
        self._watch = Watch()
        self._beats = asyncio.Lock()
        self._users = 0
        self._task: asyncio.Task[None] | None = None

    def is_proven(self, worker_id: UUID | None) -> bool:
        """Whether no other worker can have taken over yet, so that claimed mail may be begun."""
        is_current = worker_id is not None and worker_id == self._worker_id
        return is_current and time.monotonic() < self._proven_at + PROVEN_SECONDS

    async def worker_id(self) -> UUID:
        """Return the ID to claim with, after a beat if the last one is too long ago. Raise the database's errors."""
        while self._worker_id is None or not self.is_proven(self._worker_id):
            await self.beat()
        return self._worker_id

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Beat every second during the block."""
        self._users += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._users -= 1
            if self._users == 0 and self._task:
                self._task.cancel()
                self._task = None

    async def beat(self) -> None:
        """Update this worker's row, and take over from dead workers."""
        async with self._beats:
            for dead in await self._beat():
                await self._take_over(dead)

    async def _beat(self) -> list[WorkerRow]:
        now = time.monotonic()
        async with self._pool.acquire() as conn:
            worker_id = self._worker_id or await workers.register(conn)
            rows = await workers.beat(conn, worker_id=worker_id)
        if any(row.id == worker_id and not row.is_dead for row in rows):
            self._worker_id, self._proven_at = worker_id, now
        else:
            log.warning("this worker was declared dead and goes on as a new one")
            self._worker_id = None
        return self._watch.look([row for row in rows if row.id != worker_id], now)

    async def leave(self) -> None:
        """Remove this worker's row; it must have no claimed mail."""
        if self._worker_id is None:
            return
        async with self._pool.acquire() as conn:
            await workers.remove(conn, worker_id=self._worker_id)
        self._worker_id = None

    async def _take_over(self, dead: WorkerRow) -> None:
        async with writing(self._pool) as conn:
            released = await workers.take_over(conn, dead)
        if released:
            TAKEN_OVER.inc(released)
            log.warning("a worker is dead", documents_taken_over=released)
            self._notices.work_is_due()

    async def _run(self) -> None:
        while True:
            try:
                await self.beat()
            except Exception as error:
                log.warning("no heartbeat", **described(error))
            await asyncio.sleep(self._watch.pause(time.monotonic()))
