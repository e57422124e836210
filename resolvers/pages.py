"""Pages of connections, independent of GraphQL and REST: their arguments, their cursors and their rows.

A cursor is opaque to callers: base64url of a digest of its list, organization included, and of the row's position.
Source: the GraphQL Cursor Connections Specification, https://relay.dev/graphql/connections.htm
"""

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from bulksend.db.pages import Page
from bulksend.resolvers.errors import BadUserInput

Row = TypeVar("Row")

DEFAULT_PAGE: Final = 25
_DIGEST_BYTES: Final = 6
_ID_BYTES: Final = 16
_INDEX_BYTES: Final = 2
_BYTES: Final = _DIGEST_BYTES + _ID_BYTES + _INDEX_BYTES
CURSOR_LENGTH: Final = 32  # base64url characters of _BYTES, without padding


class PageArguments(NamedTuple):
    """The unvalidated page arguments of a connection."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def size(self, maximum: int) -> int:
        """Return the page size. Raise `BadUserInput` unless `first` or `last`, and not both, is 1 to `maximum`."""
        if self.first is not None and self.last is not None:
            raise BadUserInput("Pass first or last, not both.", field="last")
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
    """The cursors of one list: one kind of object, of one organization or other parent, with one set of filters.

    `parent`: the organization, or an object of one organization alone, such as a bulk send.
    """

    def __init__(self, kind: str, filters: object, *, parent: UUID) -> None:
        self._list = (kind, filters, parent)

    @cached_property
    def _digest(self) -> bytes:
        kind, filters, parent = self._list
        described = json.dumps([kind, parent.hex, filters], default=str, sort_keys=True)
        return hashlib.sha256(described.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]

    def encode(self, row_id: UUID, index: int = 0) -> str:
        """Return the cursor of a row with this id and, in lists ordered by both, this index."""
        packed = self._digest + row_id.bytes + index.to_bytes(_INDEX_BYTES)
        return urlsafe_b64encode(packed).decode("ascii")

    def decode(self, cursor: str, *, field: str) -> tuple[UUID, int]:
        """Return the position that a cursor holds. Raise `BadUserInput` unless it belongs to this list."""
        try:
            packed = urlsafe_b64decode(cursor.encode("ascii")) if len(cursor) == CURSOR_LENGTH else b""
        except (UnicodeEncodeError, binascii.Error):
            packed = b""
        # Decoding also accepts padding and a second alphabet; only the canonical spelling is a cursor.
        canonical = urlsafe_b64encode(packed).decode("ascii")
        if len(packed) != _BYTES or packed[:_DIGEST_BYTES] != self._digest or canonical != cursor:
            raise BadUserInput(f"{field} is not a cursor of this list with these filters.", field=field)
        end = _DIGEST_BYTES + _ID_BYTES
        return UUID(bytes=packed[_DIGEST_BYTES:end]), int.from_bytes(packed[end:])


@dataclass
class ConnectionPage(Generic[Row]):
    """Rows, their cursors (computed on access), and whether there are more on either side.

    A forward page has a previous page exactly when it starts at a cursor, because the cursor's row lies before it; a
    backward page likewise has a next one.
    """

    rows: Sequence[Row]
    encode: Callable[[Row], str]
    has_next_page: bool
    has_previous_page: bool

    @cached_property
    def cursors(self) -> Sequence[str]:
        """Each row's cursor."""
        return [self.encode(row) for row in self.rows]

    @property
    def start_cursor(self) -> str | None:
        """The first row's cursor; None on an empty page."""
        return self.encode(self.rows[0]) if self.rows else None

    @property
    def end_cursor(self) -> str | None:
        """The last row's cursor; None on an empty page."""
        return self.encode(self.rows[-1]) if self.rows else None


def connection_page(page: Page[Row], encode: Callable[[Row], str], arguments: PageArguments) -> ConnectionPage[Row]:
    """Return the connection page of a page of rows; `encode` returns the cursor of a row."""
    if arguments.backwards:
        return ConnectionPage(page.rows, encode, arguments.before is not None, page.has_more)
    return ConnectionPage(page.rows, encode, page.has_more, arguments.after is not None)
