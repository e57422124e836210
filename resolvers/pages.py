"""A page of a connection, independent of GraphQL and REST."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from bulksend.db.pages import Page
from bulksend.resolvers.cursors import PageArguments

Row = TypeVar("Row")


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
