"""Notices between processes: a hint, while the table is the truth.

In this process they arrive at once; in others through NOTIFY, coalesced, never inside another transaction. A listener
that was disconnected wakes every watcher when it is back: whatever was notified meanwhile is in the tables.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
import structlog

from bulksend.db.pool import Pool

CHANNEL: Final = "bulksend"
COALESCE_SECONDS: Final = 0.05
PING_SECONDS: Final = 20.0
FIRST_BACKOFF: Final = 0.2
LONGEST_BACKOFF: Final = 10.0
# A payload may have 8000 bytes; a bulk send's and its organization's ids in hex and two separators take 66.
_IDS_PER_PAYLOAD: Final = 120
_WORK: Final = "work"

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Changes:
    """The bulk sends of an organization that changed. `is_complete`: whether there can be no others.

    `something`: set with each change; who clears it takes what is there.
    """

    bulk_send_ids: set[UUID] = field(default_factory=set)
    is_complete: bool = True
    something: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> tuple[set[UUID], bool]:
        """Return the ids and whether they are complete, and begin anew."""
        taken = self.bulk_send_ids, self.is_complete
        self.bulk_send_ids, self.is_complete = set(), True
        self.something.clear()
        return taken


Watcher = TypeVar("Watcher", asyncio.Event, Changes)


class Notices:
    """What this process sends to others and receives: that mail is due, and which bulk sends changed."""

    def __init__(self, pool: Pool, listen_dsn: str) -> None:
        self.work = asyncio.Event()
        self._pool = pool
        self._listen_dsn = listen_dsn
        self._watchers: dict[UUID, set[asyncio.Event]] = {}
        self._organizations: dict[UUID, set[Changes]] = {}
        self._unsent: set[tuple[UUID, UUID]] = set()
        self._unsent_work = False
        self._something = asyncio.Event()

    def work_is_due(self) -> None:
        """Notify every delivery worker, here and elsewhere, that mail is due."""
        self.work.set()
        self._unsent_work = True
        self._something.set()

    def changed(self, organization_id: UUID, bulk_send_id: UUID) -> None:
        """Notify every watcher of a bulk send, here and elsewhere, that its row may have changed."""
        self._wake(organization_id, bulk_send_id)
        self._unsent.add((organization_id, bulk_send_id))
        self._something.set()

    def watch(self, bulk_send_id: UUID) -> AbstractContextManager[asyncio.Event]:
        """Lend an event that is set on each change. Register, then read, then wait: nothing is missed."""
        return _registered(self._watchers, bulk_send_id, asyncio.Event())

    def watch_organization(self, organization_id: UUID) -> AbstractContextManager[Changes]:
        """Lend what changes in an organization from now on."""
        return _registered(self._organizations, organization_id, Changes())

    async def run(self) -> None:
        """Send and listen until cancelled, whatever the database or its driver does meanwhile."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send_always())
            group.create_task(self._listen_always())

    def _wake(self, organization_id: UUID, bulk_send_id: UUID) -> None:
        for event in self._watchers.get(bulk_send_id, ()):
            event.set()
        for changes in self._organizations.get(organization_id, ()):
            changes.bulk_send_ids.add(bulk_send_id)
            changes.something.set()

    def wake_watchers(self) -> None:
        """Make every watcher in this process read again."""
        for events in self._watchers.values():
            for event in events:
                event.set()
        for watchers in self._organizations.values():
            for changes in watchers:
                changes.is_complete = False
                changes.something.set()

    async def _send_always(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self._send()
            except Exception as error:
                # Others learn of it by their own polling, or from the next notice.
                log.warning("notify failed", error=type(error).__name__)
            await asyncio.sleep(COALESCE_SECONDS)

    async def _send(self) -> None:
        work, self._unsent_work = self._unsent_work, False
        ids, self._unsent = list(self._unsent), set()
        payloads = [_WORK] if work else []
        for start in range(0, len(ids), _IDS_PER_PAYLOAD):
            keys = ids[start : start + _IDS_PER_PAYLOAD]
            payloads.append(" ".join(f"{organization_id.hex}.{key.hex}" for organization_id, key in keys))
        for payload in payloads:
            await self._pool.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)

    async def _listen_always(self) -> None:
        backoff = FIRST_BACKOFF
        while True:
            began = time.monotonic()
            try:
                await self._listen()
            except Exception as error:
                # Not only the errors that a lost connection should raise: when PostgreSQL crashes, asyncpg may fail
                # with InternalClientError.
                log.warning("listen failed", error=type(error).__name__, retry_in=backoff)
            if time.monotonic() - began > LONGEST_BACKOFF:
                backoff = FIRST_BACKOFF
            await asyncio.sleep(backoff * random.uniform(0.5, 1.5))  # noqa: S311  # only spreads reconnects
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    async def _listen(self) -> None:
        # Its own connection, never through PgBouncer's transaction mode: LISTEN belongs to a session.
        conn = await asyncpg.connect(self._listen_dsn, timeout=5, statement_cache_size=0)
        gone = asyncio.Event()
        try:
            conn.add_termination_listener(lambda _conn: gone.set())
            await conn.add_listener(CHANNEL, self._received)
            self.work.set()
            self.wake_watchers()
            while not gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), PING_SECONDS)
                    break
                # A half-open TCP connection never tells.
                await conn.execute("SELECT 1", timeout=5)
        finally:
            conn.terminate()

    def _received(self, _conn: Any, _pid: int, _channel: str, payload: object) -> None:
        text = str(payload)
        if text == _WORK:
            self.work.set()
            return
        for key in text.split():
            organization_id, _, bulk_send_id = key.partition(".")
            with suppress(ValueError):
                self._wake(UUID(organization_id), UUID(bulk_send_id))


@contextmanager
def _registered(watchers: dict[UUID, set[Watcher]], key: UUID, watcher: Watcher) -> Iterator[Watcher]:
    """Keep a watcher among those of its key during the block."""
    watchers.setdefault(key, set()).add(watcher)
    try:
        yield watcher
    finally:
        watchers[key].discard(watcher)
        if not watchers[key]:
            del watchers[key]
