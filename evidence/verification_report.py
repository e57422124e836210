"""What a verified PDF proves, in plain words: for `bulksend verify` and the page at /verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bulksend.evidence.event_descriptions import describe, origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bulksend.evidence.evidence_file import Evidence
    from bulksend.evidence.seal_check import Seal
    from bulksend.evidence.verification import VerifiedPdf


def findings(verified: VerifiedPdf) -> list[str]:
    """Return what holds, one sentence each: seal, maker, time, events, place, content."""
    evidence = verified.evidence
    return [
        "The seal is intact: no byte of the file was changed since it was sealed.",
        *_seal_findings(verified.seal),
        f"The chain of {_count(len(evidence.events), 'event')} is intact.",
        _place(evidence),
        f"The document's text has the SHA-256 {evidence.content.sha256()}{_as_signed(evidence)}.",
    ]


def event_lines(evidence: Evidence) -> list[str]:
    """Return one line for each event: number, time, what happened, and from where."""
    events = (link.event for link in evidence.events)
    return [f"{event.sequence}. {event.time}  {describe(event)} ({origin(event)})" for event in events]


def _seal_findings(seal: Seal) -> Iterator[str]:
    yield f"Sealed by {seal.name}, certificate with the SHA-256 {seal.fingerprint}."
    if seal.is_test_key:
        yield "This is a TEST KEY: the document proves nothing."
    elif seal.is_trusted:
        yield "The given certificate certifies this seal."
    else:
        yield "Nobody vouches for that name here: compare the SHA-256 with the sender's, or give their certificate."
    if seal.timestamped_at is not None:
        yield f"{seal.timestamp_authority} states that it was sealed before {seal.timestamped_at:%Y-%m-%dT%H:%M:%SZ}."
    elif seal.claimed_at is not None:
        yield f"The sealing server states {seal.claimed_at:%Y-%m-%dT%H:%M:%SZ} as the time of sealing."


def _place(evidence: Evidence) -> str:
    document, bulk_send = evidence.document, evidence.bulk_send
    return (
        f"{document.document_id} is document {document.signer_index + 1} of {bulk_send.size} of the bulk send "
        f"{document.bulk_send_id}, Merkle root {bulk_send.merkle_root}."
    )


def _as_signed(evidence: Evidence) -> str:
    return ", as signed" if any(link.event.type == "signed" for link in evidence.events) else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
