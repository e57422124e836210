"""Verification of a sealed PDF by itself: its seal, its events, and its place in its bulk send."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulksend.evidence.errors import VerificationFailed
from bulksend.evidence.events import BrokenChain, check_chain
from bulksend.evidence.evidence_file import Evidence, InvalidEvidence
from bulksend.evidence.merkle_tree import root_from_proof
from bulksend.evidence.seal_check import Seal, check_seal
from bulksend.evidence.sealed_pdf import attachment, only_signature, open_pdf

if TYPE_CHECKING:
    from asn1crypto import x509

# What is wrong with a stranger's file is said to them, and is nothing for the log.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class VerifiedPdf:
    """A PDF that holds in every respect."""

    seal: Seal
    evidence: Evidence


def verify_pdf(data: bytes, trusted: x509.Certificate | None = None) -> VerifiedPdf:
    """Check the bytes of a sealed PDF. Raise VerificationFailed with the first thing that does not hold.

    `trusted` is a certificate that the seal's is to be, or to be certified by; without one, whoever sealed the file
    is only named. Uses no network; not for use while an event loop runs in the thread.
    """
    seal, attached = _sealed(data, trusted)
    try:
        evidence = Evidence.from_json(attached)
    except InvalidEvidence as error:
        raise VerificationFailed(f"evidence.json is malformed: {error}") from None
    check_evidence(evidence)
    return VerifiedPdf(seal, evidence)


def check_evidence(evidence: Evidence) -> None:
    """Raise VerificationFailed if chain, Merkle proof or signed content do not fit together."""
    _check_events(evidence)
    _check_place(evidence)
    _check_content(evidence)


def _sealed(data: bytes, trusted: x509.Certificate | None) -> tuple[Seal, bytes]:
    try:
        reader = open_pdf(data)
        seal = check_seal(only_signature(reader), data, trusted)
        return seal, attachment(reader)
    except VerificationFailed:
        raise
    except Exception:
        # The parser meets hostile bytes, and each of its layers raises errors of its own.
        raise VerificationFailed("The PDF is damaged or was changed: it cannot be read.") from None


def _check_events(evidence: Evidence) -> None:
    links = ((link.event, bytes.fromhex(link.hash)) for link in evidence.events)
    try:
        check_chain(evidence.document.leaf_hash(), links)
    except BrokenChain as error:
        raise VerificationFailed(f"The chain of events is broken at {error}.") from None
    except TypeError:
        raise VerificationFailed("evidence.json holds text that is no Unicode.") from None


def _check_place(evidence: Evidence) -> None:
    bulk_send = evidence.bulk_send
    proof = [bytes.fromhex(sibling) for sibling in bulk_send.merkle_proof]
    try:
        root = root_from_proof(evidence.document.leaf_hash(), evidence.document.signer_index, bulk_send.size, proof)
    except ValueError as error:
        raise VerificationFailed(f"The document has no place in its bulk send: {error}.") from None
    if root.hex() != bulk_send.merkle_root:
        raise VerificationFailed("The document is not one of its bulk send: the proof leads to another Merkle root.")


def _check_content(evidence: Evidence) -> None:
    shown = evidence.content.sha256()
    signed = (link.event for link in evidence.events if link.event.type == "signed")
    if any(event.details.get("document_sha256") != shown for event in signed):
        raise VerificationFailed("The document's text is not the one that was signed: its SHA-256 is another.")
