"""Pages and files for browsers, built from `web/` with the package."""

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import web

from bulksend.server.http.pages import page

WEB: Final = Path(__file__).parents[2] / "web"
BUILT: Final = WEB / "dist"

_A_YEAR: Final = "public, max-age=31536000, immutable"
_CONTENT_TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}


def is_built(name: str) -> bool:
    """Return whether the page `name` exists."""
    return _index(name).is_file()


def index(name: str) -> Template:
    """Read the page `name`, in which `$settings` is replaced by JSON. Raise FileNotFoundError if it was not built."""
    return Template(_index(name).read_text("utf-8"))


def asset_routes(prefix: str, name: str) -> Sequence[web.RouteDef]:
    """Return the route of the files of page `name`: their names contain a hash, so browsers cache them for a year."""

    async def asset(request: web.Request) -> web.StreamResponse:
        path = BUILT / name / "assets" / request.match_info["name"]
        content_type = _CONTENT_TYPES.get(path.suffix)
        if content_type is None or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": content_type, "Cache-Control": _A_YEAR})

    return [web.get(prefix + r"/assets/{name:[\w.-]+}", asset)]


def not_built(title: str) -> web.Response:
    """Return the page with instructions for an installation without built pages."""
    return page("not_built.html", 503, title=title)


def _index(name: str) -> Path:
    return BUILT / name / "index.html"
