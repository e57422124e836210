"""Archives of sealed PDFs: a ZIP file with a manifest, streamed one PDF at a time."""

import io
import zipfile
from typing import Any, Final

from aiohttp import web

from bulksend.db import ids
from bulksend.db.sealed_pdfs import ListedSealedPdfRow
from bulksend.evidence.canonical_json import canonical_bytes
from bulksend.resolvers import sealed_pdfs
from bulksend.resolvers.viewer import Scope
from bulksend.server.http.admission import Admission
from bulksend.server.rest.bulk_sends import BULK_SEND, bulk_send_id

SIGNED_ZIP: Final = f"{BULK_SEND}/signed.zip"
MANIFEST: Final = "manifest.json"
# A fixed time, so that the same files give the same bytes.
_DATE: Final = (1980, 1, 1, 0, 0, 0)


class Archives:
    """Serves archives. Requires `documents.read`; each download is an event of the document."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.get(SIGNED_ZIP, self.stream, allow_head=False)]

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Stream the sealed PDFs that exist now; close the connection if the bulk send is deleted meanwhile."""
        context = await self._admission.enter(request, Scope.DOCUMENTS_READ)
        rows = await sealed_pdfs.list_of_bulk_send(context, bulk_send_id(request))
        response = web.StreamResponse(headers=_headers(request.match_info["id"]))
        await response.prepare(request)
        archive = _Archive()
        await response.write(archive.add(MANIFEST, canonical_bytes([_listed(row) for row in rows])))
        async for row, pdf in sealed_pdfs.read_each(context, rows):
            await response.write(archive.add(_file_name(row), pdf))
        await response.write(archive.end())
        await response.write_eof()
        return response


class _Archive:
    """A ZIP file without compression, as the bytes that each entry adds."""

    def __init__(self) -> None:
        self._written = _Unseekable()
        self._zip = zipfile.ZipFile(self._written, "w", zipfile.ZIP_STORED)

    def add(self, name: str, content: bytes) -> bytes:
        self._zip.writestr(zipfile.ZipInfo(name, _DATE), content)
        return self._written.take()

    def end(self) -> bytes:
        self._zip.close()
        return self._written.take()


class _Unseekable(io.RawIOBase):
    """A buffer that keeps written bytes until they are taken."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._kept.clear()
        return taken


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{name}.zip"',
        "Cache-Control": "private, no-store",
        "Vary": "Authorization",
    }


def _listed(row: ListedSealedPdfRow) -> dict[str, object]:
    return {
        "file": _file_name(row),
        "documentId": ids.encode(ids.DOCUMENT, row.document_id),
        "signerIndex": row.signer_index,
        "signerName": row.signer_name,
        "signerEmail": row.signer_email,
        "status": row.status,
        "sha256": row.sha256.hex(),
        "size": row.size,
    }


def _file_name(row: ListedSealedPdfRow) -> str:
    return f"{row.signer_index:03}-{ids.encode(ids.DOCUMENT, row.document_id)}.pdf"
