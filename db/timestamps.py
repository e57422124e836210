"""A timestamptz as PostgreSQL stores it: integer microseconds since 2000, converted only where it is read or written.

asyncpg makes a datetime of every timestamp it receives, which was a third of the cost of reading a page of documents.
Source of the format: https://www.postgresql.org/docs/current/datatype-datetime.html (8 bytes, integer microseconds).
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, get_args

if TYPE_CHECKING:
    import asyncpg

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_MINUTES_OF_DAY: Final = 24 * 60
_REMEMBERED_DAYS: Final = 4096
_REMEMBERED_MINUTES: Final = 8192


class _Minutes(dict[int, str]):
    """`2026-05-28T10:00:` by minutes since 2000. The times on a page are mostly of the same few minutes or days.

    Raise `OverflowError` for years other than 1 to 9999. It is cleared when full, since a bounded cache of a library
    would take as long to look up as a text to make.
    """

    def __missing__(self, minutes: int) -> str:
        days, minute = divmod(minutes, _MINUTES_OF_DAY)
        made = f"{_date(days)}T{minute // 60:02}:{minute % 60:02}:"
        if len(self) >= _REMEMBERED_MINUTES:
            self.clear()
        self[minutes] = made
        return made


# The parts of a time in RFC 3339, in UTC with milliseconds; finer digits are cut off. For a moment in microseconds:
# `MINUTES[moment // 60_000_000] + MILLISECONDS[moment % 60_000_000 // 1000]`, a fifth of what `isoformat` takes.
MINUTES: Final = _Minutes()
MILLISECONDS: Final = [f"{second:02}.{millisecond:03}Z" for second in range(60) for millisecond in range(1000)]


async def keep_microseconds(conn: "asyncpg.Connection[Any]") -> None:
    """Have a connection return timestamps as microseconds and accept them as datetimes with a zone."""
    await conn.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=_encode, decoder=itemgetter(0)
    )


def moment(microseconds: int) -> datetime:
    """Return a datetime in UTC: the first or last there is for infinities and years other than 1 to 9999."""
    try:
        return EPOCH + timedelta(0, microseconds // _SECOND, microseconds % _SECOND)
    except OverflowError:
        return (datetime.max if microseconds > 0 else datetime.min).replace(tzinfo=UTC)


def is_moment(annotation: object) -> bool:
    """Return whether a column of a row class is a timestamp, nullable or not."""
    return annotation is datetime or datetime in get_args(annotation)


@lru_cache(_REMEMBERED_DAYS)
def _date(days: int) -> str:
    return (date(2000, 1, 1) + timedelta(days)).isoformat()


def _encode(value: datetime) -> tuple[int]:
    since = value - EPOCH
    return ((since.days * 86_400 + since.seconds) * _SECOND + since.microseconds,)
