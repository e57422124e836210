"""Keyset paging: a page lies strictly between two positions and is read from one end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from bulksend.db.queries import Command, Query, command, query

Row = TypeVar("Row")

# The ends of every list. No row has these ids: uuidv7() sets version and variant bits.
NEWEST: Final = UUID(int=2**128 - 1)
OLDEST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a newest-first list to read: older than `after`, newer than `before`, at most `size` rows.

    `backwards` takes the rows next to `before` instead of those next to `after`.
    """

    size: int
    after: UUID = NEWEST
    before: UUID = OLDEST
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in the list's order, and whether more follow in the direction it was read."""

    rows: Sequence[Row]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """The statements of a list for one way into its table: its first rows, its last rows, and how many there are."""

    first: Query[Row]
    last: Query[Row]
    count: Command

    def page(self, *, backwards: bool) -> Query[Row]:
        """Give the statement that reads from this end."""
        return self.last if backwards else self.first


def listing(noun: str, row: type[Row], way: str = "") -> Listing[Row]:
    """Bind `first_page`, `last_page` and `count` of a noun; `way`, such as `_by_template`, ends their names."""
    return Listing(
        query(noun, f"first_page{way}", row), query(noun, f"last_page{way}", row), command(noun, f"count{way}")
    )


def page(rows: list[Row], *, size: int, backwards: bool) -> Page[Row]:
    """Make a page of up to `size + 1` rows that were read to learn whether there are more."""
    kept = rows[:size]
    if backwards:
        kept.reverse()
    return Page(kept, has_more=len(rows) > size)
