"""Keyset pagination: a page lies strictly between two positions and is read from either end."""

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
    """The range of a newest-first list to read: older than `after`, newer than `before`, at most `size` rows.

    `backwards` takes the rows next to `before` instead of those next to `after`.
    """

    size: int
    after: UUID = NEWEST
    before: UUID = OLDEST
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in the order of the list, and whether more follow in the direction of reading."""

    rows: Sequence[Row]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """The statements that read a list through one index: its first rows, its last rows and their number."""

    first: Query[Row]
    last: Query[Row]
    count: Command

    def page(self, *, backwards: bool) -> Query[Row]:
        """Return the statement that reads from this end."""
        return self.last if backwards else self.first


def listing(noun: str, row: type[Row], suffix: str = "") -> Listing[Row]:
    """Bind `first_page`, `last_page` and `count` of a noun. `suffix`, such as `_by_template`, ends their names."""
    return Listing(
        query(noun, f"first_page{suffix}", row), query(noun, f"last_page{suffix}", row), command(noun, f"count{suffix}")
    )


def page(rows: list[Row], *, size: int, backwards: bool) -> Page[Row]:
    """Return a page of up to `size + 1` rows; the extra one only shows that more follow."""
    kept = rows[:size]
    if backwards:
        kept.reverse()
    return Page(kept, has_more=len(rows) > size)
