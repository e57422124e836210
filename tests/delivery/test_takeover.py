"""A worker that dies, is suspended or is cut off delays no one, and duplicates only mails that were in flight."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization
from support.cutting_proxy import cutting_proxy
from support.smtp.sink import Phase, SmtpSink
from support.worker_processes import worker_process
from support.workers import Delivery, delivery_to, eventually, running

from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, open_pool
from bulksend.db.workers import WorkerRow
from bulksend.delivery.heartbeat import INTERRUPTED_SECONDS, SILENT_SECONDS, Heartbeat, Watch

WATCHED = WorkerRow(uuid4(), beats=7, is_dead=False)
STEP = INTERRUPTED_SECONDS / 2


def recipients(sink: SmtpSink) -> Counter[str]:
    return Counter(name for mail in sink.mails for name in mail.recipients)


async def is_completed(pool: Pool, sent: Sent) -> bool:
    return (await bulk_send(pool, sent)).status == "completed"


async def is_taken_over(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM workers WHERE dead_at IS NOT NULL)"))


async def holders(pool: Pool) -> set[UUID]:
    return {row["worker_id"] for row in await pool.fetch("SELECT worker_id FROM documents WHERE worker_id IS NOT NULL")}


@asynccontextmanager
async def another(sink: SmtpSink, pool: Pool, dsn: str) -> AsyncIterator[Delivery]:
    """Run a second worker within the block."""
    async with delivery_to(sink, pool, dsn) as delivery, running(delivery):
        yield delivery


async def test_what_a_killed_worker_had_claimed_is_sent_long_before_its_lease_ends(
    pool: Pool, dsn: str, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.RCPT, times=5)
    sent = await create_for_new_organization(pool, addresses(20))
    async with worker_process(dsn, sink) as process:
        await gate.reached(5)
        async with another(sink, pool, dsn):
            process.kill()
            await process.wait()
            await eventually(lambda: is_completed(pool, sent), seconds=30)
    gate.open()
    assert recipients(sink) == Counter(addresses(20))


async def test_a_worker_that_starts_takes_over_from_the_one_before(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.RCPT, times=5)
    sent = await create_for_new_organization(pool, addresses(20))
    async with worker_process(dsn, sink) as process:
        await gate.reached(5)
        process.kill()
        await process.wait()
    async with another(sink, pool, dsn):
        await eventually(lambda: is_completed(pool, sent), seconds=30)
    gate.open()
    assert await pool.fetchval("SELECT count(*) FROM documents WHERE worker_id IS NOT NULL") == 0


async def test_a_suspended_worker_begins_nothing_when_it_resumes(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.RCPT, times=5)
    sent = await create_for_new_organization(pool, addresses(5))
    async with worker_process(dsn, sink) as process:
        await gate.reached(5)
        process.send_signal(signal.SIGSTOP)
        async with another(sink, pool, dsn):
            await eventually(lambda: is_completed(pool, sent), seconds=30)
            gate.open()
            process.send_signal(signal.SIGCONT)
            later = await create_for_new_organization(pool, addresses(5, "later.example.com"))
            await eventually(lambda: is_completed(pool, later), seconds=30)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert recipients(sink) == Counter([*addresses(5), *addresses(5, "later.example.com")])


async def test_a_worker_cut_off_from_the_database_begins_nothing(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.RCPT, times=3)
    sent = await create_for_new_organization(pool, addresses(3))
    async with (
        cutting_proxy(dsn) as proxy,
        open_pool(proxy.dsn, statement_cache_size=0) as cut_pool,
        delivery_to(sink, cut_pool, proxy.dsn) as cut_off,
    ):
        passing = asyncio.create_task(cut_off.worker.deliver_due())
        await gate.reached(3)
        proxy.refuse_all()
        async with another(sink, pool, dsn):
            await eventually(lambda: is_completed(pool, sent), seconds=30)
        gate.open()
        proxy.allow_all()
        assert await passing == 3
    assert recipients(sink) == Counter(addresses(3))


async def test_a_worker_declared_dead_goes_on_as_a_new_one(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    await create_for_new_organization(pool, addresses(1))
    async with delivery_to(sink, pool, dsn) as delivery, running(delivery):
        await gate.reached()
        [before] = await holders(pool)
        await pool.execute("UPDATE workers SET dead_at = clock_timestamp()")
        later = await create_for_new_organization(pool, addresses(5))
        delivery.notices.work_is_due()
        await eventually(lambda: is_completed(pool, later), seconds=30)
        gate.open()
        await eventually(lambda: _has_workers_besides(pool, before))


async def _has_workers_besides(pool: Pool, before: UUID) -> bool:
    return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM workers WHERE id <> $1 AND dead_at IS NULL)", before))


async def test_a_worker_that_ends_well_leaves_no_row(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    async with another(sink, pool, dsn):
        await eventually(lambda: is_completed(pool, sent))
    assert await pool.fetchval("SELECT count(*) FROM workers") == 0


async def test_a_beat_proves_the_worker_for_a_while(pool: Pool, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat = Heartbeat(pool, Notices(pool, dsn))
    worker_id = await heartbeat.worker_id()
    assert heartbeat.is_proven(worker_id)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + SILENT_SECONDS)
    assert not heartbeat.is_proven(worker_id)


async def test_a_new_worker_does_not_go_on_with_what_the_old_one_claimed(pool: Pool, dsn: str) -> None:
    heartbeat = Heartbeat(pool, Notices(pool, dsn))
    before = await heartbeat.worker_id()
    await pool.execute("UPDATE workers SET dead_at = clock_timestamp()")
    await heartbeat.beat()
    after = await heartbeat.worker_id()
    assert (heartbeat.is_proven(before), heartbeat.is_proven(after)) == (False, True)


def test_a_worker_is_silent_when_its_beats_stand_still() -> None:
    watch = Watch()
    moments = [number * STEP for number in range(1, 1 + int(SILENT_SECONDS / STEP))]
    assert [watch.look([WATCHED], moment) for moment in moments] == [[]] * len(moments)
    assert watch.look([WATCHED], moments[0] + SILENT_SECONDS) == [WATCHED]


def test_a_worker_that_beats_is_not_silent() -> None:
    watch = Watch()
    rows = [WorkerRow(WATCHED.id, beats, is_dead=False) for beats in range(20)]
    assert not any(watch.look([row], number * STEP) for number, row in enumerate(rows))


def test_after_an_interruption_the_watch_begins_anew() -> None:
    """While the database was unavailable or the watcher suspended, no heartbeat could be sent or read."""
    watch = Watch()
    watch.look([WATCHED], 100)
    assert watch.look([WATCHED], 100 + SILENT_SECONDS) == []
    assert watch.look([WATCHED], 100 + SILENT_SECONDS + STEP) == []


def test_what_was_declared_dead_is_released_at_every_look() -> None:
    dead = WorkerRow(uuid4(), 3, is_dead=True)
    watch = Watch()
    assert watch.look([WATCHED, dead], 1) == [dead]
    assert watch.look([WATCHED, dead], 2) == [dead]


def test_the_next_look_is_not_later_than_somebody_may_turn_out_silent() -> None:
    watch = Watch()
    watch.look([WATCHED], 100)
    assert watch.pause(100) == 1
    assert watch.pause(100 + SILENT_SECONDS - 0.25) == 0.25
    assert watch.pause(100 + SILENT_SECONDS + 1) == 1
