"""Recording results in a real database that is slow, locked, refusing or unavailable."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization, miscounted
from support.workers import eventually

from bulksend.db import deliveries, workers
from bulksend.db.deliveries import ClaimedRow, Result
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, open_pool
from bulksend.delivery.recorder import MOST_TOGETHER, MOST_UNRECORDED, Recorder

LEASE = timedelta(seconds=60)


@pytest.fixture
async def notices(pool: Pool, dsn: str) -> Notices:
    return Notices(pool, dsn)


@pytest.fixture
async def recorder(pool: Pool, notices: Notices) -> AsyncIterator[Recorder]:
    recorder = Recorder(pool, notices)
    yield recorder
    # Results that the database refuses would be retried forever.
    left = [task for task in asyncio.all_tasks() if "Recorder" in repr(task.get_coro())]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    async with pool.acquire() as conn:
        assert await miscounted(conn) == []


async def claimed(pool: Pool, count: int) -> tuple[Sent, list[ClaimedRow]]:
    sent = await create_for_new_organization(pool, addresses(count))
    await pool.execute("DELETE FROM delivery_turns WHERE organization_id <> $1", sent.organization_id)
    async with pool.acquire() as conn:
        return sent, await deliveries.claim(
            conn, worker_id=await workers.register(conn), lease_id=uuid4(), limit=count, lease=LEASE
        )


def accepted(row: ClaimedRow) -> Result:
    return Result(row.id, row.lease_id, "sent")


async def transactions(pool: Pool) -> int:
    """Return how many transactions wrote the current versions of the documents."""
    return int(await pool.fetchval("SELECT count(DISTINCT xmin::text) FROM documents"))


async def test_results_wait_a_little_for_company(pool: Pool, recorder: Recorder) -> None:
    sent, rows = await claimed(pool, MOST_TOGETHER)
    for row in rows:
        recorder.add(row, accepted(row))
        await asyncio.sleep(0)
    assert recorder.unrecorded == MOST_TOGETHER
    await recorder.flush()
    assert (await bulk_send(pool, sent)).status == "completed"
    assert recorder.unrecorded == 0
    assert await transactions(pool) == 1


async def test_a_lone_result_is_recorded_without_a_flush(pool: Pool, recorder: Recorder, notices: Notices) -> None:
    sent, [row] = await claimed(pool, 1)
    with notices.watch(sent.id) as changed:
        recorder.add(row, accepted(row))
        assert recorder.holds(row.id)
        async with asyncio.timeout(5):
            await changed.wait()
    assert not recorder.holds(row.id)
    assert (await bulk_send(pool, sent)).sent_count == 1


async def test_a_locked_bulk_send_holds_no_other(pool: Pool, recorder: Recorder) -> None:
    locked, [first] = await claimed(pool, 1)
    free, [second] = await claimed(pool, 1)
    async with pool.acquire() as blocking, blocking.transaction():
        await blocking.execute("SELECT FROM bulk_sends WHERE id = $1 FOR UPDATE", locked.id)
        recorder.add(first, accepted(first))
        recorder.add(second, accepted(second))
        recorder.hurry()
        await eventually(lambda: _is_completed(pool, free))
        assert recorder.holds(first.id)
    await recorder.flush()
    assert (await bulk_send(pool, locked)).status == "completed"


async def test_no_mail_is_begun_while_too_much_is_unrecorded(pool: Pool, recorder: Recorder) -> None:
    _, rows = await claimed(pool, MOST_UNRECORDED)
    async with pool.acquire() as blocking, blocking.transaction():
        await blocking.execute("SELECT FROM bulk_sends FOR UPDATE")
        for row in rows[:-1]:
            recorder.add(row, accepted(row))
        assert await recorder.caught_up(0.01)
        recorder.add(rows[-1], accepted(rows[-1]))
        assert not await recorder.caught_up(0.01)
    assert await recorder.caught_up(10)
    await recorder.flush()


async def test_what_the_database_refuses_holds_nothing_else(pool: Pool, recorder: Recorder) -> None:
    sent, rows = await claimed(pool, 5)
    poison = Result(rows[0].id, rows[0].lease_id, "failed", error_code="X", error_message="a\x00b")
    recorder.add(rows[0], poison)
    for row in rows[1:]:
        recorder.add(row, accepted(row))
    await recorder.flush()

    assert (await bulk_send(pool, sent)).sent_count == 4
    assert recorder.holds(rows[0].id)
    assert await recorder.caught_up(0.01)
    # A worker that claims it again after the lease ends knows not to send it again.
    assert recorder.unrecorded == 1


async def test_a_lost_connection_loses_no_result(pool: Pool, dsn: str, notices: Notices) -> None:
    sent, rows = await claimed(pool, 60)
    async with open_pool(f"{dsn}{'&' if '?' in dsn else '?'}application_name=recorder") as unlucky:
        recorder = Recorder(unlucky, notices)
        for number, row in enumerate(rows):
            recorder.add(row, accepted(row))
            if number % 10 == 5:
                await asyncio.sleep(0.005)
                await pool.execute(_KILL)
        await recorder.flush()
    assert (await bulk_send(pool, sent)).sent_count == 60


async def _is_completed(pool: Pool, sent: Sent) -> bool:
    return (await bulk_send(pool, sent)).status == "completed"


_KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'recorder'"
