"""GraphiQL, the explorer people meet in a browser.

Its page is a Vite project in `explorer/`. Built, it is served from here and nothing leaves the machine; where it
is not built (a source checkout without Node), the same sources run unbundled and load GraphiQL from esm.sh.
"""

import hashlib
import json
import secrets
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import web

from bulksend.server.http.pages import PRIVATE_HEADERS

EXPLORER: Final = Path(__file__).parent / "explorer"
BUILT: Final = EXPLORER / "dist"
CDN: Final = "https://esm.sh"

_YEAR: Final = "public, max-age=31536000, immutable"
_CONTENT_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf"}
_NO_KEY: Final = '{\n  // "Authorization": "Bearer isk_…"\n}'
_SIGNERS: Final = ("Ada Lovelace", "Grace Hopper", "Alan Turing")


def page(key: str | None, template_id: str | None = None) -> web.Response:
    """The page, its tabs ready to run with `key` and `template_id`; without them it tells where they go."""
    nonce = secrets.token_urlsafe(16)
    built = is_built()
    template = _built_page() if built else _cdn_page()
    return web.Response(
        text=template.substitute(settings=_settings(key, template_id), nonce=nonce),
        content_type="text/html",
        charset="utf-8",
        headers={**PRIVATE_HEADERS, "Content-Security-Policy": _content_security_policy(None if built else nonce)},
    )


def routes() -> list[web.RouteDef]:
    """The files the page asks for, under `/graphiql/`."""
    return [
        web.get(r"/graphiql/assets/{name:[\w.-]+}", _asset),
        web.get(r"/graphiql/src/{name:[\w.-]+}", _source),
    ]


def is_built() -> bool:
    """Whether `npm run build` has been run in `explorer/`."""
    return (BUILT / "index.html").is_file()


async def _asset(request: web.Request) -> web.StreamResponse:
    return _file(BUILT / "assets" / request.match_info["name"], cache_control=_YEAR)


async def _source(request: web.Request) -> web.StreamResponse:
    return _file(EXPLORER / "src" / request.match_info["name"], cache_control="no-cache")


def _file(path: Path, *, cache_control: str) -> web.StreamResponse:
    content_type = _CONTENT_TYPES.get(path.suffix)
    if content_type is None or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": content_type, "Cache-Control": cache_control})


def _built_page() -> Template:
    return Template((BUILT / "index.html").read_text("utf-8"))


def _cdn_page() -> Template:
    """Fill in the versions that `package.json` pins: `@graphiql/plugin-explorer` is `$graphiql_plugin_explorer`."""
    dependencies = json.loads((EXPLORER / "package.json").read_text("utf-8"))["dependencies"]
    names = {name.lstrip("@").replace("/", "_").replace("-", "_"): version for name, version in dependencies.items()}
    return Template(Template((EXPLORER / "cdn.html").read_text("utf-8")).safe_substitute(names))


def _settings(key: str | None, template_id: str | None) -> str:
    settings = {
        "endpoint": "/graphql",
        "workspace": _workspace(key, template_id),
        "headers": _NO_KEY if key is None else json.dumps({"Authorization": f"Bearer {key}"}, indent=2),
        "tools": "headers" if key is None else "variables",
        "tabs": _tabs(template_id),
    }
    # Inside <script>, where "</script>" and "<!--" would be markup.
    return json.dumps(settings).replace("<", "\\u003c")


def _workspace(key: str | None, template_id: str | None) -> str:
    """A name for what the browser remembers, changing with the demo it was typed for."""
    return hashlib.sha256(f"{key} {template_id}".encode()).hexdigest()[:16]


def _tabs(template_id: str | None) -> list[dict[str, str]]:
    # GraphiQL forgets the variables of the first of several default tabs: it has none.
    variables: dict[str, object] = {
        "create_bulk_send": {"input": _three_signers(template_id or "tpl_…")},
        "follow_bulk_send": {"id": "bs_…"},
    }
    return [{"query": operation("bulk_sends")}] + [
        {"query": operation(name), "variables": json.dumps(value, indent=2, ensure_ascii=False)}
        for name, value in variables.items()
    ]


def operation(name: str) -> str:
    """The text of one of the operations that the tabs begin with."""
    return (EXPLORER / "operations" / f"{name}.graphql").read_text("utf-8")


def _three_signers(template_id: str) -> dict[str, object]:
    # The last two are the defaults, but GraphiQL marks a non-null field that has one as missing.
    return {
        "templateId": template_id,
        "name": "My first bulk send",
        "signers": [{"name": name, "email": f"{name.split()[0].lower()}@example.com"} for name in _SIGNERS],
        "waitForDelivery": True,
        "dryRun": False,
    }


def _content_security_policy(cdn_nonce: str | None) -> str:
    """Let the page load from here alone, and with a nonce from the CDN too.

    Monaco writes style elements and style attributes, which take no nonce it knows: hence 'unsafe-inline' for
    styles. Nothing needs inline scripts or eval.
    """
    cdn = f" {CDN}" if cdn_nonce else ""
    scripts = f"'self'{cdn} data: 'nonce-{cdn_nonce}'" if cdn_nonce else "'self'"
    workers = f"'self'{cdn} blob:" if cdn_nonce else "'self'"
    return (
        f"default-src 'none'; script-src {scripts}; worker-src {workers}; style-src 'self'{cdn} 'unsafe-inline'; "
        f"font-src 'self'{cdn} data:; img-src 'self' data:; connect-src 'self'{cdn}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
