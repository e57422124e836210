"""A single read of a bulk send serves all its watchers in a process."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from support.bulk_sends import Sent, addresses, create_for_new_organization

from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.resolvers import bulk_send_feed
from bulksend.resolvers.bulk_send_feed import MINIMUM_INTERVAL_SECONDS, Feed, Feeds

CHANGE = "UPDATE bulk_sends SET sent_count = sent_count + 1 WHERE id = $1"


class CountingFeeds(Feeds):
    reads = 0

    async def _read(self, key: Any) -> Any:
        self.reads += 1
        return await super()._read(key)


@pytest.fixture
def notices(pool: Pool, dsn: str) -> Notices:
    return Notices(pool, dsn)


async def watched(feed: Feed, versions: int) -> list[int]:
    """Return the sent counts of the first versions."""
    seen, counts = 0, []
    for _ in range(versions):
        seen = await feed.next(seen)
        assert feed.row
        counts.append(feed.row.sent_count)
    return counts


async def test_many_watchers_cost_one_read_a_change(pool: Pool, notices: Notices) -> None:
    sent = await create_for_new_organization(pool, addresses(5))
    feeds = CountingFeeds(pool, notices)
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(feeds.watch((sent.organization_id, sent.id))) for _ in range(50)]
        watching = [asyncio.create_task(watched(feed, 2)) for feed in opened]
        await opened[0].next(0)
        await _change(pool, notices, sent)
        assert await asyncio.gather(*watching) == [[0, 1]] * 50
        assert feeds.reads <= 3


async def _change(pool: Pool, notices: Notices, sent: Sent) -> None:
    await pool.execute(CHANGE, sent.id)
    notices.changed(sent.organization_id, sent.id)


async def test_a_feed_ends_with_the_bulk_send(pool: Pool, notices: Notices) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    feeds = Feeds(pool, notices)
    async with asyncio.timeout(20), feeds.watch((sent.organization_id, sent.id)) as feed:
        await feed.next(0)
        assert not feed.has_ended
        await _change(pool, notices, sent)
        await feed.next(1)
        assert feed.has_ended
        async with feeds.watch((sent.organization_id, sent.id)) as later:
            assert later is not feed
            await later.next(0)


async def test_who_watches_last_ends_the_reading(pool: Pool, notices: Notices) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    feeds = Feeds(pool, notices)
    async with asyncio.timeout(20), feeds.watch((sent.organization_id, sent.id)) as feed:
        async with feeds.watch((sent.organization_id, sent.id)) as same:
            assert same is feed
        await feed.next(0)
    assert not feeds._feeds
    assert not feeds._tasks


async def test_what_cannot_be_read_is_raised_for_everybody(pool: Pool, notices: Notices) -> None:
    class Unreadable(Feeds):
        async def _read(self, key: Any) -> Any:
            raise asyncpg.CannotConnectNowError

    sent = await create_for_new_organization(pool, addresses(1))
    async with asyncio.timeout(20), Unreadable(pool, notices).watch((sent.organization_id, sent.id)) as feed:
        for _ in range(2):
            with pytest.raises(asyncpg.CannotConnectNowError):
                await feed.next(0)


async def test_many_watchers_are_updated_less_often(pool: Pool, notices: Notices) -> None:
    feeds = Feeds(pool, notices)
    async with AsyncExitStack() as stack:
        sent = await create_for_new_organization(pool, addresses(1))
        key = (sent.organization_id, sent.id)
        await stack.enter_async_context(feeds.watch(key))
        assert feeds._interval == MINIMUM_INTERVAL_SECONDS
        for _ in range(bulk_send_feed.UPDATES_PER_SECOND - 1):
            await stack.enter_async_context(feeds.watch(key))
        assert feeds._interval == 1
