"""Times as PostgreSQL has them, microseconds since 2000, which become datetimes only where one is read.

asyncpg makes a datetime of every time that comes: a third of what reading a page of documents took. Source of the
format: https://www.postgresql.org/docs/current/datatype-datetime.html (8 bytes, integer microseconds).
"""

from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, get_args

if TYPE_CHECKING:
    import asyncpg

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000


async def keep_microseconds(conn: "asyncpg.Connection[Any]") -> None:
    """Have a connection give times as microseconds and take them as datetimes with a zone."""
    await conn.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=_encode, decoder=itemgetter(0)
    )


def moment(microseconds: int) -> datetime:
    """Give a time in UTC. PostgreSQL's infinities, and what is beyond the years 1 to 9999, are the last and first."""
    try:
        return EPOCH + timedelta(0, microseconds // _SECOND, microseconds % _SECOND)
    except OverflowError:
        return (datetime.max if microseconds > 0 else datetime.min).replace(tzinfo=UTC)


def is_moment(annotation: object) -> bool:
    """Whether a column of a row class is a time, nullable or not."""
    return annotation is datetime or datetime in get_args(annotation)


def _encode(value: datetime) -> tuple[int]:
    since = value - EPOCH
    return ((since.days * 86_400 + since.seconds) * _SECOND + since.microseconds,)
