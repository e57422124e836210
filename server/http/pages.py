"""The few HTML pages people see: signing links, the outbox of `bulksend dev`, and plain messages.

Templates are in `pages/`, all inside one layout. A page loads nothing from anywhere: its style (and the
outbox's one script) is inline and carries the response's nonce, and nothing else may run or load.
"""

import secrets

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

PRIVATE_HEADERS = {
    # A page's address may be a signing link: it goes neither into caches nor to the sites it links to.
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

    Raises jinja2.UndefinedError when a value that the template uses is missing. What each template takes
    is said in its first line.
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
    """A page that says one thing, such as why there is nothing to see."""
    return page("message.html", status, heading=heading, text=text)


def _content_security_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
