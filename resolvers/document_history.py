"""The history of a document: its recorded events, and those that follow from the document itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from bulksend.db.documents import DocumentRow
from bulksend.db.events import EventRow
from bulksend.delivery.event_log import SYSTEM, Detail
from bulksend.resolvers.context import Context
from bulksend.resolvers.pages import ConnectionPage, ListCursors, PageArguments

MAXIMUM_PAGE: Final = 100


class EventType(StrEnum):
    """What happened to a document."""

    CREATED = "created"
    SENT = "sent"
    VIEWED = "viewed"
    CONSENTED = "consented"
    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"
    REMINDED = "reminded"
    AMENDED = "amended"
    VOIDED = "voided"
    DOWNLOADED = "downloaded"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One line of a document's history. `sequence` and `hash` are None for what is not part of its chain."""

    type: EventType
    occurred_at: datetime
    actor: str
    ip_address: str | None = None
    user_agent: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    sequence: int | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """How a document was signed."""

    name: str
    signed_at: datetime
    intent: str
    document_sha256: str
    consent_sha256: str | None
    ip_address: str | None
    user_agent: str | None


async def read_page(
    context: Context, document: DocumentRow, arguments: PageArguments
) -> tuple[ConnectionPage[HistoryEvent], int]:
    """Return one page of a document's history, oldest first, and the number of all its events. Raise `BadUserInput`."""
    cursors = ListCursors("document.events", None, parent=document.id)
    size = arguments.size(MAXIMUM_PAGE)
    history = await _history(context, document)
    start = 0 if arguments.after is None else cursors.decode(arguments.after, field="after")[1] + 1
    end = len(history) if arguments.before is None else cursors.decode(arguments.before, field="before")[1]
    wanted = range(len(history))[start:end]
    kept = wanted[-size:] if arguments.backwards else wanted[:size]
    positions = {id(history[position]): position for position in kept}
    page = ConnectionPage(
        rows=[history[position] for position in kept],
        encode=lambda event: cursors.encode(document.id, positions[id(event)]),
        has_next_page=bool(kept) and kept[-1] + 1 < len(history),
        has_previous_page=bool(kept) and kept[0] > 0,
    )
    return page, len(history)


async def _history(context: Context, document: DocumentRow) -> list[HistoryEvent]:
    recorded = [_event(row) for row in await context.loaders.histories.load(document.id)]
    # Sorting is stable: among events of one millisecond those of the chain keep its order.
    return sorted([*_derived(document), *recorded], key=lambda event: event.occurred_at)


def _derived(document: DocumentRow) -> list[HistoryEvent]:
    events = [HistoryEvent(EventType.CREATED, document.created_at, SYSTEM)]
    if document.sent_at is not None:
        events.append(HistoryEvent(EventType.SENT, document.sent_at, SYSTEM))
    if document.status == "expired" and document.expires_at is not None:
        events.append(HistoryEvent(EventType.EXPIRED, document.expires_at, SYSTEM))
    return events


def _event(row: EventRow) -> HistoryEvent:
    return HistoryEvent(
        type=EventType(row.type),
        occurred_at=row.occurred_at,
        actor=row.actor,
        ip_address=row.ip,
        user_agent=row.user_agent,
        details=json.loads(row.details),
        sequence=row.sequence,
        hash=row.hash.hex(),
    )


async def reason(context: Context, document: DocumentRow, kind: EventType) -> str | None:
    """Return the reason in the latest event of this type, DECLINED or VOIDED; None without such an event."""
    found = _latest(await context.loaders.histories.load(document.id), kind)
    return str(json.loads(found.details)["reason"]) if found else None


async def signature(context: Context, document: DocumentRow) -> Signature | None:
    """Return how a document was signed; None if it is not."""
    history = await context.loaders.histories.load(document.id)
    signed, consented = _latest(history, EventType.SIGNED), _latest(history, EventType.CONSENTED)
    if signed is None:
        return None
    details = json.loads(signed.details)
    return Signature(
        name=details["name"],
        signed_at=signed.occurred_at,
        intent=details["intent"],
        document_sha256=details["document_sha256"],
        consent_sha256=json.loads(consented.details)["consent_sha256"] if consented else None,
        ip_address=signed.ip,
        user_agent=signed.user_agent,
    )


def _latest(history: Sequence[EventRow], kind: EventType) -> EventRow | None:
    return next((row for row in reversed(history) if row.type == kind), None)
