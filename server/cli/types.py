"""Parameter types of the command line."""

from typing import Any
from uuid import UUID

import click

from bulksend.db import ids


class PublicId(click.ParamType[UUID]):
    """A public ID of one type."""

    name = "id"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Parse the ID."""
        try:
            return ids.decode(self._prefix, str(value))
        except ids.InvalidId:
            self.fail(f"must be an id such as {self._prefix}_01h455vb4pex5vsknk084sn02q", param, ctx)
