"""The pool returns idle connections immediately, serves waiters in order, and returns no broken connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from bulksend.db import fair_pool
from bulksend.db.pool import Pool, open_pool

SESSION = "SELECT pg_backend_pid()"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.fixture
async def single(dsn: str) -> AsyncIterator[Pool]:
    """A pool of one connection, so that all waiters wait for the same one."""
    async with open_pool(dsn, min_size=1, max_size=1) as pool:
        yield pool


async def session(pool: Pool) -> int:
    async with asyncio.timeout(5), pool.acquire() as conn:
        return int(await conn.fetchval(SESSION))


async def test_the_connection_used_last_is_lent_without_a_turn_of_the_loop(single: Pool) -> None:
    first = await session(single)

    lent = single.acquire().__await__()
    with pytest.raises(StopIteration) as given:
        next(lent)

    assert await given.value.value.fetchval(SESSION) == first
    await single.release(given.value.value)
    assert await session(single) == first


async def test_who_waits_gets_it_next(single: Pool) -> None:
    async with single.acquire() as conn:
        waiting = [asyncio.create_task(session(single)) for _ in range(3)]
        await asyncio.sleep(0)
        here = await conn.fetchval(SESSION)
    assert await asyncio.gather(*waiting) == [here] * 3


async def _served_at_a_release(single: Pool) -> list[str]:
    """Return the order of service when a newcomer acquires right after a release, with two others waiting."""
    served: list[str] = []

    async def use(name: str) -> None:
        async with single.acquire():
            served.append(name)
            await asyncio.sleep(0)

    async with single.acquire():
        waiting = [asyncio.create_task(use(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
    # The connection is released, and no waiter has run yet.
    await use("newcomer")
    await asyncio.gather(*waiting)
    return served


async def test_who_asks_in_the_turn_of_a_release_comes_first(single: Pool) -> None:
    assert await _served_at_a_release(single) == ["newcomer", "first", "second"]


async def test_nobody_overtakes_those_who_have_waited_for_long(single: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_pool, "OVERTAKING_SECONDS", -1)
    assert await _served_at_a_release(single) == ["first", "second", "newcomer"]


async def test_who_waits_is_served_though_others_ask_in_every_turn_of_a_release(single: Pool) -> None:
    async def use_again_and_again() -> None:
        async with single.acquire():
            await asyncio.sleep(0)
        while not waiting.done():
            async with single.acquire():
                await asyncio.sleep(0)

    async with asyncio.timeout(5), single.acquire():
        waiting = asyncio.create_task(session(single))
        await asyncio.sleep(0)
    await use_again_and_again()
    assert await waiting


@pytest.mark.parametrize("turns", range(4))
async def test_who_is_cancelled_while_waiting_passes_the_connection_on(single: Pool, turns: int) -> None:
    async with single.acquire() as conn:
        here = await conn.fetchval(SESSION)
        cancelled, other = (asyncio.create_task(session(single)) for _ in range(2))
        await asyncio.sleep(0)
        if turns == 0:
            cancelled.cancel()
    for _ in range(turns - 1):
        await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    assert await other == here
    assert await session(single) == here


async def test_who_waits_for_too_long_leaves_the_queue(single: Pool) -> None:
    async with single.acquire() as conn:
        here = await conn.fetchval(SESSION)
        with pytest.raises(TimeoutError):
            await single.acquire(timeout=0.01)
    assert await session(single) == here


async def test_who_waits_for_a_connection_that_is_lost_gets_a_new_one(single: Pool, dsn: str) -> None:
    other = await asyncpg.connect(dsn)
    async with single.acquire() as conn:
        lost = await conn.fetchval(SESSION)
        waiting = asyncio.create_task(session(single))
        await other.execute("SELECT pg_terminate_backend($1, 5000)", lost)
        async with asyncio.timeout(5):
            while not await _is_lost(conn):
                await asyncio.sleep(0.01)
    await other.close()
    assert await waiting != lost


async def test_who_waits_while_opening_fails_opens_the_next(single: Pool, dsn: str) -> None:
    async with open_pool(dsn, min_size=0, max_size=1) as pool:
        pool.set_connect_args(dsn, server_settings={"no_such_setting": "1"})
        failing = asyncio.create_task(session(pool))
        await asyncio.sleep(0)
        pool.set_connect_args(dsn)
        waiting = asyncio.create_task(session(pool))
        with pytest.raises(asyncpg.PostgresError):
            await failing
        assert await waiting


async def test_one_that_was_lost_meanwhile_is_not_lent(single: Pool, dsn: str) -> None:
    async with single.acquire() as conn:
        lost = await conn.fetchval(SESSION)
    other = await asyncpg.connect(dsn)
    await other.execute("SELECT pg_terminate_backend($1, 5000)", lost)
    await other.close()
    async with asyncio.timeout(5):
        while not await _is_lost(conn):
            await asyncio.sleep(0.01)
    assert await session(single) != lost


async def test_one_that_is_lost_while_it_is_lent_is_nobodys_error(single: Pool, dsn: str) -> None:
    other = await asyncpg.connect(dsn)
    async with single.acquire() as conn:
        lost = await conn.fetchval(SESSION)
        await other.execute("SELECT pg_terminate_backend($1, 5000)", lost)
        async with asyncio.timeout(5):
            while not await _is_lost(conn):
                await asyncio.sleep(0.01)
    await other.close()
    assert await session(single) != lost


async def _is_lost(conn: Any) -> bool:
    try:
        return bool(conn.is_closed())
    except asyncpg.InterfaceError:
        return True


async def test_one_whose_statement_failed_is_in_order_again(single: Pool) -> None:
    first = await session(single)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with single.acquire() as conn:
            await conn.fetchval("SELECT 1 / 0")
    assert await session(single) == first


async def test_one_whose_statement_was_cancelled_is_not_lent_before_that_has_ended(single: Pool, pool: Pool) -> None:
    async def work() -> None:
        async with single.acquire() as conn:
            await conn.fetchval("SELECT pg_sleep(60)")

    task = asyncio.create_task(work())
    async with asyncio.timeout(5):
        while not await pool.fetchval(SLEEPING):
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await session(single)


async def test_a_transaction_left_open_is_rolled_back(single: Pool) -> None:
    async with single.acquire() as conn:
        await conn.execute("BEGIN; CREATE TABLE left_open ()")
    async with single.acquire() as conn:
        assert not conn.is_in_transaction()
        assert await conn.fetchval("SELECT to_regclass('left_open')") is None


async def test_what_is_not_needed_for_long_goes_back_also_when_nobody_asks(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(dsn, min_size=0, max_size=2) as pool:
        async with pool.acquire(), pool.acquire():
            pass
        assert pool.get_idle_size() == 0
        monkeypatch.setattr(fair_pool, "IDLE_SECONDS", 0.05)
    async with open_pool(dsn, min_size=0, max_size=2) as pool:
        async with pool.acquire(), pool.acquire():
            pass
        async with asyncio.timeout(5):
            while pool.get_idle_size() < 2:
                await asyncio.sleep(0.01)
        assert await session(pool)


async def test_closing_waits_for_what_is_in_use(dsn: str) -> None:
    conn: Any = None
    async with open_pool(dsn, min_size=1, max_size=2) as pool:
        await session(pool)
        async with pool.acquire() as conn:
            closing = asyncio.create_task(pool.close())
            await asyncio.sleep(0)
            assert await conn.fetchval("SELECT 1") == 1
        async with asyncio.timeout(5):
            await closing
    with pytest.raises(asyncpg.InterfaceError):
        await conn.fetchval("SELECT 1")
