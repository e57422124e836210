"""Documents after they were sent: reminders, taking back and correcting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query


@dataclass(frozen=True, slots=True)
class DocumentStateRow:
    """How far one document is. `signer_values`: JSON text; `in_flight`: its invitation is being sent right now."""

    id: UUID
    signer_index: int
    signer_name: str
    signer_email: str
    signer_phone: str | None
    signer_message: str | None
    signer_values: str
    status: str
    delivery_status: str
    in_flight: bool
    voided: bool
    reminded_today: bool


@dataclass(frozen=True, slots=True)
class ContentRow:
    """What one document was filled with. `signer_values`: JSON text; `locale`: its signer's language."""

    id: UUID
    signer_message: str | None
    signer_values: str
    locale: str


@dataclass(frozen=True, slots=True)
class DueBulkSendRow:
    """A bulk send with documents whose automatic reminder is due."""

    organization_id: UUID
    bulk_send_id: UUID


@dataclass(frozen=True, slots=True)
class DocumentIdRow:
    """A document."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Correction:
    """A document as it is to be. `signer_values`: JSON text."""

    document_id: UUID
    signer_name: str
    signer_email: str
    signer_phone: str | None
    signer_message: str | None
    signer_values: str


_GET_STATES = query("sent_documents", "get_states", DocumentStateRow)
_GET_CONTENTS = query("sent_documents", "get_contents", ContentRow)
_VOID = command("sent_documents", "void")
_AMEND = command("sent_documents", "amend")
_GET_DUE_REMINDERS = query("sent_documents", "get_due_reminders", DueBulkSendRow)
_TAKE_DUE_REMINDERS = query("sent_documents", "take_due_reminders", DocumentIdRow)


async def get_states(
    conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, document_ids: Sequence[UUID] | None
) -> list[DocumentStateRow]:
    """Return how far documents of a bulk send are, all or those named, by signer index. Lock the bulk send first."""
    return await _GET_STATES.all(conn, organization_id, bulk_send_id, document_ids)


async def get_contents(conn: Connection, *, organization_id: UUID, document_ids: Sequence[UUID]) -> list[ContentRow]:
    """Return what these documents were filled with, in no order; deleted and unknown ones are left out."""
    return await _GET_CONTENTS.all(conn, organization_id, document_ids)


async def void(
    conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, document_ids: Sequence[UUID], reply_wait: timedelta
) -> None:
    """Take pending documents back. Lock the bulk send first.

    `reply_wait`: how long after its lease a mail in flight may still be accepted.
    """
    await _VOID.run(conn, organization_id, bulk_send_id, document_ids, reply_wait)


async def amend(
    conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, corrections: Sequence[Correction]
) -> None:
    """Correct pending documents that are not in flight, and give each a new link. Lock the bulk send first."""
    await _AMEND.run(
        conn,
        organization_id,
        bulk_send_id,
        [correction.document_id for correction in corrections],
        [correction.signer_name for correction in corrections],
        [correction.signer_email for correction in corrections],
        [correction.signer_phone for correction in corrections],
        [correction.signer_message for correction in corrections],
        [correction.signer_values for correction in corrections],
    )


async def get_due_reminders(conn: Connection, *, limit: int) -> list[DueBulkSendRow]:
    """Return bulk sends with documents whose automatic reminder is due, from at most `limit` documents."""
    return await _GET_DUE_REMINDERS.all(conn, limit)


async def take_due_reminders(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID) -> list[UUID]:
    """Move due reminders of a bulk send to their next time; return the documents to remind now.

    Lock the bulk send first.
    """
    return [row.id for row in await _TAKE_DUE_REMINDERS.all(conn, organization_id, bulk_send_id)]
