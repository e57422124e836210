"""DateTime: written as `isoformat` writes it, and read back unchanged."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from bulksend.schema.types.scalars import read_datetime, write_datetime

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=ZONES | st.just(UTC))


@given(MOMENTS)
def test_is_rfc_3339_in_utc_with_milliseconds(moment: datetime) -> None:
    written = write_datetime(moment)

    assert written == moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert timedelta() <= moment - read_datetime(written) < timedelta(milliseconds=1)
