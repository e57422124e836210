"""Whether a seal is intact and covers every byte of its file, and who made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from asn1crypto import cms
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from bulksend.evidence.errors import VerificationFailed
from bulksend.evidence.sealing_key import TEST_KEY_NAME

if TYPE_CHECKING:
    from datetime import datetime

    from asn1crypto import x509
    from pyhanko.sign.validation import EmbeddedPdfSignature, PdfSignatureStatus

_CHANGED: Final = "The PDF was changed after it was sealed"
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True)
class Seal:
    """Who sealed a PDF, and when."""

    name: str
    """Subject of the certificate."""
    fingerprint: str
    """SHA-256 of the certificate, in hexadecimal."""
    claimed_at: datetime | None
    """When the sealing server says it sealed."""
    timestamped_at: datetime | None
    """What a timestamp server vouches for; None without a timestamp."""
    timestamp_authority: str | None
    is_test_key: bool
    is_trusted: bool
    """Whether the certificate to trust that was given certifies it; False if none was given."""


def check_seal(signature: EmbeddedPdfSignature, data: bytes, trusted: x509.Certificate | None = None) -> Seal:
    """Return the seal of the PDF `data`. Raise VerificationFailed if it is broken or leaves out a byte.

    `trusted` is a certificate that the seal's is to be, or to be certified by: with one, any other is refused.
    """
    _check_coverage(signature, data)
    _check_unsigned_members(signature)
    status = validate_pdf_signature(signature, _context(signature, trusted or signature.signer_cert))
    _check_status(status)
    if trusted is not None and not status.trusted:
        raise VerificationFailed("The seal is intact, but the given certificate does not certify it.")
    return _seal(signature, status, is_trusted=trusted is not None)


def _check_coverage(signature: EmbeddedPdfSignature, data: bytes) -> None:
    """Refuse a file with a byte that is neither signed nor part of the signature.

    A signature's digits can be written in two cases, and what is reserved behind them is signed by nobody.
    """
    start, length, resumed, rest = map(int, signature.byte_range)
    if start != 0 or not 0 < length < resumed or resumed + rest != len(data):
        raise VerificationFailed(f"{_CHANGED}: the seal does not cover the whole file.")
    digits = _encoded(signature).hex().upper().encode()
    if data[length:resumed] != b"<" + digits.ljust(resumed - length - 2, b"0") + b">":
        raise VerificationFailed(f"{_CHANGED}: there is more in the seal than a signature.")


def _encoded(signature: EmbeddedPdfSignature) -> bytes:
    """Return the signature in DER (RFC 5652, 3), with the lengths of its wrapping as they must be."""
    wrapped: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signature.signed_data}).dump()
    return wrapped


def _check_unsigned_members(signature: EmbeddedPdfSignature) -> None:
    """Refuse other values where a CMS signature (RFC 5652, 5.1) holds what neither is signed nor needed."""
    signed_data, signer = signature.signed_data, signature.signer_info
    algorithms = [algorithm.dump() for algorithm in signed_data["digest_algorithms"]]
    versions = (signed_data["version"].native, signer["version"].native)
    # Names are compared without regard to case elsewhere.
    if signer["sid"].chosen["issuer"].dump() != signature.signer_cert.issuer.dump():
        raise VerificationFailed(f"{_CHANGED}: the seal names another certificate.")
    if versions != ("v1", "v1") or algorithms != [signer["digest_algorithm"].dump()] or signed_data["crls"]:
        raise VerificationFailed(f"{_CHANGED}: there is more in the seal than a signature.")


def _context(signature: EmbeddedPdfSignature, root: x509.Certificate) -> ValidationContext:
    return ValidationContext(trust_roots=[root], allow_fetching=False, moment=signature.self_reported_timestamp)


def _check_status(status: PdfSignatureStatus) -> None:
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        raise VerificationFailed(f"{_CHANGED}: the seal does not cover the whole file.")
    if not (status.intact and status.valid and status.docmdp_ok):
        raise VerificationFailed(f"{_CHANGED}: its bytes are not those that were sealed.")
    if status.md_algorithm not in _DIGESTS:
        raise VerificationFailed("The seal uses a digest that is not secure.")
    timestamp = status.timestamp_validity
    if timestamp is not None and not (timestamp.intact and timestamp.valid):
        raise VerificationFailed(f"{_CHANGED}: the timestamp is not that of its seal.")


def _seal(signature: EmbeddedPdfSignature, status: PdfSignatureStatus, *, is_trusted: bool) -> Seal:
    certificate, timestamp = signature.signer_cert, status.timestamp_validity
    return Seal(
        name=certificate.subject.human_friendly,
        fingerprint=certificate.sha256.hex(),
        claimed_at=signature.self_reported_timestamp,
        timestamped_at=timestamp.timestamp if timestamp else None,
        timestamp_authority=timestamp.signing_cert.subject.human_friendly if timestamp else None,
        is_test_key=certificate.subject.native.get("common_name") == TEST_KEY_NAME,
        is_trusted=is_trusted,
    )
