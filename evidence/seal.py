"""Sealing a PDF with PAdES: B-B, or B-T with a timestamp of an RFC 3161 server (ETSI EN 319 142-1)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator.registry import SimpleCertificateStore

if TYPE_CHECKING:
    from bulksend.evidence.sealing_key import PrivateKey, SealingKey

FIELD_NAME: Final = "Seal"
"""Name of the signature field."""

_DIGEST: Final = "sha256"
_TIMESTAMP_TIMEOUT: Final = 10.0

# Bytes of the signature itself besides certificates: attributes, RSA of 4096 bits. Timestamps come with their own.
_RESERVED: Final = 2048
_RESERVED_FOR_TIMESTAMP: Final = 16_384

_METADATA: Final = PdfSignatureMetadata(
    field_name=FIELD_NAME,
    md_algorithm=_DIGEST,
    subfilter=SigSeedSubFilter.PADES,
    certify=True,
    docmdp_permissions=MDPPerm.NO_CHANGES,
)


class TimestampUnavailable(Exception):
    """The timestamp server did not answer with a timestamp; sealing can be tried again later."""


class Sealer:
    """Seals PDFs with one key. Not for use in several threads at once, nor while an event loop runs in the thread."""

    def __init__(self, key: SealingKey, timestamp_url: str | None = None) -> None:
        """Take the loaded key, and the URL of an RFC 3161 server if seals are to have a timestamp."""
        timestamper = HTTPTimeStamper(timestamp_url, timeout=_TIMESTAMP_TIMEOUT) if timestamp_url else None
        self._signer = PdfSigner(_METADATA, signer=_KeptKeySigner(key), timestamper=timestamper)
        self._reserved = _reserved_digits(key, timestamped=timestamp_url is not None)

    def seal(self, pdf: bytes) -> bytes:
        """Return `pdf` with the seal appended; its own bytes stay as they are. Raise TimestampUnavailable."""
        sealed = io.BytesIO()
        try:
            self._signer.sign_pdf(_Pdf17Writer(io.BytesIO(pdf)), output=sealed, bytes_reserved=self._reserved)
        except TimestampRequestError as error:
            raise TimestampUnavailable(str(error)) from None
        return sealed.getvalue()


class _KeptKeySigner(Signer):
    """pyHanko's own loads and checks the key from its bytes anew for every signature."""

    def __init__(self, key: SealingKey) -> None:
        super().__init__(signing_cert=key.certificate, cert_registry=_certificates(key))
        self._key = key.private_key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return _signature(self._key, data)


def _certificates(key: SealingKey) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(key.issuers)
    return store


class _Pdf17Writer(IncrementalPdfFileWriter):
    """PDF/A-3 is PDF 1.7, and pyHanko writes /Version /2.0 by default."""

    output_version = (1, 7)


def _signature(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _reserved_digits(key: SealingKey, *, timestamped: bool) -> int:
    """Return how many hexadecimal digits to keep free for the signature, so that it need not be made twice."""
    certificates = sum(len(certificate.dump()) for certificate in (key.certificate, *key.issuers))
    return 2 * (_RESERVED + certificates + (_RESERVED_FOR_TIMESTAMP if timestamped else 0))
