"""The organizations whose bulk sends are being watched: each change is read once for all watchers in this process."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final
from uuid import UUID

from cachetools import LRUCache

from bulksend.db import bulk_sends
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.notices import Changes, Notices
from bulksend.db.pool import Pool, reading

MINIMUM_INTERVAL_SECONDS: Final = 0.25
# As for a single bulk send: with many watchers each gets fewer updates.
UPDATES_PER_SECOND: Final = 250
# A watcher that is so far behind is told to read the list again.
MOST_WAITING: Final = 500


class Inbox:
    """What one watcher has not received yet: the newest state of each bulk send that changed."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, BulkSendRow] = {}
        self._is_complete = True
        self._error: Exception | None = None
        self._something = asyncio.Event()

    def put(self, rows: Iterable[BulkSendRow], *, is_complete: bool) -> None:
        """Add states. `is_complete`: whether nothing else has changed."""
        self._waiting |= {row.id: row for row in rows}
        self._is_complete = self._is_complete and is_complete
        if len(self._waiting) > MOST_WAITING:
            self._waiting.clear()
            self._is_complete = False
        self._something.set()

    def fail(self, error: Exception) -> None:
        """Have the watcher raise `error`."""
        self._error = error
        self._something.set()

    async def next(self) -> BulkSendRow | None:
        """Return the next state, waiting for one; None if others may have changed that are not known."""
        while not self._waiting and self._is_complete and self._error is None:
            self._something.clear()
            await self._something.wait()
        if self._error is not None:
            raise self._error
        if not self._is_complete:
            self._is_complete = True
            return None
        return self._waiting.pop(next(iter(self._waiting)))


class _Feed:
    """The changes of one organization, from `open` to `close`."""

    def __init__(self, pool: Pool, notices: Notices, organization_id: UUID) -> None:
        self._pool = pool
        self._notices = notices
        self._organization_id = organization_id
        self.inboxes: set[Inbox] = set()
        # A change is told twice: at once, and by the database to all processes.
        self._told: LRUCache[UUID, BulkSendRow] = LRUCache(MOST_WAITING)
        self._stack = ExitStack()

    def open(self, interval: Callable[[], float]) -> None:
        """Distribute what changes from now on; `interval` returns the seconds between two reads."""
        changes = self._stack.enter_context(self._notices.watch_organization(self._organization_id))
        task = asyncio.create_task(self._distribute(changes, interval))
        self._stack.callback(task.cancel)

    def close(self) -> None:
        self._stack.close()

    async def _distribute(self, changes: Changes, interval: Callable[[], float]) -> None:
        while True:
            await changes.something.wait()
            try:
                await self._read(changes)
            except Exception as error:
                for inbox in self.inboxes:
                    inbox.fail(error)
            await asyncio.sleep(interval())

    async def _read(self, changes: Changes) -> None:
        ids, is_complete = changes.take()
        async with reading(self._pool) as conn:
            rows = await bulk_sends.get_many(conn, organization_id=self._organization_id, ids=list(ids))
        changed = [row for row in rows if self._told.get(row.id) != row]
        self._told.update({row.id: row for row in changed})
        gone = [self._told.pop(one, None) for one in ids.difference(row.id for row in rows)]
        for inbox in self.inboxes:
            inbox.put(changed, is_complete=is_complete and not gone)


class OrganizationFeeds:
    """The watched organizations of one process."""

    def __init__(self, pool: Pool, notices: Notices) -> None:
        self._pool = pool
        self._notices = notices
        self._feeds: dict[UUID, _Feed] = {}

    @property
    def watched(self) -> Collection[UUID]:
        """The ids of the organizations that somebody watches."""
        return self._feeds.keys()

    async def follow(self, organization_id: UUID) -> AsyncGenerator[BulkSendRow | None, None]:
        """Yield each bulk send of an organization whenever it is created or changes.

        Yield None when one was deleted or changes may have been missed. Raise what reading the changes raised.
        """
        with self._inbox(organization_id) as inbox:
            while True:
                yield await inbox.next()

    @contextmanager
    def _inbox(self, organization_id: UUID) -> Iterator[Inbox]:
        feed = self._feeds.get(organization_id)
        if feed is None:
            feed = self._feeds[organization_id] = _Feed(self._pool, self._notices, organization_id)
            feed.open(self._interval)
        inbox = Inbox()
        feed.inboxes.add(inbox)
        try:
            yield inbox
        finally:
            feed.inboxes.discard(inbox)
            if not feed.inboxes:
                del self._feeds[organization_id]
                feed.close()

    def _interval(self) -> float:
        watchers = sum(len(feed.inboxes) for feed in self._feeds.values())
        return max(MINIMUM_INTERVAL_SECONDS, watchers / UPDATES_PER_SECOND)
