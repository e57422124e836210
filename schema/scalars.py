"""DateTime: RFC 3339 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition


def write_datetime(value: datetime) -> str:
    """Give `2026-05-28T10:00:00.000Z`; what is finer than a millisecond is cut off."""
    return f"{value.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"


def read_datetime(text: object) -> datetime:
    """Read an RFC 3339 time with its offset. Raises `GraphQLError` without repeating the text."""
    try:
        value = datetime.fromisoformat(text) if isinstance(text, str) and "T" in text.upper() else None
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise GraphQLError("DateTime must be an RFC 3339 time with an offset, such as 2026-05-28T10:00:00.000Z.")
    return value


DATE_TIME: Final[ScalarDefinition] = strawberry.scalar(
    name="DateTime",
    description="A moment in UTC as RFC 3339 with milliseconds: `2026-05-28T10:00:00.000Z`.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    serialize=write_datetime,
    parse_value=read_datetime,
)
