"""What options and arguments of the command line may be."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import click

from bulksend.db import ids


class PublicId(click.ParamType[UUID]):
    """An id of one type."""

    name = "id"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Read the id."""
        try:
            return ids.decode(self._prefix, str(value))
        except ids.InvalidId:
            self.fail(f"must be an id such as {self._prefix}_01h455vb4pex5vsknk084sn02q", param, ctx)


class GatewayUrl(click.ParamType[str]):
    """Where a gateway is, without a path's last slash and without a password."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the address. What is wrong with it is told without repeating it."""
        try:
            parts = urlsplit(str(value))
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.username is not None or parts.query or parts.fragment:
            self.fail("must be http://HOST:PORT or https://HOST, with neither user nor query", param, ctx)
        return str(value).rstrip("/")
