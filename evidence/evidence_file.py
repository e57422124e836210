"""The evidence of one document, complete in itself: `evidence.json` of a sealed PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, ValidationError

from bulksend.evidence.canonical_json import InvalidJson, parse
from bulksend.evidence.content import Content
from bulksend.evidence.events import DocumentRecord, Event, Record, Sha256Hex, Time, chain_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT: Final = "bulksend-evidence/1"

_MAX_PROBLEMS: Final = 3


class InvalidEvidence(ValueError):
    """Bytes are no evidence file; the message names what is wrong."""


class BulkSendRecord(Record):
    """A bulk send, and the proof that the document is one of its own."""

    name: str
    size: int = Field(ge=1)
    """How many documents it has."""
    merkle_root: Sha256Hex
    merkle_proof: list[Sha256Hex]
    """Siblings from the document's leaf up to the root."""


class LinkedEvent(Record):
    """An event with the hash that links it to the one before."""

    event: Event
    hash: Sha256Hex


class Evidence(Record):
    """Everything that a sealed PDF says, in its parts."""

    format: Literal["bulksend-evidence/1"] = FORMAT
    document: DocumentRecord
    bulk_send: BulkSendRecord
    organization_name: str
    signer_name: str
    signer_email: str
    sent_at: Time | None
    """When the SMTP server accepted the mail with the signing link; null if it never did."""
    content: Content
    events: list[LinkedEvent]

    def to_json(self) -> bytes:
        """Return the file: canonical JSON."""
        return self.canonical_bytes()

    @classmethod
    def from_json(cls, data: bytes) -> Evidence:
        """Parse a file. Raise InvalidEvidence, naming the first problems by their paths."""
        try:
            return cls.model_validate(parse(data))
        except InvalidJson as error:
            raise InvalidEvidence(f"not JSON: {error}") from None
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            raise InvalidEvidence("; ".join(map(_problem, found[:_MAX_PROBLEMS]))) from None


def linked(document: DocumentRecord, events: Iterable[Event]) -> list[LinkedEvent]:
    """Return `events`, the whole history of `document`, with their hashes."""
    history = list(events)
    hashes = chain_hashes(document.leaf_hash(), history)
    return [LinkedEvent(event=event, hash=link.hex()) for event, link in zip(history, hashes, strict=True)]


def _problem(detail: Any) -> str:
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
