"""A transaction for a write: begun in one message, and always ended."""

import asyncio

import asyncpg
import pytest
from support.pgbouncer import STATEMENT_CACHE_SIZE, pooled

from bulksend.db.pool import Connection, Pool, open_pool, reading, write, writing

INSERT = "INSERT INTO organizations (name) VALUES ('Acme')"
COUNT = "SELECT count(*) FROM organizations"


async def test_commits(pool: Pool) -> None:
    async with writing(pool) as conn:
        await conn.execute(INSERT)
        assert await pool.fetchval(COUNT) == 0
    assert await pool.fetchval(COUNT) == 1


async def test_waits_are_short_within_and_as_they_were_afterwards(pool: Pool) -> None:
    async with pool.acquire() as conn:
        before = await _waits(conn)
    async with writing(pool) as conn:
        assert await _waits(conn) == ("2s", "5s")
    async with pool.acquire() as conn:
        assert await _waits(conn) == before


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_rolls_back_for_any_reason(pool: Pool, error: type[BaseException]) -> None:
    async def fail(conn: Connection) -> None:
        await conn.execute(INSERT)
        raise error

    with pytest.raises(error):
        await write(pool, fail)
    assert await pool.fetchval(COUNT) == 0


async def test_tells_how_a_connection_was_lost(pool: Pool) -> None:
    async def end_own_session(conn: Connection) -> None:
        await conn.execute(INSERT)
        await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await write(pool, end_own_session)
    assert await pool.fetchval(COUNT) == 0


async def test_a_task_cancelled_at_any_moment_leaves_no_transaction(dsn: str, pool: Pool) -> None:
    async with open_pool(pooled(dsn), statement_cache_size=STATEMENT_CACHE_SIZE, min_size=1, max_size=1) as own:
        for turns in range(60):
            task = asyncio.create_task(_insert(own))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            async with own.acquire() as conn:
                assert not conn.is_in_transaction()
            committed = not task.cancelled()
            assert await pool.fetchval(COUNT) in ((1,) if committed else (0, 1))
            await pool.execute("DELETE FROM organizations")


async def _insert(pool: Pool) -> None:
    async with writing(pool) as conn:
        await conn.execute(INSERT)


async def _waits(conn: Connection) -> tuple[str, str]:
    lock = await conn.fetchval("SHOW lock_timeout")
    return lock, await conn.fetchval("SHOW idle_in_transaction_session_timeout")


async def test_a_read_that_takes_too_long_is_cancelled_and_leaves_its_connection_usable(dsn: str) -> None:
    async with open_pool(pooled(dsn), statement_cache_size=STATEMENT_CACHE_SIZE, min_size=1, max_size=1) as own:
        with pytest.raises(TimeoutError):
            async with reading(own, 0.1) as conn:
                await conn.execute("SELECT pg_sleep(60)")
        async with reading(own) as conn:
            assert await conn.fetchval("SELECT 1") == 1


async def test_a_read_does_not_wait_for_a_connection_for_longer_than_it_may_take(dsn: str) -> None:
    async with open_pool(pooled(dsn), statement_cache_size=STATEMENT_CACHE_SIZE, min_size=1, max_size=1) as own:
        async with own.acquire():
            with pytest.raises(TimeoutError):
                async with reading(own, 0.1):
                    pytest.fail("there was no connection to lend")
        async with reading(own) as conn:
            assert await conn.fetchval("SELECT 1") == 1


async def test_an_error_of_a_read_is_raised_as_it_is(pool: Pool) -> None:
    with pytest.raises(ValueError, match="mine"):
        async with reading(pool):
            raise ValueError("mine")
    is_reading = asyncio.Event()
    task = asyncio.create_task(_read_slowly(pool, is_reading))
    await is_reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _read_slowly(pool: Pool, is_reading: asyncio.Event) -> None:
    async with reading(pool) as conn:
        is_reading.set()
        await conn.execute("SELECT pg_sleep(60)")
