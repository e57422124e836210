"""Cursors and page arguments of the Relay kind.

A cursor is opaque to callers: base64url of a digest of the list it belongs to and of the row's position in it.
Source: the GraphQL Cursor Connections Specification, https://relay.dev/graphql/connections.htm
"""

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from typing import Final, NamedTuple
from uuid import UUID

from bulksend.resolvers.errors import BadUserInput

DEFAULT_PAGE: Final = 25
_DIGEST_BYTES: Final = 6
_ID_BYTES: Final = 16
_INDEX_BYTES: Final = 2
_BYTES: Final = _DIGEST_BYTES + _ID_BYTES + _INDEX_BYTES
CURSOR_LENGTH: Final = 32  # base64url characters of so many bytes, without padding


class PageArguments(NamedTuple):
    """What a caller asks of a connection, as it came."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def size(self, maximum: int) -> int:
        """Give the page's size. Raises `BadUserInput` unless one of `first` and `last` is within 1 and `maximum`."""
        if self.first is not None and self.last is not None:
            raise BadUserInput("Give first or last, not both.", field="last")
        name, value = ("last", self.last) if self.last is not None else ("first", self.first)
        if value is None:
            return DEFAULT_PAGE
        if not 1 <= value <= maximum:
            raise BadUserInput(f"{name} must be between 1 and {maximum}.", field=name)
        return value

    @property
    def backwards(self) -> bool:
        """Whether the page is read from the list's end."""
        return self.last is not None


class ListCursors:
    """The cursors of one list: of one kind, under one parent, with one set of filters."""

    def __init__(self, kind: str, filters: object, parent: UUID | None = None) -> None:
        self._list = (kind, filters, parent)

    @cached_property
    def _digest(self) -> bytes:
        kind, filters, parent = self._list
        described = json.dumps([kind, parent and parent.hex, filters], default=str, sort_keys=True)
        return hashlib.sha256(described.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]

    def encode(self, row_id: UUID, index: int = 0) -> str:
        """Give the cursor of a row: its id, and its index where a list has both."""
        packed = self._digest + row_id.bytes + index.to_bytes(_INDEX_BYTES)
        return urlsafe_b64encode(packed).decode("ascii")

    def decode(self, cursor: str, *, field: str) -> tuple[UUID, int]:
        """Give the position in a cursor. Raises `BadUserInput` for one of another list or with other filters."""
        try:
            packed = urlsafe_b64decode(cursor.encode("ascii")) if len(cursor) == CURSOR_LENGTH else b""
        except (UnicodeEncodeError, binascii.Error):
            packed = b""
        # Decoding takes padding and a second alphabet too; only what encodes back to itself was really a cursor.
        spelt = urlsafe_b64encode(packed).decode("ascii")
        if len(packed) != _BYTES or packed[:_DIGEST_BYTES] != self._digest or spelt != cursor:
            raise BadUserInput(f"{field} is not a cursor of this list with these filters.", field=field)
        end = _DIGEST_BYTES + _ID_BYTES
        return UUID(bytes=packed[_DIGEST_BYTES:end]), int.from_bytes(packed[end:])
