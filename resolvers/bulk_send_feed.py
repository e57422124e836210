"""Watched bulk sends: each is read once for all its watchers in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeAlias
from uuid import UUID

from bulksend.db import bulk_sends
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, reading

MINIMUM_INTERVAL_SECONDS: Final = 0.25
# An update takes some 0.3 ms of processor time, so with many watchers each receives fewer.
UPDATES_PER_SECOND: Final = 250
# Notices may be lost, so a bulk send is read again after this long; of many, two are read per second.
POLL_SECONDS: Final = 1.0
LONGEST_POLL_SECONDS: Final = 10.0

Key: TypeAlias = tuple[UUID, UUID]
_FeedKey: TypeAlias = tuple[UUID, UUID, bool]


class Feed:
    """One bulk send's state, read after each change; `version` grows with each state that differs.

    `until_closed`: whether it goes on after delivery, until no document waits for its signer.
    """

    def __init__(self, *, until_closed: bool = False) -> None:
        self._until_closed = until_closed
        self.version = 0
        self.row: BulkSendRow | None = None
        self.watchers = 0
        self._error: Exception | None = None
        self._update = asyncio.Event()

    @property
    def has_ended(self) -> bool:
        """Whether no further state can follow: the bulk send is finished, deleted or unreadable."""
        return self._error is not None or (self.version > 0 and (self.row is None or self._is_finished(self.row)))

    def _is_finished(self, row: BulkSendRow) -> bool:
        is_open = row.closed_count + row.expired_count < row.total_count
        return row.pending_count == 0 and not (self._until_closed and is_open)

    async def next(self, seen: int) -> int:
        """Wait for a version later than `seen` and return it. Raise the error of reading it."""
        while self.version == seen and self._error is None:
            await self._update.wait()
        if self._error:
            raise self._error
        return self.version

    def publish(self, row: BulkSendRow | None) -> None:
        """Publish a state if it differs from the last."""
        if self.version == 0 or row != self.row:
            self.row = row
            self.version += 1
            self._wake()

    def fail(self, error: Exception) -> None:
        """Raise `error` in every watcher."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        self._update.set()
        self._update = asyncio.Event()


class Feeds:
    """The feeds of one process."""

    def __init__(self, pool: Pool, notices: Notices) -> None:
        self._pool = pool
        self._notices = notices
        self._feeds: dict[_FeedKey, Feed] = {}
        self._tasks: dict[_FeedKey, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def watch(self, bulk_send: Key, *, until_closed: bool = False) -> AsyncIterator[Feed]:
        """Yield the feed of a bulk send, by its organization's and its own id. It is updated during the block.

        `until_closed`: whether it goes on after delivery, until no document waits for its signer.
        """
        key = (*bulk_send, until_closed)
        feed = self._feeds.get(key)
        if feed is None or feed.has_ended:
            feed = self._feeds[key] = Feed(until_closed=until_closed)
            self._tasks[key] = asyncio.create_task(self._follow(bulk_send, feed))
        feed.watchers += 1
        try:
            yield feed
        finally:
            feed.watchers -= 1
            if feed.watchers == 0:
                self._end(key, feed)

    def _end(self, key: _FeedKey, feed: Feed) -> None:
        if self._feeds.get(key) is feed:
            del self._feeds[key]
            self._tasks.pop(key).cancel()

    async def _follow(self, key: Key, feed: Feed) -> None:
        with self._notices.watch(key[1]) as changed:
            while not feed.has_ended:
                changed.clear()
                try:
                    feed.publish(await self._read(key))
                except Exception as error:
                    feed.fail(error)
                await asyncio.sleep(0 if feed.has_ended else self._interval)
                await _set(changed, 0 if feed.has_ended else self._poll_seconds)

    async def _read(self, key: Key) -> BulkSendRow | None:
        organization_id, bulk_send_id = key
        async with reading(self._pool) as conn:
            rows = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send_id])
        return rows[0] if rows else None

    @property
    def _interval(self) -> float:
        watchers = sum(feed.watchers for feed in self._feeds.values())
        return max(MINIMUM_INTERVAL_SECONDS, watchers / UPDATES_PER_SECOND)

    @property
    def _poll_seconds(self) -> float:
        return min(max(POLL_SECONDS, len(self._feeds) * POLL_SECONDS / 2), LONGEST_POLL_SECONDS)


async def _set(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
