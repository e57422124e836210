"""Times are what asyncpg itself would make of them, both ways."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from bulksend.db.pool import Pool
from bulksend.db.timestamps import moment

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
    given = datetime(2026, 5, 28, 10, 0, 0, 1, tzinfo=UTC)
    for one in (given, given - timedelta(days=20_000)):
        assert await pool.fetchval("SELECT $1::timestamptz::text", one) == await pool.fetchval(
            "SELECT $1::text::timestamptz::text", one.isoformat()
        )
