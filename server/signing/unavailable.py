"""Responses of the signing pages while the database is unavailable."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bulksend.db.errors import UNAVAILABLE
from bulksend.delivery.translations import accepted_locale
from bulksend.resolvers.errors import RETRY_AFTER_SECONDS
from bulksend.server.signing import texts
from bulksend.server.signing.rendering import render

log = structlog.get_logger(__name__)


def told_when_away(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return a handler that responds with a page of status 503 if `handler` fails because of the database."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except UNAVAILABLE as error:
            log.error("the database is away", error=type(error).__name__)
            return _page(accepted_locale(request.headers.get("Accept-Language", "")) or "en")

    return answer


def _page(locale: str) -> web.Response:
    notice = texts.unavailable(locale)
    told = {"heading": notice.heading, "paragraphs": notice.paragraphs, "reason": None}
    response = render("notice.html", locale, notice.status, **told)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
