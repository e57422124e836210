"""A sealed PDF as it is read: its one seal and the evidence attached to it. It may come from anyone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from pyhanko.pdf_utils.decode_limits import DecodeLimits, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader

from bulksend.evidence.errors import VerificationFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhanko.sign.validation import EmbeddedPdfSignature

MAX_SIZE: Final = 50_000_000
"""Bytes of the largest PDF that is checked."""

ATTACHMENT: Final = "evidence.json"

_LIMITS: Final = DecodeLimits(per_stream=StreamDecodeLimits(max_output_size=MAX_SIZE))
_HEADER: Final = b"%PDF-1.7\n"


def open_pdf(data: bytes) -> PdfFileReader:
    """Parse a PDF. Raise VerificationFailed if it is too large, none, or encrypted, and the parser's own errors."""
    if len(data) > MAX_SIZE:
        raise VerificationFailed(f"The file is larger than {MAX_SIZE // 1_000_000} MB.")
    if not data.startswith(b"%PDF-"):
        raise VerificationFailed("The file is not a PDF.")
    if not data.startswith(_HEADER):
        raise VerificationFailed("The file is not a PDF 1.7, as sealed PDFs are.")
    reader = PdfFileReader(io.BytesIO(data), decode_limits=_LIMITS)
    if reader.encrypt_dict is not None:
        raise VerificationFailed("The PDF is encrypted; sealed PDFs are not.")
    return reader


def only_signature(reader: PdfFileReader) -> EmbeddedPdfSignature:
    """Return the one signature of a PDF. Raise VerificationFailed if it has none or several."""
    found: list[EmbeddedPdfSignature] = reader.embedded_signatures
    if not found:
        raise VerificationFailed("The PDF carries no seal.")
    if len(found) > 1:
        raise VerificationFailed(f"The PDF carries {len(found)} signatures; a sealed PDF has one, its seal.")
    return found[0]


def attachment(reader: PdfFileReader) -> bytes:
    """Return the bytes of `evidence.json`. Raise VerificationFailed unless it is the only attachment."""
    names = _attachments(reader)
    if len(names) != 2 or str(names[0]) != ATTACHMENT:
        raise VerificationFailed(f"The PDF must have {ATTACHMENT} attached, once, and nothing else.")
    stream = names[1]["/EF"]["/F"]
    content: bytes = stream.data
    return content


def _attachments(reader: PdfFileReader) -> Sequence[Any]:
    """Return the leaves of the name tree (ISO 32000-1, 7.9.6): names and file specifications in turn."""
    try:
        names: Sequence[Any] = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return []
    return names
