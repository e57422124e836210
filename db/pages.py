"""Keyset paging: a page lies strictly between two positions and is read from one end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

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


def page(rows: list[Row], *, size: int, backwards: bool) -> Page[Row]:
    """Make a page of up to `size + 1` rows that were read to learn whether there are more."""
    kept = rows[:size]
    if backwards:
        kept.reverse()
    return Page(kept, has_more=len(rows) > size)
