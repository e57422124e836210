"""Events of a document and the hash chain that holds them together; `docs/evidence.md` defines both."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.evidence.merkle_tree import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINK: Final = b"\x02"

EVENT_TYPES: Final = (
    *("viewed", "consented", "signed", "declined", "expired"),
    *("reminded", "amended", "voided", "downloaded", "sealed"),
)
"""Every type of event, in the order of a document's life."""


def format_time(moment: datetime) -> str:
    """Return an aware datetime as RFC 3339 in UTC with milliseconds, cut off rather than rounded."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_time(text: str) -> str:
    if format_time(datetime.fromisoformat(text)) != text:
        raise ValueError("must be RFC 3339 in UTC with milliseconds, such as 2026-11-25T10:00:00.000Z")
    return text


def _is_ip(text: str) -> str:
    if str(ipaddress.ip_address(text)) != text:
        raise ValueError("must be an IP address in its canonical form")
    return text


Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"), AfterValidator(_is_time)]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DetailName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Detail = Annotated[str, Field(max_length=10_000)] | int | bool | None


class Record(BaseModel):
    """A part of the evidence: immutable, no member unknown, no type converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    def canonical_bytes(self) -> bytes:
        """Return the record's canonical JSON. Raise TypeError if a string holds a lone surrogate."""
        return canonical_bytes(self.model_dump())


class DocumentRecord(Record):
    """What never changes about a document after its creation: where its chain starts, and its Merkle leaf."""

    organization_id: str
    bulk_send_id: str
    template_id: str
    template_sha256: Sha256Hex
    """SHA-256 of the template's body in UTF-8."""
    document_id: str
    signer_index: int = Field(ge=0)
    created_at: Time

    def leaf_hash(self) -> bytes:
        """Return the document's leaf in its bulk send's Merkle tree, 32 bytes."""
        return leaf_hash(self.canonical_bytes())


class Event(Record):
    """One line of a document's history."""

    sequence: int = Field(ge=1)
    """1 for a document's first event, then without gaps."""
    type: str = Field(pattern=r"^[a-z][a-z_]{0,31}$")
    time: Time
    actor: str = Field(min_length=1, max_length=255)
    """`signer`, `system`, or the public ID of an API key."""
    ip: Annotated[str, AfterValidator(_is_ip)] | None = None
    user_agent: str | None = Field(default=None, max_length=1000)
    details: dict[DetailName, Detail] = Field(default_factory=dict, max_length=100)


class BrokenChain(ValueError):
    """An event does not follow from the one before; `sequence` is the first that does not."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(f"event {sequence}: {reason}")
        self.sequence = sequence


def link_hash(previous: bytes, event: Event) -> bytes:
    """Return the hash of an event: SHA-256 over 0x02, the previous hash and the event's canonical JSON.

    Before the first event, `previous` is the document's `DocumentRecord.leaf_hash()`.
    """
    return hashlib.sha256(_LINK + previous + event.canonical_bytes()).digest()


def chain_hashes(start: bytes, events: Iterable[Event]) -> Iterator[bytes]:
    """Yield the hash of each event, beginning after `start`."""
    for event in events:
        start = link_hash(start, event)
        yield start


def check_chain(start: bytes, links: Iterable[tuple[Event, bytes]]) -> bytes:
    """Return the hash of the last of `links` (each an event and its hash), or `start` if there are none.

    Raise BrokenChain at the first event whose sequence number or hash does not follow from those before it.
    """
    for expected, (event, recorded) in enumerate(links, start=1):
        if event.sequence != expected:
            raise BrokenChain(expected, f"its sequence number is {event.sequence}")
        start = link_hash(start, event)
        if start != recorded:
            raise BrokenChain(expected, "its hash does not follow from the event and the hash before it")
    return start
