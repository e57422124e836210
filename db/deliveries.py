"""Deliveries: the queue of documents that have a mail to send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, TypeAlias, cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query

NOW: Final = timedelta()

RecordedOutcome: TypeAlias = Literal["sent", "failed", "pending"]


class MailKind(StrEnum):
    """Kinds of mails. Invitations are a document's delivery; the other kinds are not counted as deliveries."""

    INVITATION = "invitation"
    AMENDED_INVITATION = "amended_invitation"
    REMINDER = "reminder"
    COPY = "copy"
    VOID_NOTICE = "void_notice"


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """A leased document with the contents of its mail.

    `is_delivery`: the mail decides the document's delivery. `attempts`, `error_…`: of this mail, before this attempt.
    `age`: time since the mail was queued. `status`: the document's.
    """

    organization_id: UUID
    bulk_send_id: UUID
    id: UUID
    lease_id: UUID
    worker_id: UUID
    mail_kind: str
    mail_number: int
    is_delivery: bool
    status: str
    link_generation: int
    attempts: int
    age: timedelta
    error_code: str | None
    error_message: str | None
    smtp_code: int | None
    signer_name: str
    signer_email: str
    signer_message: str | None
    bulk_send_name: str
    email_message: str | None
    template_name: str
    organization_name: str
    locale: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class OverdueRow:
    """A leased document whose mail has waited too long; `attempts`, `error_…`: of this mail."""

    organization_id: UUID
    bulk_send_id: UUID
    id: UUID
    lease_id: UUID
    mail_number: int
    is_delivery: bool
    attempts: int
    error_code: str | None
    error_message: str | None
    smtp_code: int | None


@dataclass(frozen=True, slots=True)
class OutlookRow:
    """Whether the circuit is open, and the time until the first mail is due, at least 0; None without mails."""

    circuit_is_open: bool
    wait: timedelta | None


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one attempt to send a claimed document's mail.

    `outcome`: 'pending' puts it back to be tried after `wait`. `attempts`: how many this used, 0 or 1. The error's
    `smtp_code` and `error_message` are the server's own; put back without an `error_code`, the document keeps its last.
    """

    document_id: UUID
    lease_id: UUID
    outcome: RecordedOutcome
    attempts: int = 1
    wait: timedelta = NOW
    error_code: str | None = None
    error_message: str | None = None
    smtp_code: int | None = None
    mail_number: int = 1
    is_delivery: bool = True


_CLAIM = query("deliveries", "claim", ClaimedRow)
_CLAIM_OVERDUE = query("deliveries", "claim_overdue", OverdueRow)
_RENEW = command("deliveries", "renew")
_TAKE_TURN = command("deliveries", "take_turn")
_END_TURN = command("deliveries", "end_turn")
_MOVE_TURN = command("deliveries", "move_turn")
_ASK_TURN = command("deliveries", "ask_turn")
_OUTLOOK = query("deliveries", "outlook", OutlookRow)
_SAMPLE_RECIPIENT = command("deliveries", "sample_recipient")
_LOCK_BULK_SEND = command("deliveries", "lock_bulk_send")
_RECORD = command("deliveries", "record")
_RECORD_LATER_MAILS = command("deliveries", "record_later_mails")
_QUEUE_MAIL = command("deliveries", "queue_mail")
_BEGIN_NEXT_MAILS = command("deliveries", "begin_next_mails")


async def claim(conn: Connection, *, worker_id: UUID, lease_id: UUID, limit: int, lease: timedelta) -> list[ClaimedRow]:
    """Lease up to `limit` due documents of the organization whose turn it is, and put its turn behind the others.

    Return none while the circuit is open, for a worker that was declared dead, and when that organization has nothing
    due: then call `settle_turn`.
    """
    return await _CLAIM.all(conn, limit, lease_id, lease, worker_id)


async def renew(conn: Connection, *, held: Sequence[ClaimedRow], lease: timedelta) -> list[UUID]:
    """Extend leases to `lease` from now, and return the ids of the documents whose lease was extended.

    A document that is no longer leased by these is left out, and one that is being recorded or cancelled.
    """
    renewed = await _RENEW.value(
        conn,
        [document.organization_id for document in held],
        [document.id for document in held],
        [document.lease_id for document in held],
        lease,
    )
    return cast(list[UUID], renewed)


async def settle_turn(conn: Connection) -> bool:
    """Move the turn that has been due longest to when its organization's next mail is due, or end it.

    Needs a transaction. Return whether another claim may find something now.
    """
    organization_id = cast(UUID | None, await _TAKE_TURN.value(conn))
    if organization_id is None:
        return False
    # Statements of their own: they see whoever made mail due before the turn was locked, and others come after us.
    ended = await _END_TURN.value(conn, organization_id)
    return bool(ended or await _MOVE_TURN.value(conn, organization_id))


async def claim_overdue(
    conn: Connection, *, worker_id: UUID, lease_id: UUID, limit: int, lease: timedelta, max_queue_age: timedelta
) -> list[OverdueRow]:
    """Lease up to `limit` due documents queued at least `max_queue_age` ago, whether the circuit is open or not.

    Reads every due document, so it is for rare use.
    """
    return await _CLAIM_OVERDUE.all(conn, limit, lease_id, lease, max_queue_age, worker_id)


async def ask_turn(conn: Connection, *, organization_id: UUID, wait: timedelta = NOW) -> None:
    """Give the organization a turn no later than `wait` from now."""
    await _ASK_TURN.run(conn, organization_id, wait)


async def outlook(conn: Connection) -> OutlookRow:
    """Return when the next mail is due."""
    return cast(OutlookRow, await _OUTLOOK.one(conn))


async def sample_recipient(conn: Connection) -> str | None:
    """Return the address of a random recipient of a waiting mail; None without mails."""
    return cast(str | None, await _SAMPLE_RECIPIENT.value(conn))


async def record(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, results: Sequence[Result]) -> None:
    """Record results of documents of a bulk send, and update its counters accordingly.

    Needs a transaction. 'sent' always wins; any other result is dropped if the lease is no longer the document's.
    """
    # A statement of its own: the next one must see what the lock's last holder committed.
    await _LOCK_BULK_SEND.run(conn, organization_id, bulk_send_id)
    deliveries = [result for result in results if result.is_delivery]
    later_mails = [result for result in results if not result.is_delivery]
    have_next = deliveries and await _record_deliveries(conn, organization_id, bulk_send_id, deliveries)
    if later_mails:
        have_next = await _record_later_mails(conn, organization_id, bulk_send_id, later_mails) or have_next
    if have_next:
        await begin_next_mails(conn, organization_id=organization_id, bulk_send_id=bulk_send_id)
    waits = [result.wait for result in results if result.outcome == "pending"]
    if waits:
        await ask_turn(conn, organization_id=organization_id, wait=min(waits))


async def _record_deliveries(
    conn: Connection, organization_id: UUID, bulk_send_id: UUID, results: Sequence[Result]
) -> bool:
    have_next = await _RECORD.value(
        conn,
        organization_id,
        bulk_send_id,
        [result.document_id for result in results],
        [result.lease_id for result in results],
        [result.outcome for result in results],
        [result.attempts for result in results],
        [result.wait for result in results],
        [result.error_code for result in results],
        [result.error_message for result in results],
        [result.smtp_code for result in results],
    )
    return bool(have_next)


async def _record_later_mails(
    conn: Connection, organization_id: UUID, bulk_send_id: UUID, results: Sequence[Result]
) -> bool:
    have_next = await _RECORD_LATER_MAILS.value(
        conn,
        organization_id,
        bulk_send_id,
        [result.document_id for result in results],
        [result.lease_id for result in results],
        [result.mail_number for result in results],
        [result.outcome for result in results],
        [result.attempts for result in results],
        [result.wait for result in results],
        [result.error_code for result in results],
    )
    return bool(have_next)


async def queue_mail(
    conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, document_ids: Sequence[UUID], kind: MailKind
) -> int:
    """Queue one more mail of this kind for documents of a bulk send, and return how many of them exist.

    Needs a transaction in which the bulk send is locked (`bulk_sends.lock`). The mail is due at once, or as soon as the
    document's earlier mails have ended. After the commit tell the workers: `Notices.work_is_due`.
    """
    queued = cast(int, await _QUEUE_MAIL.value(conn, organization_id, bulk_send_id, document_ids, kind))
    await begin_next_mails(conn, organization_id=organization_id, bulk_send_id=bulk_send_id)
    return queued


async def begin_next_mails(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID) -> None:
    """Make the next mail due of every document of a bulk send that has one and no other mail due.

    Needs a transaction in which the bulk send is locked.
    """
    if await _BEGIN_NEXT_MAILS.run(conn, organization_id, bulk_send_id) != "UPDATE 0":
        await ask_turn(conn, organization_id=organization_id)
