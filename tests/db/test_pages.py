"""Ranges of ids for ranges of time: everything that a time filter selects is within the range."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bulksend.db.pages import NEWEST, OLDEST, IdRange, Span, ids_created

MOMENTS = st.datetimes(timezones=st.just(UTC))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS = st.datetimes(EPOCH.replace(tzinfo=None), timezones=st.just(UTC))


def id_at(moment: datetime, rest: int) -> UUID:
    """Return a UUID of version 7. Source: RFC 9562, section 5.7."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80 | 7 << 76 | (rest >> 62 & 0xFFF) << 64 | 0b10 << 62 | rest & (1 << 62) - 1)


@given(created=ROWS, rest=st.integers(0, 2**74 - 1), bound=MOMENTS, near=st.timedeltas(max_value=timedelta(hours=1)))
def test_what_matches_is_within(created: datetime, rest: int, bound: datetime, near: timedelta) -> None:
    row = id_at(created, rest)
    bounds = [bound, created]
    if abs(near) < timedelta(days=1) and created.year < 9999:
        bounds.append(created + near)
    for moment in bounds:
        after, before = ids_created(moment, None), ids_created(None, moment)
        assert created < moment or after.oldest < row
        assert created >= moment or before.newest > row


@given(created=ROWS, rest=st.integers(0, 2**74 - 1))
def test_what_is_far_away_is_not_within(created: datetime, rest: int) -> None:
    row, hour = id_at(created, rest), timedelta(hours=1)
    if EPOCH + hour < created and created.year < 9999:
        assert ids_created(created + hour, None).oldest > row
        assert ids_created(None, created - hour).newest < row


@given(created=ROWS, rest=st.integers(0, 2**74 - 1), minutes=st.integers(-10, 10))
def test_the_times_of_earlier_versions_may_differ(created: datetime, rest: int, minutes: int) -> None:
    if 1970 < created.year < 9999:
        row = id_at(created + timedelta(minutes=minutes), rest)
        ids = ids_created(created, created + timedelta(microseconds=1))
        assert ids.oldest < row < ids.newest


def test_without_times_it_is_everything() -> None:
    assert ids_created(None, None) == IdRange(OLDEST, NEWEST)


@given(after=st.uuids(), before=st.uuids(), ids=st.tuples(st.uuids(), st.uuids()).map(lambda two: IdRange(*two)))
def test_a_span_only_narrows(after: UUID, before: UUID, ids: IdRange) -> None:
    within = Span(10, after, before, backwards=True).within(ids)
    assert within == Span(10, min(after, ids.newest), max(before, ids.oldest), backwards=True)
