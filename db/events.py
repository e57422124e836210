"""Events: the append-only history of each document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query


@dataclass(frozen=True, slots=True)
class ChainEndRow:
    """What the next event of a document follows. `hash` is None and `sequence` 0 before its first event."""

    document_id: UUID
    bulk_send_id: UUID
    signer_index: int
    template_id: UUID
    template_sha256: bytes
    created_at: datetime
    now: datetime
    sequence: int
    hash: bytes | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a document. `details`: JSON text of a flat object."""

    document_id: UUID
    sequence: int
    type: str
    occurred_at: datetime
    actor: str
    ip: str | None
    user_agent: str | None
    details: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One event of a document that says how it ended. `details`: JSON text of a flat object."""

    document_id: UUID
    type: str
    occurred_at: datetime
    ip: str | None
    user_agent: str | None
    details: str


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event with its place in the chain. `details`: JSON text of a flat object."""

    document_id: UUID
    sequence: int
    type: str
    occurred_at: datetime
    details: str
    previous_hash: bytes
    hash: bytes


_CHAIN_ENDS = query("events", "chain_ends", ChainEndRow)
_APPEND = command("events", "append")
_GET_HISTORIES = query("events", "get_histories", EventRow)
_GET_OUTCOMES = query("events", "get_outcomes", OutcomeRow)


async def chain_ends(conn: Connection, *, organization_id: UUID, document_ids: Sequence[UUID]) -> list[ChainEndRow]:
    """Return what the next event of each document follows, in no order. Lock the documents' bulk send first."""
    return await _CHAIN_ENDS.all(conn, organization_id, document_ids)


async def append(
    conn: Connection,
    *,
    organization_id: UUID,
    actor: str,
    ip: str | None,
    user_agent: str | None,
    events: Sequence[NewEvent],
) -> None:
    """Append events to their documents' histories. Lock the documents' bulk send first."""
    await _APPEND.run(
        conn,
        organization_id,
        actor,
        ip,
        user_agent,
        [event.document_id for event in events],
        [event.sequence for event in events],
        [event.type for event in events],
        [event.occurred_at for event in events],
        [event.details for event in events],
        [event.previous_hash for event in events],
        [event.hash for event in events],
    )


async def get_histories(conn: Connection, *, organization_id: UUID, document_ids: Sequence[UUID]) -> list[EventRow]:
    """Return all events of documents, each document's oldest first."""
    return await _GET_HISTORIES.all(conn, organization_id, document_ids)


async def get_outcomes(
    conn: Connection, *, organization_id: UUID, document_ids: Sequence[UUID], types: Sequence[str]
) -> list[OutcomeRow]:
    """Return the latest event of each of `types` of each document, in no order."""
    return await _GET_OUTCOMES.all(conn, organization_id, document_ids, types)
