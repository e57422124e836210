"""Trouble with the SMTP server itself: no document fails, one worker probes, and all resume."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization, documents_of, pass_time
from support.smtp.sink import Phase, SmtpSink
from support.workers import POLICY, Delivery, delivery_to, eventually, running

from bulksend.db import circuit
from bulksend.db.circuit import CircuitRow, Trouble
from bulksend.db.pool import Pool
from bulksend.delivery.policy import SERVER_TROUBLE
from bulksend.delivery.smtp.outcomes import DeliveryErrorCode

NONE = timedelta()


@pytest.fixture(autouse=True)
async def closed_circuit(pool: Pool) -> AsyncIterator[None]:
    yield
    await pool.execute("DELETE FROM smtp_circuit")


@pytest.fixture
async def delivery(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[Delivery]:
    async with delivery_to(sink, pool, dsn) as delivery:
        yield delivery


async def state(pool: Pool) -> CircuitRow | None:
    async with pool.acquire() as conn:
        return await circuit.circuit_state(conn)


async def probe_is_due(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT next_probe_at <= clock_timestamp() FROM smtp_circuit"))


@pytest.mark.parametrize(
    ("phase", "code", "error_code"),
    [
        (Phase.CONNECT, 554, "SMTP_UNAVAILABLE"),
        (Phase.MAIL, 550, "SENDER_REFUSED"),
    ],
)
async def test_trouble_uses_no_attempt_and_opens_the_circuit(
    delivery: Delivery, pool: Pool, sink: SmtpSink, phase: Phase, code: int, error_code: str
) -> None:
    sink.refuse(phase, code, "4.3.2 Not today")
    sent = await create_for_new_organization(pool, addresses(3))

    assert await delivery.worker.deliver_due() == 3

    opened = await state(pool)
    assert opened
    assert (opened.error_code, opened.smtp_code, opened.error_message) == (error_code, code, "4.3.2 Not today")
    for document in await documents_of(pool, sent):
        assert (document.delivery_status, document.attempts, document.error_code) == ("pending", 0, error_code)
    await pass_time(pool, POLICY.lease)
    assert await delivery.worker.deliver_due() == 0


async def test_a_server_that_takes_no_recipient_opens_the_circuit_and_fails_nobody(
    delivery: Delivery, pool: Pool, sink: SmtpSink
) -> None:
    sink.refuse(Phase.RCPT, 421, "4.3.2 Not today")
    sent = await create_for_new_organization(pool, addresses(9))

    assert await delivery.worker.deliver_due() == 3
    assert await state(pool) is None
    assert await delivery.worker.deliver_due() == 3

    opened = await state(pool)
    assert opened
    assert (opened.error_code, opened.smtp_code) == ("SMTP_UNAVAILABLE", 421)
    assert {(document.delivery_status, document.attempts) for document in await documents_of(pool, sent)} == {
        ("pending", 0)
    }
    assert await delivery.worker.deliver_due() == 0


async def test_recipients_that_draw_a_421_hold_up_nobody_else(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 421, "4.3.2 Not for them", recipient="*@drawing.example.com")
    drawing = await create_for_new_organization(pool, addresses(60, "drawing.example.com"))
    other = await create_for_new_organization(pool, addresses(30), "Other")

    for _ in range(20):  # ten turns for each organization
        assert await delivery.worker.deliver_due() == 3
        assert await state(pool) is None

    assert (await bulk_send(pool, other)).status == "completed"
    row = await bulk_send(pool, drawing)
    assert (row.sent_count, row.failed_count, row.pending_count) == (0, 0, 60)
    assert sum(document.error_code is not None for document in await documents_of(pool, drawing)) == 30


async def test_few_mails_that_draw_a_421_again_and_again_open_nothing(
    delivery: Delivery, pool: Pool, sink: SmtpSink
) -> None:
    sink.refuse(Phase.RCPT, 421, "4.3.2 Not for them")
    sent = await create_for_new_organization(pool, addresses(3))
    for turn in range(6):
        assert await delivery.worker.deliver_due() == 3
        assert await state(pool) is None
        await pass_time(pool, 10 * 2**turn)
    assert {document.attempts for document in await documents_of(pool, sent)} == {0}


async def test_a_wrong_password_fails_nobody(pool: Pool, dsn: str) -> None:
    async with SmtpSink(users={"bulksend": "right"}) as sink:
        sent = await create_for_new_organization(pool, addresses(3))
        wrong = f"smtp://bulksend:wrong@localhost:{sink.port}"
        async with delivery_to(sink, pool, dsn, url=wrong) as delivery:
            await delivery.worker.deliver_due()
            await eventually(lambda: probe_is_due(pool))
            assert not await delivery.worker.mend()
        opened = await state(pool)
        assert opened
        assert (opened.error_code, opened.smtp_code) == ("SMTP_AUTHENTICATION_FAILED", 535)
        assert {document.delivery_status for document in await documents_of(pool, sent)} == {"pending"}

        async with delivery_to(sink, pool, dsn) as delivery, running(delivery):
            await sink.wait_for(3)
        assert await state(pool) is None


async def test_all_workers_resume_when_the_server_is_back(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    await sink.stop()
    sent = await create_for_new_organization(pool, addresses(60))
    async with AsyncExitStack() as stack:
        for _ in range(3):
            delivery = await stack.enter_async_context(delivery_to(sink, pool, dsn))
            await stack.enter_async_context(running(delivery))
        await eventually(lambda: _is_open(pool))
        await sink.start()
        await sink.wait_for(60)
        await eventually(lambda: _is_completed(pool, sent))
    assert max(Counter(name for mail in sink.mails for name in mail.recipients).values()) == 1
    assert {document.attempts for document in await documents_of(pool, sent)} == {1}


async def test_one_worker_probes_at_a_time(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    sink.refuse(Phase.CONNECT, 554, "No")
    await create_for_new_organization(pool, addresses(1))
    async with AsyncExitStack() as stack:
        policy = replace(POLICY, probe_interval=60)
        workers = [(await stack.enter_async_context(delivery_to(sink, pool, dsn, policy))).worker for _ in range(3)]
        await workers[0].deliver_due()
        before = sink.connections
        assert await asyncio.gather(*(worker.mend() for worker in workers)) == [False, False, False]
        assert sink.connections == before + 1
        assert not await workers[1].mend()
        assert sink.connections == before + 1


async def test_another_takes_over_from_a_prober_that_died(
    delivery: Delivery, pool: Pool, dsn: str, sink: SmtpSink
) -> None:
    sink.refuse(Phase.CONNECT, 554, "No", times=3)
    gate = sink.hold(Phase.CONNECT, times=1)
    await create_for_new_organization(pool, addresses(3))
    await delivery.worker.deliver_due()
    dying = asyncio.create_task(delivery.worker.mend())
    await gate.reached()
    dying.cancel()
    async with delivery_to(sink, pool, dsn) as another:
        assert not await another.worker.mend()
        await pool.execute("UPDATE smtp_circuit SET next_probe_at = next_probe_at - interval '4 seconds'")
        assert await another.worker.mend()
    gate.open()
    assert await state(pool) is None


async def test_what_was_met_before_the_last_probe_opens_nothing(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    late = sink.hold(Phase.CONNECT, times=1)
    sink.refuse(Phase.CONNECT, 421, "Not today", times=2)
    async with delivery_to(sink, pool, dsn) as first, delivery_to(sink, pool, dsn) as second:
        await create_for_new_organization(pool, ["late@example.com"])
        passing = asyncio.create_task(first.worker.deliver_due())
        await late.reached()
        await create_for_new_organization(pool, ["early@example.com"])
        await second.worker.deliver_due()
        sink.forgive()  # connections that already wait are still refused
        assert await second.worker.mend()
        late.open()
        await passing
    assert await state(pool) is None


async def test_a_flapping_server_is_not_hammered(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 421, "Not today")
    await create_for_new_organization(pool, addresses(30))
    async with delivery_to(sink, pool, dsn, replace(POLICY, probe_interval=60)) as delivery:
        for _ in range(2):
            await delivery.worker.deliver_due()
        sink.forgive()
        assert await delivery.worker.mend()
        sink.refuse(Phase.RCPT, 421, "Not today")
        for _ in range(2):
            await delivery.worker.deliver_due()
    assert await state(pool)
    waits = await pool.fetchval("SELECT next_probe_at - closed_at = interval '60 seconds' FROM smtp_circuit")
    assert waits


async def test_documents_age_while_the_circuit_is_open(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    sink.refuse(Phase.CONNECT, 554, "No")
    policy = replace(POLICY, max_queue_age=600)
    sent = await create_for_new_organization(pool, addresses(250))
    async with delivery_to(sink, pool, dsn, policy) as delivery:
        await delivery.worker.deliver_due()
        await delivery.worker.mend()
        assert (await bulk_send(pool, sent)).pending_count == 250
        await pass_time(pool, 601)
        younger = await create_for_new_organization(pool, addresses(3))
        await eventually(lambda: probe_is_due(pool))
        await delivery.worker.mend()

    row = await bulk_send(pool, sent)
    assert (row.status, row.failed_count) == ("failed", 250)
    assert {document.error_code for document in await documents_of(pool, sent)} == {"SMTP_UNREACHABLE"}
    assert (await bulk_send(pool, younger)).pending_count == 3
    assert await state(pool)


async def test_a_probe_ends_with_the_worker(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sink.refuse(Phase.CONNECT, 554, "No", times=1)
    gate = sink.hold(Phase.CONNECT)
    await create_for_new_organization(pool, addresses(1))
    task = asyncio.create_task(delivery.worker.run())
    await gate.reached()
    assert await delivery.worker.stop(grace=1)
    await task
    gate.open()


async def _is_open(pool: Pool) -> bool:
    return await state(pool) is not None


async def _is_completed(pool: Pool, sent: Sent) -> bool:
    return (await bulk_send(pool, sent)).status == "completed"


async def test_a_document_says_what_it_waits_for(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 450, "4.2.1 Later", recipient="later@*")
    gate = sink.hold(Phase.RCPT, recipient="held@*")
    sent = await create_for_new_organization(pool, ["later@example.com", "held@example.com", "last@example.com"])

    async def waits() -> list[tuple[str | None, str | None]]:
        return [(document.waiting_for, document.error_code) for document in await documents_of(pool, sent)]

    assert await waits() == [("turn", None)] * 3
    async with delivery_to(sink, pool, dsn, connections=2) as delivery:
        passing = asyncio.create_task(delivery.worker.deliver_due())
        await gate.reached()
        await eventually(lambda: _is_deferred(pool))
        assert await waits() == [("retry", "MAILBOX_BUSY"), ("worker", None), ("turn", None)]
        async with pool.acquire() as conn:
            gone = Trouble("SMTP_UNREACHABLE", "Gone", None)
            await circuit.open_circuit(conn, trouble=gone, age=NONE, probe_interval=NONE)
        own, others = "MAILBOX_BUSY", "SMTP_UNREACHABLE"
        assert await waits() == [("server", own), ("worker", others), ("server", others)]
        await pool.execute("DELETE FROM smtp_circuit")
        gate.open()
        await passing
        await delivery.worker.deliver_due()
    assert await waits() == [("retry", "MAILBOX_BUSY"), (None, None), (None, None)]


async def _is_deferred(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM documents WHERE error_code IS NOT NULL)"))


async def test_the_errors_that_wait_for_the_server_are_those_that_the_view_tells() -> None:
    """The view `document_rows` lists them by name."""
    named = {code for code in DeliveryErrorCode if code.startswith("SMTP_") or code == "SENDER_REFUSED"}
    assert named == SERVER_TROUBLE
