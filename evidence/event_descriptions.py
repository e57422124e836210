"""What an event says, in plain words: for the certificate page and for `bulksend verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bulksend.evidence.events import Event

_WORDS: Final = {
    "viewed": "Opened the document",
    "consented": "Agreed to use electronic records and signatures",
    "signed": "Signed",
    "declined": "Declined to sign",
    "expired": "The time to sign ended",
    "reminded": "A reminder was sent",
    "amended": "The sender corrected the document",
    "voided": "The sender took the document back",
    "downloaded": "Downloaded the sealed PDF",
    "sealed": "The sealed PDF was made",
}


def describe(event: Event) -> str:
    """Return one sentence without a full stop, such as `Signed as “Zoë Müller”`."""
    words = _WORDS.get(event.type, event.type.replace("_", " ").capitalize())
    if event.type == "signed" and event.details.get("name"):
        return f"{words} as “{event.details['name']}”"
    if reason := event.details.get("reason"):
        return f"{words}: “{reason}”"
    return words


def origin(event: Event) -> str:
    """Return where the event came from: actor, IP address and user agent, as far as they are known."""
    return ", ".join(part for part in (event.actor, event.ip, event.user_agent) if part)
