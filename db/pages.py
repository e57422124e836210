"""Keyset pagination: a page lies strictly between two positions and is read from either end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from bulksend.db.queries import Command, Query, command, query

Row = TypeVar("Row")

# The ends of every list. No row has these ids: uuidv7() sets version and variant bits.
NEWEST: Final = UUID(int=2**128 - 1)
OLDEST: Final = UUID(int=0)

# How far a row's `created_at` may lie from the time in its bulk send's id. A create stores the same time in both; rows
# of version 0.1.0 read the clock twice within one statement.
_LEEWAY: Final = timedelta(minutes=10)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND: Final = 2**48 - 1


class IdRange(NamedTuple):
    """The ids between two others, both included."""

    oldest: UUID = OLDEST
    newest: UUID = NEWEST


def ids_created(after: datetime | None, before: datetime | None) -> IdRange:
    """Return a range that has every id of a row created at or after `after` and before `before`; None is no bound.

    It may have others: the caller filters by `created_at` too. Source of the ids' first 48 bits, milliseconds since
    1970: RFC 9562, section 5.7.
    """
    return IdRange(
        oldest=OLDEST if after is None else UUID(int=_milliseconds(after, -_LEEWAY) << 80),
        newest=NEWEST if before is None else UUID(int=(_milliseconds(before, _LEEWAY) + 1 << 80) - 1),
    )


def _milliseconds(moment: datetime, leeway: timedelta) -> int:
    milliseconds = (moment - _EPOCH + leeway) // timedelta(milliseconds=1)
    return min(max(milliseconds, 0), _LAST_MILLISECOND)


class Span(NamedTuple):
    """The range of a newest-first list to read: older than `after`, newer than `before`, at most `size` rows.

    `backwards` takes the rows next to `before` instead of those next to `after`.
    """

    size: int
    after: UUID = NEWEST
    before: UUID = OLDEST
    backwards: bool = False

    def within(self, ids: IdRange) -> "Span":
        """Return the part of this range that has these ids."""
        # No row has the id of an end that `ids_created` returns, so it may be excluded.
        return Span(self.size, min(self.after, ids.newest), max(self.before, ids.oldest), self.backwards)


class Page(NamedTuple, Generic[Row]):
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
