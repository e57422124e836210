"""Deliveries: the queue that the pending documents are, and the results that empty it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query

NOW: Final = timedelta()


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """One leased document and what its mail says. `age`: since it was queued; `error_…`: of its last attempt."""

    organization_id: UUID
    bulk_send_id: UUID
    id: UUID
    lease_id: UUID
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


@dataclass(frozen=True, slots=True)
class OverdueRow:
    """One leased document that has waited too long; `error_…`: of its last attempt."""

    organization_id: UUID
    bulk_send_id: UUID
    id: UUID
    lease_id: UUID
    attempts: int
    error_code: str | None
    error_message: str | None
    smtp_code: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document's delivery.

    `outcome`: 'pending' puts it back to be tried after `wait`. `attempts`: how many this used, 0 or 1. The error's
    `smtp_code` and `error_message` are the server's own; put back without an `error_code`, the document keeps its last.
    """

    document_id: UUID
    lease_id: UUID
    outcome: Literal["sent", "failed", "pending"]
    attempts: int = 1
    wait: timedelta = NOW
    error_code: str | None = None
    error_message: str | None = None
    smtp_code: int | None = None


_CLAIM = query("deliveries", "claim", ClaimedRow)
_CLAIM_OVERDUE = query("deliveries", "claim_overdue", OverdueRow)
_RENEW = command("deliveries", "renew")
_TAKE_TURN = command("deliveries", "take_turn")
_END_TURN = command("deliveries", "end_turn")
_MOVE_TURN = command("deliveries", "move_turn")
_ASK_TURN = command("deliveries", "ask_turn")
_NEXT_DUE = command("deliveries", "next_due")
_LOCK_BULK_SEND = command("deliveries", "lock_bulk_send")
_RECORD = command("deliveries", "record")


async def claim(conn: Connection, *, lease_id: UUID, limit: int, lease: timedelta) -> list[ClaimedRow]:
    """Lease up to `limit` due documents of the organization whose turn it is, and put its turn behind the others'.

    Gives nothing while the circuit is open, and when that organization has nothing due: then settle its turn.
    """
    return await _CLAIM.all(conn, limit, lease_id, lease)


async def renew(conn: Connection, *, held: Sequence[ClaimedRow], lease: timedelta) -> None:
    """Let leases last `lease` from now, but for documents that are no longer pending or another's."""
    await _RENEW.run(
        conn,
        [document.organization_id for document in held],
        [document.id for document in held],
        [document.lease_id for document in held],
        lease,
    )


async def settle_turn(conn: Connection) -> bool:
    """Move the turn that is longest due to when its organization's next document is, or end it.

    Needs a transaction. Gives whether another claim may find something now.
    """
    organization_id = cast(UUID | None, await _TAKE_TURN.value(conn))
    if organization_id is None:
        return False
    # Statements of their own: whoever made mail due before the turn was locked is seen, and others come after us.
    ended = await _END_TURN.value(conn, organization_id)
    return bool(ended or await _MOVE_TURN.value(conn, organization_id))


async def claim_overdue(
    conn: Connection, *, lease_id: UUID, limit: int, lease: timedelta, max_queue_age: timedelta
) -> list[OverdueRow]:
    """Lease up to `limit` due documents that were queued `max_queue_age` ago or earlier, circuit or not.

    Reads all that is due: for once in a while.
    """
    return await _CLAIM_OVERDUE.all(conn, limit, lease_id, lease, max_queue_age)


async def ask_turn(conn: Connection, *, organization_id: UUID, wait: timedelta = NOW) -> None:
    """See to it that the organization has a turn no later than `wait` from now."""
    await _ASK_TURN.run(conn, organization_id, wait)


async def next_due(conn: Connection) -> timedelta | None:
    """Give how long until any organization's mail is due, 0 when it is; None when nothing is pending."""
    return cast(timedelta | None, await _NEXT_DUE.value(conn))


async def record(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, results: Sequence[Result]) -> None:
    """Record results of one bulk send's documents and move its counters by what really changed (DESIGN 8).

    Needs a transaction. 'sent' always wins; anything else is dropped when the lease is no longer the document's.
    """
    # A statement of its own: the next one must see what the lock's last holder committed.
    await _LOCK_BULK_SEND.run(conn, organization_id, bulk_send_id)
    await _RECORD.run(
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
    waits = [result.wait for result in results if result.outcome == "pending"]
    if waits:
        await ask_turn(conn, organization_id=organization_id, wait=min(waits))
