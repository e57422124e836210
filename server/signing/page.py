"""What a signing link opens: one document, rendered for its signer."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from markupsafe import Markup

from bulksend.db import documents
from bulksend.db.documents import OpenedDocumentRow
from bulksend.delivery.signing_links import InvalidLink, SigningLink
from bulksend.delivery.template_rendering import render
from bulksend.resolvers.context import Gateway
from bulksend.server.http.pages import message, page

# A link checker or mail scanner asks HEAD or prefetches; only a person's GET counts as viewed.
_PURPOSES: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PREFETCH: Final = frozenset({"prefetch", "preview", "prerender"})


def routes(gateway: Gateway) -> list[web.RouteDef]:
    """Give the route of signing links."""

    async def open_link(request: web.Request) -> web.Response:
        try:
            link = gateway.links.open(request.match_info["token"])
        except InvalidLink:
            return _unknown()
        return await _open(gateway, link, viewed=_is_viewed(request))

    return [web.get("/sign/{token}", open_link)]


async def _open(gateway: Gateway, link: SigningLink, *, viewed: bool) -> web.Response:
    async with gateway.pool.acquire() as conn:
        row = await documents.open_document(conn, organization_id=link.organization_id, document_id=link.document_id)
        if row is None or row.link_generation != link.generation:
            return _unknown()
        if row.deleted or row.status == "cancelled":
            return _gone()
        if viewed:
            await documents.mark_viewed(conn, organization_id=link.organization_id, document_id=link.document_id)
    return await _document(row)


async def _document(row: OpenedDocumentRow) -> web.Response:
    # A long template costs tens of milliseconds the first time it is rendered.
    rendered = await asyncio.to_thread(
        render,
        row.template_body,
        signer_name=row.signer_name,
        signer_email=row.signer_email,
        values=json.loads(row.signer_values),
    )
    return page(
        "signing.html",
        template_name=row.template_name,
        signer_name=row.signer_name,
        organization_name=row.organization_name,
        document_status=_status(row),
        document=Markup(rendered),  # noqa: S704  # sanitised by render
    )


def _status(row: OpenedDocumentRow) -> str:
    is_over = row.expires_at is not None and row.expires_at <= datetime.now(UTC)
    return "EXPIRED" if is_over and row.status == "pending" else row.status.upper()


def _unknown() -> web.Response:
    return message(
        404, "No such document", "This link opens nothing. Check that you have all of it, or ask the sender."
    )


def _gone() -> web.Response:
    return message(410, "This document is gone", "The sender took it back. If that surprises you, ask them.")


def _is_viewed(request: web.Request) -> bool:
    purposes = " ".join(request.headers.get(name, "") for name in _PURPOSES).lower()
    return request.method == "GET" and not any(word in purposes for word in _PREFETCH)
