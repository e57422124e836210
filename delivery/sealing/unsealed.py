"""A signed or declined document before it is sealed, and its evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bulksend.delivery.template_content import content_nodes
from bulksend.evidence.content import Content
from bulksend.evidence.events import Event, format_time
from bulksend.evidence.evidence_file import BulkSendRecord, Evidence, linked

if TYPE_CHECKING:
    from bulksend.db.events import EventRow
    from bulksend.evidence.events import DocumentRecord


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The contents of a sealed PDF, sent to the process that seals it."""

    document: DocumentRecord
    bulk_send: BulkSendRecord
    organization_name: str
    signer_name: str
    signer_email: str
    sent_at: str | None
    template_name: str
    template_body: str
    values: dict[str, Any]
    events: list[Event]

    @property
    def is_signed(self) -> bool:
        """Whether the document was signed, not declined."""
        return any(found.type == "signed" for found in self.events)

    def evidence(self) -> Evidence:
        """Return the document's evidence, with its content filled as for the signing page."""
        nodes = content_nodes(
            self.template_body, signer_name=self.signer_name, signer_email=self.signer_email, values=self.values
        )
        return Evidence(
            document=self.document,
            bulk_send=self.bulk_send,
            organization_name=self.organization_name,
            signer_name=self.signer_name,
            signer_email=self.signer_email,
            sent_at=self.sent_at,
            content=Content(title=self.template_name, nodes=nodes),
            events=linked(self.document, self.events),
        )


def event(row: EventRow) -> Event:
    """Return an event as it was hashed."""
    return Event(
        sequence=row.sequence,
        type=row.type,
        time=format_time(row.occurred_at),
        actor=row.actor,
        ip=row.ip,
        user_agent=row.user_agent,
        details=json.loads(row.details),
    )
