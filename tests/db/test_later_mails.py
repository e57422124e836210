"""Mails after the invitation: one queue for all mails of a document; the delivery status is only the invitation's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization, documents_of, miscounted
from support.bulk_sends import pass_time as let_time_pass

from bulksend.db import bulk_sends, deliveries, workers
from bulksend.db.deliveries import ClaimedRow, MailKind, RecordedOutcome, Result
from bulksend.db.documents import DocumentRow
from bulksend.db.pool import Pool, writing

LEASE = timedelta(seconds=60)


@pytest.fixture
async def sent(pool: Pool) -> AsyncIterator[Sent]:
    """A bulk send of one document; at the end of the test its counters must match."""
    yield await create_for_new_organization(pool, addresses(1))
    async with pool.acquire() as conn:
        assert await miscounted(conn) == []


async def queue(pool: Pool, sent: Sent, kind: MailKind) -> int:
    document_ids = [document.id for document in await documents_of(pool, sent)]
    async with writing(pool) as conn:
        await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id)
        return await deliveries.queue_mail(
            conn, organization_id=sent.organization_id, bulk_send_id=sent.id, document_ids=document_ids, kind=kind
        )


async def claim(pool: Pool) -> list[ClaimedRow]:
    async with pool.acquire() as conn:
        worker_id = await workers.register(conn)
        return await deliveries.claim(conn, worker_id=worker_id, lease_id=uuid4(), limit=10, lease=LEASE)


async def claim_one(pool: Pool) -> ClaimedRow:
    [row] = await claim(pool)
    return row


async def record(pool: Pool, row: ClaimedRow, outcome: RecordedOutcome, **fields: object) -> None:
    result = Result(
        row.id,
        row.lease_id,
        outcome,
        mail_number=row.mail_number,
        is_delivery=row.is_delivery,
        **fields,  # type: ignore[arg-type]
    )
    async with writing(pool) as conn:
        await deliveries.record(
            conn, organization_id=row.organization_id, bulk_send_id=row.bulk_send_id, results=[result]
        )


async def refuse(pool: Pool, row: ClaimedRow) -> None:
    await record(pool, row, "failed", error_code="MAILBOX_UNAVAILABLE", error_message="No such user", smtp_code=550)


async def document(pool: Pool, sent: Sent) -> DocumentRow:
    [found] = await documents_of(pool, sent)
    return found


async def cancel(pool: Pool, sent: Sent) -> None:
    async with writing(pool) as conn:
        await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id)
        await bulk_sends.cancel(
            conn, organization_id=sent.organization_id, bulk_send_id=sent.id, reply_wait=timedelta()
        )


async def retry(pool: Pool, sent: Sent) -> None:
    async with writing(pool) as conn:
        await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id)
        await bulk_sends.retry(conn, organization_id=sent.organization_id, bulk_send_id=sent.id, document_ids=None)
        await deliveries.ask_turn(conn, organization_id=sent.organization_id)


async def test_a_later_mail_is_claimed_like_the_first_and_changes_nothing_of_the_delivery(
    pool: Pool, sent: Sent
) -> None:
    await record(pool, await claim_one(pool), "sent")
    before = await document(pool, sent)
    assert await queue(pool, sent, MailKind.REMINDER) == 1

    reminder = await claim_one(pool)
    assert (reminder.mail_kind, reminder.mail_number, reminder.is_delivery) == ("reminder", 2, False)
    assert (reminder.attempts, reminder.error_code) == (0, None)
    await record(pool, reminder, "pending", error_code="MAILBOX_BUSY")
    again = await claim_one(pool)
    assert (again.mail_number, again.attempts, again.error_code) == (2, 1, "MAILBOX_BUSY")
    await refuse(pool, again)

    assert await claim(pool) == []
    assert await document(pool, sent) == before
    assert (await bulk_send(pool, sent)).sent_count == 1


async def test_mails_of_one_document_follow_each_other(pool: Pool, sent: Sent) -> None:
    for kind in (MailKind.REMINDER, MailKind.REMINDER, MailKind.COPY):
        await queue(pool, sent, kind)
    claimed = []
    while rows := await claim(pool):
        claimed += [(row.mail_kind, row.mail_number) for row in rows]
        assert await claim(pool) == []
        await record(pool, rows[0], "sent")
    assert claimed == [("invitation", 1), ("reminder", 2), ("reminder", 3), ("copy", 4)]


async def test_a_late_acceptance_ends_a_later_mail(pool: Pool, sent: Sent) -> None:
    await record(pool, await claim_one(pool), "sent")
    await queue(pool, sent, MailKind.COPY)
    first = await claim_one(pool)
    await let_time_pass(pool, LEASE.total_seconds())
    second = await claim_one(pool)

    await record(pool, first, "sent")
    await record(pool, second, "pending")

    assert second.mail_number == first.mail_number
    assert await claim(pool) == []


async def test_a_late_acceptance_leaves_the_next_mail_alone(pool: Pool, sent: Sent) -> None:
    await record(pool, await claim_one(pool), "sent")
    await queue(pool, sent, MailKind.REMINDER)
    first = await claim_one(pool)
    await let_time_pass(pool, LEASE.total_seconds())
    await record(pool, await claim_one(pool), "sent")
    await queue(pool, sent, MailKind.COPY)

    await record(pool, first, "sent")

    assert (await claim_one(pool)).mail_kind == "copy"


async def test_what_is_cancelled_makes_way_for_the_next_mail(pool: Pool, sent: Sent) -> None:
    """A signer may sign by a link that the sender passed on, before the invitation was sent."""
    await claim_one(pool)
    await queue(pool, sent, MailKind.COPY)

    await cancel(pool, sent)

    assert await claim(pool) == []  # the invitation may still be in flight
    await let_time_pass(pool, LEASE.total_seconds())
    assert (await claim_one(pool)).mail_kind == "copy"
    assert (await document(pool, sent)).error_code == "CANCELLED"


async def test_a_retry_waits_for_a_later_mail_in_flight(pool: Pool, sent: Sent) -> None:
    await refuse(pool, await claim_one(pool))
    await queue(pool, sent, MailKind.COPY)
    copy = await claim_one(pool)

    await retry(pool, sent)
    assert await claim(pool) == []
    await record(pool, copy, "sent")

    invitation = await claim_one(pool)
    assert (invitation.mail_kind, invitation.is_delivery) == ("invitation", True)
    await record(pool, invitation, "sent")
    assert (await bulk_send(pool, sent)).sent_count == 1


async def test_a_late_accepted_invitation_withdraws_the_one_that_waits(pool: Pool, sent: Sent) -> None:
    invitation = await claim_one(pool)
    await cancel(pool, sent)
    await queue(pool, sent, MailKind.COPY)
    await let_time_pass(pool, LEASE.total_seconds())
    copy = await claim_one(pool)
    await retry(pool, sent)

    await record(pool, invitation, "sent")
    await record(pool, copy, "sent")

    assert await claim(pool) == []
    assert (await document(pool, sent)).delivery_status == "sent"
