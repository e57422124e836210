"""Events of documents, each linked to the previous one; `docs/evidence.md` defines the chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from bulksend.db import events, ids
from bulksend.db.events import ChainEndRow, NewEvent
from bulksend.db.pool import Connection
from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.evidence.events import DocumentRecord, Event, format_time, link_hash

Detail: TypeAlias = str | int | bool | None

SIGNER = "signer"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Source:
    """Who acts and from where. `actor`: SIGNER, SYSTEM or the public ID of an API key."""

    actor: str
    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """An event to record; `docs/evidence.md` lists the types and their details."""

    document_id: UUID
    type: str
    details: Mapping[str, Detail] = field(default_factory=dict)


async def append(
    conn: Connection, *, organization_id: UUID, acts: Sequence[Act], source: Source, at: datetime | None = None
) -> None:
    """Append an event for each act, in this order. Needs a transaction that has locked the documents' bulk send.

    `at`: when it happened, in milliseconds of the database's clock; None is now.
    """
    document_ids = list({act.document_id for act in acts})
    found = await events.chain_ends(conn, organization_id=organization_id, document_ids=document_ids)
    chains = {end.document_id: _Chain(organization_id, end, at or end.now) for end in found}
    await events.append(
        conn,
        organization_id=organization_id,
        actor=source.actor,
        ip=source.ip,
        user_agent=source.user_agent,
        events=[chains[act.document_id].add(act, source) for act in acts],
    )


class _Chain:
    """The end of one document's chain of events."""

    def __init__(self, organization_id: UUID, end: ChainEndRow, at: datetime) -> None:
        self._at = at
        self._sequence = end.sequence
        self._hash = document_record(organization_id, end).leaf_hash() if end.hash is None else end.hash

    def add(self, act: Act, source: Source) -> NewEvent:
        """Return the next event and make it the end."""
        previous, self._sequence = self._hash, self._sequence + 1
        event = Event(
            sequence=self._sequence,
            type=act.type,
            time=format_time(self._at),
            actor=source.actor,
            ip=source.ip,
            user_agent=source.user_agent,
            details=dict(act.details),
        )
        self._hash = link_hash(previous, event)
        details = canonical_bytes(event.details).decode()
        return NewEvent(act.document_id, self._sequence, act.type, self._at, details, previous, self._hash)


def document_record(organization_id: UUID, row: ChainEndRow) -> DocumentRecord:
    """Return the immutable attributes of a document, whose hash precedes its first event."""
    return DocumentRecord(
        organization_id=ids.encode(ids.ORGANIZATION, organization_id),
        bulk_send_id=ids.encode(ids.BULK_SEND, row.bulk_send_id),
        template_id=ids.encode(ids.TEMPLATE, row.template_id),
        template_sha256=row.template_sha256.hex(),
        document_id=ids.encode(ids.DOCUMENT, row.document_id),
        signer_index=row.signer_index,
        created_at=format_time(row.created_at),
    )
