"""Downloads of sealed PDFs: by the signer at the signing link, by the sender at a link that expires after minutes."""

from typing import Final

from aiohttp import web

from bulksend.db import ids
from bulksend.db.sealed_pdfs import SealedFileRow
from bulksend.delivery.event_log import SIGNER
from bulksend.delivery.signing_links import InvalidLink
from bulksend.resolvers import sealed_pdfs, signing
from bulksend.resolvers.context import Gateway
from bulksend.resolvers.signing import SigningState
from bulksend.server.http.client_address import ClientAddresses
from bulksend.server.http.pages import PRIVATE_HEADERS, message
from bulksend.server.signing.unavailable import told_when_away

COPY: Final = "sealed.pdf"
_CLOSED: Final = frozenset({SigningState.SIGNED, SigningState.DECLINED})


class Downloads:
    """Serves sealed PDFs. Each download is an event of its document."""

    def __init__(self, gateway: Gateway, addresses: ClientAddresses) -> None:
        self._gateway = gateway
        self._addresses = addresses

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without HEAD, since a download is recorded."""
        return [
            web.get("/sealed/{token}", told_when_away(self.by_download_link), allow_head=False),
            web.get(f"/sign/{{token}}/{COPY}", told_when_away(self.by_signing_link), allow_head=False),
        ]

    async def by_download_link(self, request: web.Request) -> web.Response:
        """Serve the PDF at `Document.sealedPdf.url`."""
        try:
            link = self._gateway.downloads.open(request.match_info["token"])
        except InvalidLink:
            return message(404, "No such file", "This link was good for ten minutes. Ask for a new one.")
        found = await sealed_pdfs.download(
            self._gateway,
            organization_id=link.organization_id,
            document_id=link.document_id,
            source=self._addresses.source(request, link.actor),
        )
        return _gone() if found is None else _file(found, ids.encode(ids.DOCUMENT, link.document_id))

    async def by_signing_link(self, request: web.Request) -> web.Response:
        """Serve the signer's copy of a document that was signed or declined."""
        try:
            link = self._gateway.links.open(request.match_info["token"])
        except InvalidLink:
            return _unknown()
        document = await signing.open_document(self._gateway, link)
        if document is None:
            return _unknown()
        if document.state not in _CLOSED:
            return _gone()
        found = await sealed_pdfs.download(
            self._gateway,
            organization_id=link.organization_id,
            document_id=link.document_id,
            source=self._addresses.source(request, SIGNER),
        )
        return _not_yet() if found is None else _file(found, ids.encode(ids.DOCUMENT, link.document_id))


def _file(found: SealedFileRow, name: str) -> web.Response:
    headers = {**PRIVATE_HEADERS, "Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return web.Response(body=found.pdf, content_type="application/pdf", headers=headers)


def _unknown() -> web.Response:
    return message(
        404, "No such document", "This link opens nothing. Check that you have all of it, or ask the sender."
    )


def _gone() -> web.Response:
    return message(410, "There is no such file", "The document was taken back, or nobody has signed it.")


def _not_yet() -> web.Response:
    response = message(503, "Not ready yet", "The file is being made. Try again in a moment.")
    response.headers["Retry-After"] = "2"
    return response
