"""The GraphiQL explorer, whose page is built from `web/explorer`."""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from bulksend.server.http import web_build
from bulksend.server.http.demo import Demo
from bulksend.server.http.loopback import is_from_loopback
from bulksend.server.http.pages import PRIVATE_HEADERS

BUILD: Final = "explorer"
OPERATIONS: Final = web_build.WEB / "explorer" / "operations"

_NO_KEY: Final = '{\n  // "Authorization": "Bearer isk_…"\n}'
_SIGNERS: Final = ("Ada Lovelace", "Grace Hopper", "Alan Turing")
# Monaco creates style elements and attributes without a nonce, hence 'unsafe-inline' for styles. Nothing needs inline
# scripts or eval.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def page(request: web.Request, demo: Demo | None = None) -> web.Response:
    """Return the page. For requests from this machine its tabs contain the API key of the demo."""
    if not web_build.is_built(BUILD):
        return web_build.not_built("GraphiQL")
    settings = _settings(demo if demo and is_from_loopback(request) else None)
    return web.Response(
        # Inside <script>, where "</script>" and "<!--" would be markup.
        text=web_build.index(BUILD).substitute(settings=json.dumps(settings).replace("<", "\\u003c")),
        content_type="text/html",
        charset="utf-8",
        headers={**PRIVATE_HEADERS, "Content-Security-Policy": _CONTENT_SECURITY_POLICY},
    )


def routes() -> Sequence[web.RouteDef]:
    """Return the routes of the files that the page loads."""
    return web_build.asset_routes("/graphiql", BUILD)


def operation(name: str) -> str:
    """Return the text of one of the operations in the page's first tabs."""
    return (OPERATIONS / f"{name}.graphql").read_text("utf-8")


def _settings(demo: Demo | None) -> dict[str, object]:
    return {
        "endpoint": "/graphql",
        "workspace": _workspace(demo),
        "headers": json.dumps({"Authorization": f"Bearer {demo.key}"}, indent=2) if demo else _NO_KEY,
        "tools": "variables" if demo else "headers",
        "tabs": _tabs(demo),
    }


def _workspace(demo: Demo | None) -> str:
    """Return the prefix of what the page stores in the browser, different for each demo database."""
    return hashlib.sha256(f"{demo and demo.key} {demo and demo.template_id}".encode()).hexdigest()[:16]


def _tabs(demo: Demo | None) -> list[dict[str, str]]:
    # The first tab has no variables: GraphiQL drops those of the first of several default tabs.
    variables: dict[str, object] = {
        "create_bulk_send": {"input": _three_signers(demo.template_id if demo else "tpl_…")},
        "follow_bulk_send": {"id": (demo and demo.bulk_send_id) or "bs_…"},
    }
    return [{"query": operation("bulk_sends")}] + [
        {"query": operation(name), "variables": json.dumps(value, indent=2, ensure_ascii=False)}
        for name, value in variables.items()
    ]


def _three_signers(template_id: str) -> dict[str, object]:
    # The last two are the defaults; GraphiQL reports a non-null field with a default as missing.
    return {
        "templateId": template_id,
        "name": "My first bulk send",
        "signers": [{"name": name, "email": f"{name.split()[0].lower()}@example.com"} for name in _SIGNERS],
        "waitForDelivery": True,
        "dryRun": False,
    }
