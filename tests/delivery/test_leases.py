"""Renewing the leases of mails whose final reply takes long."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization, documents_of, pass_time
from support.smtp.sink import Phase, SmtpSink
from support.workers import POLICY, delivery_to, eventually

from bulksend.db import bulk_sends
from bulksend.db.pool import Pool, writing


async def test_a_server_slower_than_the_lease_gets_one_copy(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    sent = await create_for_new_organization(pool, addresses(1))
    policy = replace(POLICY, lease=1.5)
    async with (
        delivery_to(sink, pool, dsn, policy, reply_timeout=60) as slow,
        delivery_to(sink, pool, dsn, policy) as another,
    ):
        passing = asyncio.create_task(slow.worker.deliver_due())
        await gate.reached()
        first = await lease_end(pool, sent)
        await eventually(lambda: is_past(pool, first))
        assert await another.worker.deliver_due() == 0
        gate.open()
        assert await passing == 1
    assert len(sink.mails) == 1
    assert (await bulk_send(pool, sent)).sent_count == 1


async def test_a_server_slow_to_answer_rcpt_is_served_under_a_short_lease(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.RCPT)
    sent = await create_for_new_organization(pool, addresses(3))
    async with delivery_to(sink, pool, dsn, replace(POLICY, lease=3)) as delivery:
        passing = asyncio.create_task(delivery.worker.deliver_due())
        await gate.reached(3)
        first = await lease_end(pool, sent)
        # More than half of the lease has passed: content sent now requires a renewed lease.
        await eventually(lambda: has_passed(pool, first - 3 + 1.5))
        assert await lease_end(pool, sent) > first
        gate.open()
        assert await passing == 3
    assert len(sink.mails) == 3
    assert (await bulk_send(pool, sent)).sent_count == 3


async def test_a_lost_lease_is_not_taken_back(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gates = sink.hold(Phase.MESSAGE, times=2)
    sent = await create_for_new_organization(pool, addresses(1))
    async with (
        delivery_to(sink, pool, dsn, replace(POLICY, lease=1.5), reply_timeout=60) as first,
        delivery_to(sink, pool, dsn) as second,
    ):
        passing = [asyncio.create_task(first.worker.deliver_due())]
        await gates.reached()
        await pass_time(pool, 2)
        passing.append(asyncio.create_task(second.worker.deliver_due()))
        await gates.reached(2)
        taken = await lease_end(pool, sent)
        await eventually(lambda: has_passed(pool, taken - POLICY.lease + 1))
        # The first worker has tried to renew meanwhile.
        assert await lease_end(pool, sent) == taken
        gates.open()
        await asyncio.gather(*passing)
    assert (await bulk_send(pool, sent)).sent_count == 1


async def test_a_cancelled_mails_lease_is_kept_no_more(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE)
    async with delivery_to(sink, pool, dsn, replace(POLICY, lease=1.5), reply_timeout=60) as delivery:
        passing = []
        sends = []
        for count in range(1, 3):
            sends.append(await create_for_new_organization(pool, addresses(1)))
            passing.append(asyncio.create_task(delivery.worker.deliver_due()))
            await gate.reached(count)
        cancelled, kept = sends
        await cancel(pool, cancelled)
        first = await lease_end(pool, kept)
        await eventually(lambda: is_past(pool, first))
        assert await lease_end(pool, kept) > first
        [document] = await documents_of(pool, cancelled)
        assert (document.delivery_status, document.error_code) == ("failed", "CANCELLED")
        gate.open()
        await asyncio.gather(*passing)


async def cancel(pool: Pool, sent: Sent) -> None:
    async with writing(pool) as conn:
        assert await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id)
        await bulk_sends.cancel(
            conn, organization_id=sent.organization_id, bulk_send_id=sent.id, reply_wait=timedelta()
        )


async def lease_end(pool: Pool, sent: Sent) -> float:
    query = "SELECT extract(epoch FROM next_attempt_at)::float8 FROM documents WHERE bulk_send_id = $1"
    return float(await pool.fetchval(query, sent.id))


async def has_passed(pool: Pool, moment: float) -> bool:
    return bool(await pool.fetchval("SELECT clock_timestamp() > to_timestamp($1)", moment))


async def is_past(pool: Pool, lease_end: float) -> bool:
    return await has_passed(pool, lease_end + 0.05)
