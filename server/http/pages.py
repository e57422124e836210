"""HTML pages rendered by the server: the outbox of `bulksend dev`, API documentation and messages.

Templates are in `pages/`, with a common layout. Pages load no other files: their style (and the outbox's script) is
inline and has the response's nonce, and nothing else may run or load.
"""

import secrets

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

PRIVATE_HEADERS = {
    # A page's URL may be a signing link, so it is neither cached nor sent as a referrer.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_environment = Environment(
    loader=PackageLoader("bulksend.server.http", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(name: str, status: int = 200, **values: object) -> web.Response:
    """Render the template `name` with `values`, all escaped unless they are `markupsafe.Markup`.

    Raise jinja2.UndefinedError if a value that the template uses is missing. The first line of a template lists its
    values.
    """
    nonce = secrets.token_urlsafe(16)
    return web.Response(
        text=_environment.get_template(name).render(values, nonce=nonce),
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={**PRIVATE_HEADERS, "Content-Security-Policy": _content_security_policy(nonce)},
    )


def message(status: int, heading: str, text: str) -> web.Response:
    """Return a page with a single message."""
    return page("message.html", status, heading=heading, text=text)


def _content_security_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
