"""Types of the client's options."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

import click

_TEMPLATE_ID: Final = re.compile(r"tpl_[0-7][0-9a-hjkmnp-tv-z]{25}", re.ASCII)


class TemplateId(click.ParamType[str]):
    """A template's id."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the id."""
        if not _TEMPLATE_ID.fullmatch(str(value)):
            self.fail("must be an id such as tpl_01h455vb4pex5vsknk084sn02q", param, ctx)
        return str(value)


class GatewayUrl(click.ParamType[str]):
    """The URL of a gateway, without a trailing slash and without a password."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse the URL. Error messages do not repeat it."""
        try:
            parts = urlsplit(str(value))
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.username is not None or parts.query or parts.fragment:
            self.fail("must be http://HOST:PORT or https://HOST, with neither user nor query", param, ctx)
        return str(value).rstrip("/")
