"""A page of a connection, as the doors dress it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from bulksend.db.pages import Page
from bulksend.resolvers.cursors import PageArguments

Row = TypeVar("Row")


@dataclass
class ConnectionPage(Generic[Row]):
    """Rows with a cursor each, made when asked for, and whether there are more on either side.

    Before a forward page (after a backward one) there is more exactly when it starts at a cursor, since the row that
    the cursor came from lies there.
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
    """Turn a page of rows into a page of a connection; `encode` gives a row's cursor."""
    if arguments.backwards:
        return ConnectionPage(page.rows, encode, arguments.before is not None, page.has_more)
    return ConnectionPage(page.rows, encode, page.has_more, arguments.after is not None)
