"""SealedPdf: the file that proves what became of a document."""

import strawberry

from bulksend.db.sealed_pdfs import SealedPdfRow
from bulksend.resolvers import sealed_pdfs
from bulksend.resolvers.context import Context


@strawberry.type(
    description=(
        "The document with a certificate page and its evidence attached, sealed by the deployer's key. "
        "`bulksend verify` and the page at /verify check it."
    )
)
class SealedPdf:
    url: str = strawberry.field(description="Where to download it, for ten minutes and without an API key.")
    sha256: str = strawberry.field(description="SHA-256 of the file, in hexadecimal.")
    size: int = strawberry.field(description="Bytes of the file.")


def made(context: Context, row: SealedPdfRow | None) -> SealedPdf | None:
    """Return the type for a row, with a new link."""
    return SealedPdf(url=sealed_pdfs.url(context, row), sha256=row.sha256.hex(), size=row.size) if row else None
