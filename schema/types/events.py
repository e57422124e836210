"""Event: one line of a document's history; and the signature that one of them records."""

from datetime import datetime

import strawberry

from bulksend.resolvers import document_history
from bulksend.resolvers.document_history import EventType, HistoryEvent

_MEANINGS = {
    EventType.CREATED: "The document was created.",
    EventType.SENT: "The mail server accepted the mail.",
    EventType.VIEWED: "The signer opened the document for the first time, or again after it was amended.",
    EventType.CONSENTED: "The signer agreed to use electronic records and signatures.",
    EventType.SIGNED: "The signer signed.",
    EventType.DECLINED: "The signer declined, for the `reason` in the details.",
    EventType.EXPIRED: "The time to sign passed.",
    EventType.REMINDED: "A reminder was queued.",
    EventType.AMENDED: "The sender corrected what the details list; the link was replaced.",
    EventType.VOIDED: "The sender took the document back, for the `reason` in the details.",
    EventType.DOWNLOADED: "The sealed PDF was downloaded.",
    EventType.SEALED: "The sealed PDF was made.",
}
strawberry.enum(EventType, description="What happened to a document.")
for _value in EventType.__strawberry_definition__.values:  # type: ignore[attr-defined]
    _value.description = _MEANINGS[EventType(_value.value)]


@strawberry.type(description="One particular of an event.")
class EventDetail:
    name: str = strawberry.field(description="What it is, such as `reason` or `document_sha256`.")
    value: str | None = strawberry.field(description="Its value, as text.")


@strawberry.type(description="One line of a document's history, which can only grow.")
class Event:
    type: EventType = strawberry.field(description="What happened.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    actor: str = strawberry.field(description="`signer`, `system`, or the id of an API key.")
    ip_address: str | None = strawberry.field(description="Where the request came from, as trusted proxies tell it.")
    user_agent: str | None = strawberry.field(description="The browser or program that sent the request.")
    details: list[EventDetail] = strawberry.field(description="What else was recorded.")
    sequence: int | None = strawberry.field(
        description="Its number in the document's chain, from 1; null for what follows from the document itself."
    )
    hash: str | None = strawberry.field(
        description="SHA-256 over the event and the hash of the one before, in hexadecimal; null without `sequence`."
    )

    @classmethod
    def of(cls, event: HistoryEvent) -> "Event":
        """Convert an event."""
        details = [EventDetail(name=name, value=_text(value)) for name, value in event.details.items()]
        return cls(
            type=event.type,
            occurred_at=event.occurred_at,
            actor=event.actor,
            ip_address=event.ip_address,
            user_agent=event.user_agent,
            details=details,
            sequence=event.sequence,
            hash=event.hash,
        )


@strawberry.type(description="How a document was signed.")
class Signature:
    name: str = strawberry.field(description="The name that the signer typed.")
    signed_at: datetime = strawberry.field(description="Time when the signer signed.")
    intent: str = strawberry.field(description="The sentence of intent that stood beside the button.")
    document_sha256: str = strawberry.field(description="SHA-256 of what was shown and signed, in hexadecimal.")
    consent_sha256: str | None = strawberry.field(description="SHA-256 of the text that the signer agreed to.")
    ip_address: str | None = strawberry.field(description="Where the signer was, as trusted proxies tell it.")
    user_agent: str | None = strawberry.field(description="The signer's browser.")

    @classmethod
    def of(cls, signature: document_history.Signature) -> "Signature":
        """Convert a signature."""
        return cls(
            name=signature.name,
            signed_at=signature.signed_at,
            intent=signature.intent,
            document_sha256=signature.document_sha256,
            consent_sha256=signature.consent_sha256,
            ip_address=signature.ip_address,
            user_agent=signature.user_agent,
        )


def _text(value: str | int | bool | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower()
