"""Rendering of the signing pages in the signer's language. Templates are in `pages/`, with inline styles."""

import secrets
from functools import cache
from typing import Any, cast

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bulksend.delivery.translations import direction, translations
from bulksend.server.http.pages import PRIVATE_HEADERS


def render(page: str, locale: str, status: int = 200, **values: object) -> web.Response:
    """Render the template `page` in an available locale; values are escaped unless they are `markupsafe.Markup`.

    Raise jinja2.UndefinedError if a value that the template uses is missing. The first line of a template lists its
    values.
    """
    nonce = secrets.token_urlsafe(16)
    template = _environment(locale).get_template(page)
    return web.Response(
        text=template.render(values, nonce=nonce, locale=locale, direction=direction(locale)),
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={
            **PRIVATE_HEADERS,
            "Content-Language": locale,
            "Vary": "Accept-Language",
            "Content-Security-Policy": _content_security_policy(nonce),
        },
    )


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("bulksend.server.signing", "pages"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    cast(Any, environment).install_gettext_translations(translations(locale), newstyle=True)
    return environment


def _content_security_policy(nonce: str) -> str:
    return f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
