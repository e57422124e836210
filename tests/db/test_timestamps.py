"""Timestamps equal those of asyncpg in both directions, and are written as by the DateTime scalar."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.db.pool import Pool
from bulksend.db.timestamps import moment
from bulksend.execution.generated_code import function_from_source
from bulksend.execution.row_mapping import shortcut_of
from bulksend.schema.types.scalars import write_datetime

MOMENTS = [
    "2000-01-01 00:00:00+00",
    "1999-12-31 23:59:59.999999+00",
    "2026-05-28 10:00:00.000001+02",
    "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59.999999+00",
    "infinity",
    "-infinity",
]


@pytest.mark.parametrize("text", MOMENTS)
async def test_are_what_asyncpg_makes_of_them(pool: Pool, dsn: str, text: str) -> None:
    query = f"SELECT '{text}'::timestamptz"
    conn = await asyncpg.connect(dsn)
    try:
        theirs = await conn.fetchval(query)
    finally:
        await conn.close()
    ours = moment(await pool.fetchval(query))
    assert ours.replace(tzinfo=None) == theirs.replace(tzinfo=None)
    assert ours.tzinfo is UTC


async def test_are_taken_as_they_are_meant(pool: Pool) -> None:
    now = datetime(2026, 5, 28, 10, 0, 0, 1, tzinfo=UTC)
    for one in (now, now - timedelta(days=20_000)):
        assert await pool.fetchval("SELECT $1::timestamptz::text", one) == await pool.fetchval(
            "SELECT $1::text::timestamptz::text", one.isoformat()
        )


def written(microseconds: int) -> str:
    """Write a timestamp as the compiled executor does."""
    found = shortcut_of(moment, write_datetime)
    assert found
    expression = found.expression.format(value="value", **{name: name for name in found.names})
    write = function_from_source(f"def write(value): return {expression}", "write", {**found.names})
    text: str = write(microseconds)
    return text


INFINITY = 2**63 - 1


@given(st.integers(-INFINITY - 1, INFINITY) | st.integers(-(10**17), 10**18))
@example(0)
@example(-1)
@example(INFINITY)
@example(-INFINITY - 1)
# The last and the first time that a datetime can represent.
@example(252_455_615_999_999_999)
@example(252_455_616_000_000_000)
@example(-63_082_281_600_000_000)
@example(-63_082_281_600_000_001)
def test_are_written_as_the_scalar_writes_their_datetimes(microseconds: int) -> None:
    try:
        text = written(microseconds)
    except OverflowError:
        # The executor then completes the list object by object.
        assert moment(microseconds) in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))
        return
    assert text == write_datetime(moment(microseconds))
