"""The certificate page of a sealed PDF, as values for its typst source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bulksend.evidence.event_descriptions import describe, origin
from bulksend.evidence.typesetting import breakable

if TYPE_CHECKING:
    from bulksend.evidence.evidence_file import Evidence, LinkedEvent


def certificate(evidence: Evidence) -> dict[str, Any]:
    """Return `outcome`, `facts` (name, value, code) and `events` (sequence, time, words, origin)."""
    return {
        "outcome": breakable(_outcome(evidence)),
        "facts": [_fact(*fact) for fact in _facts(evidence)],
        "events": [_event(linked) for linked in evidence.events],
    }


def _outcome(evidence: Evidence) -> str:
    endings = {"signed": "signed", "declined": "was declined by", "voided": "was taken back from"}
    ending = next((link.event for link in reversed(evidence.events) if link.event.type in endings), None)
    if ending is None:
        return f"{evidence.content.title} waits for {evidence.signer_name}."
    if ending.type == "signed":
        return f"{evidence.signer_name} signed {evidence.content.title} on {_legible(ending.time)}."
    return f"{evidence.content.title} {endings[ending.type]} {evidence.signer_name} on {_legible(ending.time)}."


def _facts(evidence: Evidence) -> list[tuple[str, str, bool]]:
    document, bulk_send = evidence.document, evidence.bulk_send
    return [
        ("Document", document.document_id, True),
        ("Sender", evidence.organization_name, False),
        ("Signer", f"{evidence.signer_name} <{evidence.signer_email}>", False),
        ("Bulk send", f"{bulk_send.name}: document {document.signer_index + 1} of {bulk_send.size}", False),
        ("Created", _legible(document.created_at), False),
        ("Sent", _legible(evidence.sent_at) if evidence.sent_at else "not by mail", False),
        ("SHA-256 of the content", evidence.content.sha256(), True),
        ("SHA-256 of the template", document.template_sha256, True),
        ("Last event's hash", evidence.events[-1].hash if evidence.events else "none", True),
        ("Merkle root of the bulk send", bulk_send.merkle_root, True),
    ]


def _fact(name: str, value: str, code: bool) -> dict[str, Any]:
    return {"name": name, "value": value if code else breakable(value), "code": code}


def _event(linked: LinkedEvent) -> dict[str, Any]:
    event = linked.event
    return {
        "sequence": event.sequence,
        "time": _legible(event.time).removesuffix(" UTC"),
        "words": breakable(describe(event)),
        "origin": breakable(origin(event)),
    }


def _legible(time: str) -> str:
    return time.replace("T", " ").removesuffix("Z") + " UTC"
