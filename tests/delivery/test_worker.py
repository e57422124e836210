"""The worker against a real database and a real SMTP server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization, documents_of, pass_time
from support.clock import Clock
from support.smtp.sink import Phase, SmtpSink
from support.workers import POLICY, Delivery, delivery_to, eventually, running

from bulksend.db import deliveries
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.pool import Pool
from bulksend.delivery import token_bucket, worker


@pytest.fixture
async def delivery(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[Delivery]:
    async with delivery_to(sink, pool, dsn) as delivery:
        yield delivery


def recipients(sink: SmtpSink) -> Counter[str]:
    return Counter(recipient for mail in sink.mails for recipient in mail.recipients)


def counts(row: BulkSendRow) -> tuple[int, int, int]:
    return row.sent_count, row.failed_count, row.pending_count


async def test_a_pass_with_nothing_due_claims_nothing(delivery: Delivery) -> None:
    assert await delivery.worker.deliver_due() == 0


async def test_a_pass_sends_and_records(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sent = await create_for_new_organization(pool, addresses(3))

    assert await delivery.worker.deliver_due() == 3

    row = await bulk_send(pool, sent)
    assert (row.status, *counts(row)) == ("completed", 3, 0, 0)
    assert recipients(sink) == Counter(addresses(3))
    assert [document.attempts for document in await documents_of(pool, sent)] == [1, 1, 1]
    assert await delivery.worker.deliver_due() == 0


async def test_a_pass_claims_no_more_than_there_are_connections(delivery: Delivery, pool: Pool) -> None:
    sent = await create_for_new_organization(pool, addresses(5))

    assert await delivery.worker.deliver_due() == 3
    assert counts(await bulk_send(pool, sent)) == (3, 0, 2)
    assert await delivery.worker.deliver_due() == 2


async def test_the_mail_is_the_documents_own(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sent = await create_for_new_organization(pool, addresses(2))

    await delivery.worker.deliver_due()

    links = [
        str(mail.parsed.get_body(("plain",))).partition("https://sign.example.com/sign/")[2] for mail in sink.mails
    ]
    assert len(set(links)) == 2
    assert len({mail.parsed["Message-ID"] for mail in sink.mails}) == 2
    assert {mail.sender for mail in sink.mails} == {"bulksend@example.com"}
    assert all(document.delivery_status == "sent" for document in await documents_of(pool, sent))


async def test_turns_are_fair(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    large = await create_for_new_organization(pool, addresses(30, "large.example.com"), "Large")
    await create_for_new_organization(pool, addresses(3, "small.example.com"), "Small")

    for _ in range(2):
        assert await delivery.worker.deliver_due() == 3

    assert sum("small" in recipient for recipient in recipients(sink)) == 3
    assert counts(await bulk_send(pool, large)) == (3, 0, 27)


async def test_the_loop_delivers_what_a_notice_announces(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    async with running(delivery):
        for round_number in range(1, 4):
            await create_for_new_organization(pool, addresses(20))
            delivery.notices.work_is_due()
            await sink.wait_for(20 * round_number)
    assert max(recipients(sink).values()) == 3
    assert sink.most_connections <= 3


async def test_the_loop_finds_work_nobody_announced(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    async with running(delivery):
        await create_for_new_organization(pool, addresses(5))
        await sink.wait_for(5)


async def test_a_worker_that_rests_claims_nothing(
    delivery: Delivery, pool: Pool, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Counter[str]()
    counted(monkeypatch, asked, "outlook")
    counted(monkeypatch, asked, "claim")
    counted(monkeypatch, asked, "settle_turn")
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.02)
    async with running(delivery):
        await eventually(lambda: _has_counted(asked, "outlook", 10))
        assert (asked["claim"], asked["settle_turn"]) == (1, 1)
        await create_for_new_organization(pool, addresses(1))
        await sink.wait_for(1)


def counted(monkeypatch: pytest.MonkeyPatch, counts: Counter[str], name: str) -> None:
    """Count the calls of a function of `deliveries`."""
    called = getattr(deliveries, name)

    async def counting(*arguments: Any, **more: Any) -> Any:
        counts[name] += 1
        return await called(*arguments, **more)

    monkeypatch.setattr(deliveries, name, counting)


async def _has_counted(counts: Counter[str], name: str, number: int) -> bool:
    return counts[name] >= number


async def test_one_bulk_send_is_recorded_without_waiting_for_company(
    delivery: Delivery, pool: Pool, sink: SmtpSink
) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    async with running(delivery):
        await eventually(lambda: _is(pool, sent, "completed"))


async def test_stuck_connections_stall_nobody(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE, recipient="*@stuck.example.com")
    stuck = await create_for_new_organization(pool, addresses(2, "stuck.example.com"))
    async with running(delivery):
        await gate.reached(2)
        others = await create_for_new_organization(pool, addresses(10))
        delivery.notices.work_is_due()
        await eventually(lambda: _is(pool, others, "completed"))
        assert counts(await bulk_send(pool, stuck)) == (0, 0, 2)
        gate.open()
    assert counts(await bulk_send(pool, stuck)) == (2, 0, 0)


async def test_stop_ends_what_has_begun_and_gives_back_the_rest(
    delivery: Delivery, pool: Pool, dsn: str, sink: SmtpSink
) -> None:
    begun = sink.hold(Phase.MESSAGE, recipient="begun@example.com")
    waiting = sink.hold(Phase.RCPT, recipient="waiting@example.com")
    sent = await create_for_new_organization(pool, ["begun@example.com", "waiting@example.com", *addresses(4)])
    task = asyncio.create_task(delivery.worker.run())
    await begun.reached()
    await waiting.reached()
    await sink.wait_for(4)

    stopped = asyncio.create_task(delivery.worker.stop(grace=10))
    await eventually(lambda: _lacks_lease(pool, "waiting@example.com"))
    begun.open()
    assert await stopped
    await task

    first, second, *_ = await documents_of(pool, sent)
    assert (first.delivery_status, first.attempts) == ("sent", 1)
    assert (second.delivery_status, second.attempts) == ("pending", 0)
    assert second.next_attempt_at is not None
    waiting.open()
    sink.forgive()
    async with delivery_to(sink, pool, dsn) as another:
        assert await another.worker.deliver_due() == 1
    assert recipients(sink) == Counter(["begun@example.com", "waiting@example.com", *addresses(4)])


async def test_stop_does_not_outlast_its_grace(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE)
    await create_for_new_organization(pool, addresses(1))
    async with delivery_to(sink, pool, dsn, replace(POLICY, lease=20)) as delivery:
        task = asyncio.create_task(delivery.worker.run())
        await gate.reached()
        assert not await delivery.worker.stop(grace=0.05)
        gate.open()
        assert await delivery.worker.stop(grace=10)
        await task


async def test_a_lost_lease_is_found_again(delivery: Delivery, pool: Pool, dsn: str, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    sent = await create_for_new_organization(pool, addresses(1))
    first = asyncio.create_task(delivery.worker.deliver_due())
    await gate.reached()
    async with delivery_to(sink, pool, dsn) as another:
        assert await another.worker.deliver_due() == 0
        await pass_time(pool, POLICY.lease)
        assert await another.worker.deliver_due() == 1
    gate.open()
    assert await first == 1

    assert counts(await bulk_send(pool, sent)) == (1, 0, 0)
    assert len({mail.parsed["Message-ID"] for mail in sink.mails}) == 1


@pytest.mark.parametrize("workers", [2, 3])
async def test_workers_share_a_bulk_send_and_double_nothing(pool: Pool, dsn: str, sink: SmtpSink, workers: int) -> None:
    sent = await create_for_new_organization(pool, addresses(300))
    deliveries = [delivery_to(sink, pool, dsn) for _ in range(workers)]
    opened = [await delivery.__aenter__() for delivery in deliveries]
    tasks = [asyncio.create_task(delivery.worker.run()) for delivery in opened]
    await eventually(lambda: _is(pool, sent, "completed"), 20)
    for delivery in opened:
        await delivery.worker.stop(10)
    await asyncio.gather(*tasks)
    for manager in deliveries:
        await manager.__aexit__(None, None, None)

    assert recipients(sink) == Counter(addresses(300))
    by_connection = Counter(mail.connection for mail in sink.mails)
    assert len(by_connection) == 3 * workers
    assert min(by_connection.values()) > 10


async def _is(pool: Pool, sent: Sent, status: str) -> bool:
    return (await bulk_send(pool, sent)).status == status


async def _lacks_lease(pool: Pool, email: str) -> bool:
    return bool(await pool.fetchval("SELECT lease_id IS NULL FROM documents WHERE signer_email = $1", email))


async def test_refused_and_deferred_documents(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user", recipient="nobody@*")
    sink.refuse(Phase.MESSAGE, 452, "4.2.2 Full", recipient="full@*", times=1)
    sent = await create_for_new_organization(pool, ["nobody@example.com", "full@example.com", "ada@example.com"])

    await delivery.worker.deliver_due()

    nobody, full, ada = await documents_of(pool, sent)
    assert (nobody.delivery_status, nobody.error_code, nobody.smtp_code) == ("failed", "MAILBOX_UNAVAILABLE", 550)
    assert (full.delivery_status, full.attempts, full.error_message) == ("pending", 1, "4.2.2 Full")
    assert ada.delivery_status == "sent"
    assert await delivery.worker.deliver_due() == 0
    await pass_time(pool, POLICY.retry_delays[0] * 1.2)
    assert await delivery.worker.deliver_due() == 1
    assert counts(await bulk_send(pool, sent)) == (2, 1, 0)


async def test_the_ladders_end_fails_a_document(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 450, "4.2.1 Later")
    sent = await create_for_new_organization(pool, addresses(1))
    for _ in range(len(POLICY.retry_delays) + 1):
        assert await delivery.worker.deliver_due() == 1
        await pass_time(pool, max(POLICY.retry_delays) * 1.2)

    [document] = await documents_of(pool, sent)
    assert (document.delivery_status, document.attempts, document.smtp_code) == ("failed", 3, 450)
    assert (document.error_code, document.error_message) == ("ATTEMPTS_EXHAUSTED", "4.2.1 Later")
    assert (await bulk_send(pool, sent)).status == "failed"


async def test_a_connection_cut_amid_the_content_is_tried_again(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sink.drop(Phase.CONTENT, times=1)
    sink.drop(Phase.MESSAGE, times=1, stored=True)
    sent = await create_for_new_organization(pool, addresses(3))

    await delivery.worker.deliver_due()
    assert counts(await bulk_send(pool, sent)) == (1, 0, 2)
    await pass_time(pool, POLICY.retry_delays[0] * 1.2)
    await delivery.worker.deliver_due()

    assert counts(await bulk_send(pool, sent)) == (3, 0, 0)
    doubled = [recipient for recipient, times in recipients(sink).items() if times > 1]
    assert len(doubled) == 1
    assert len({mail.parsed["Message-ID"] for mail in sink.accepted(doubled[0])}) == 1


async def test_a_document_older_than_the_queue_allows_is_not_sent(
    delivery: Delivery, pool: Pool, sink: SmtpSink
) -> None:
    sent = await create_for_new_organization(pool, addresses(2))
    await pass_time(pool, POLICY.max_queue_age)

    await delivery.worker.deliver_due()

    assert counts(await bulk_send(pool, sent)) == (0, 2, 0)
    assert not sink.mails


async def test_an_address_smtp_cannot_carry_fails_alone(delivery: Delivery, pool: Pool) -> None:
    sent = await create_for_new_organization(pool, ["not an address", "ada@example.com"])

    await delivery.worker.deliver_due()

    assert counts(await bulk_send(pool, sent)) == (1, 1, 0)


async def test_no_mail_is_sent_faster_than_the_rate(
    pool: Pool, dsn: str, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(token_bucket, "time", clock)
    await create_for_new_organization(pool, addresses(30))
    async with delivery_to(sink, pool, dsn, replace(POLICY, smtp_rate=100.0)) as delivery:
        for sent in (10, 20, 30):  # a burst of a tenth of a second, and another after each tenth
            while await delivery.worker.deliver_due():
                pass
            assert len(sink.mails) == sent
            clock.now += 0.1


async def test_a_result_that_waits_is_not_sent_again(delivery: Delivery, pool: Pool, sink: SmtpSink) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    async with pool.acquire() as blocking:
        transaction = blocking.transaction()
        await transaction.start()
        await blocking.execute("SELECT FROM bulk_sends FOR UPDATE")
        first = asyncio.create_task(delivery.worker.deliver_due())
        await sink.wait_for(1)
        await pass_time(pool, POLICY.lease)
        second = asyncio.create_task(delivery.worker.deliver_due())
        await eventually(lambda: _is_leased_twice(pool))
        await transaction.rollback()
    assert (await first, await second) == (1, 1)
    assert counts(await bulk_send(pool, sent)) == (1, 0, 0)
    assert len(sink.mails) == 1


async def _is_leased_twice(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT next_attempt_at > clock_timestamp() FROM documents"))
