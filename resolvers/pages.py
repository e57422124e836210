"""A page of a connection, as the doors dress it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bulksend.db.pages import Page
from bulksend.resolvers.cursors import PageArguments

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ConnectionPage(Generic[Row]):
    """Rows with a cursor each, and whether there are more on either side.

    Before a forward page (after a backward one) there is more exactly when it starts at a cursor, since the row that
    the cursor came from lies there.
    """

    rows: Sequence[Row]
    cursors: Sequence[str]
    has_next_page: bool
    has_previous_page: bool


def connection_page(page: Page[Row], cursors: Sequence[str], arguments: PageArguments) -> ConnectionPage[Row]:
    """Turn a page of rows and their cursors into a page of a connection."""
    if arguments.backwards:
        return ConnectionPage(page.rows, cursors, arguments.before is not None, page.has_more)
    return ConnectionPage(page.rows, cursors, page.has_more, arguments.after is not None)
