"""The console, a frontend built from `web/console`, and the response to `/`."""

import json
import secrets
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from bulksend.server.http import web_build
from bulksend.server.http.demo import Demo
from bulksend.server.http.loopback import is_from_loopback
from bulksend.server.http.pages import PRIVATE_HEADERS, page

BUILD: Final = "console"
ADDRESS: Final = "/console/"


class Console:
    """Answers `/` and `/console/`.

    `demo`: whose API key signs in requests from this machine. `links`: further URLs of its menu, by name.
    """

    def __init__(self, *, demo: Demo | None = None, links: dict[str, str] | None = None) -> None:
        self._demo = demo
        self._links = links or {}

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes: the page under every path that its script handles, and its files."""
        return [
            web.get("/", _redirect),
            web.get("/console", _redirect),
            *web_build.asset_routes("/console", BUILD),
            web.get(ADDRESS + "{path:(?!assets/).*}", self._page),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        if not web_build.is_built(BUILD):
            return web_build.not_built("The console")
        nonce = secrets.token_urlsafe(16)
        # Inside <script>, where "</script>" and "<!--" would be markup.
        settings = json.dumps(self._settings(request)).replace("<", "\\u003c")
        return web.Response(
            text=web_build.index(BUILD).substitute(settings=settings, nonce=nonce),
            content_type="text/html",
            charset="utf-8",
            headers={**PRIVATE_HEADERS, "Content-Security-Policy": _content_security_policy(nonce)},
        )

    def _settings(self, request: web.Request) -> dict[str, str | None]:
        key = self._demo.key if self._demo and is_from_loopback(request) else None
        return {"endpoint": "/graphql", "demoKey": key, "outbox": None, "graphiql": None} | self._links


def home_routes(*, show_graphiql: bool) -> Sequence[web.RouteDef]:
    """Return the route of `/` if the console is disabled."""

    async def home(_request: web.Request) -> web.Response:
        return page("home.html", show_graphiql=show_graphiql)

    return [web.get("/", home)]


async def _redirect(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": ADDRESS, "Cache-Control": "no-store"})


def _content_security_policy(nonce: str) -> str:
    # The component library writes one style element, with this nonce.
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src 'self'; img-src data:; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )
