"""One timer for many time limits: every block ends at its own limit, however the limits change meanwhile."""

import asyncio

import pytest

from bulksend.delivery.smtp.deadline_timer import DeadlineTimer, TimeLimit

FAR = 3600.0


async def ended(timer: DeadlineTimer, *limits: float) -> bool:
    """Set the limits one after another on a block that never ends, and return whether the timer ended it."""
    limit = TimeLimit(timer)
    try:
        with timer.watching(limit):
            async with limit.timeout:
                for seconds in limits:
                    limit.set(seconds)
                    await asyncio.sleep(0)
                await asyncio.Event().wait()
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("limits", [(0,), (0.01,), (FAR, 0.01), (0.01, FAR, 0.02), (FAR, 0), (-1,)])
async def test_a_block_ends_at_its_last_limit(limits: tuple[float, ...]) -> None:
    assert await ended(DeadlineTimer(), *limits)


async def test_each_block_ends_at_its_own() -> None:
    timer = DeadlineTimer()
    far = asyncio.create_task(ended(timer, 0.01, FAR))
    await asyncio.sleep(0)
    assert all(await asyncio.gather(*(ended(timer, FAR, 0.01 * number) for number in range(5))))
    assert not far.done()
    near = asyncio.create_task(ended(timer, FAR, 0.01))
    assert await near
    assert not far.done()
    far.cancel()
    with pytest.raises(asyncio.CancelledError):
        await far


async def test_a_limit_of_a_block_that_has_ended_ends_no_other() -> None:
    timer = DeadlineTimer()
    over = TimeLimit(timer)
    with timer.watching(over):
        async with over.timeout:
            over.set(0.01)
    waiting = asyncio.create_task(ended(timer, 0.05))
    assert await waiting
    assert not over.timeout.expired()


async def test_a_cancellation_from_outside_stays_one() -> None:
    task = asyncio.create_task(ended(DeadlineTimer(), FAR))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_limit_that_was_met_is_not_moved() -> None:
    timer = DeadlineTimer()
    limit = TimeLimit(timer)
    moved = asyncio.Event()

    async def block() -> None:
        with timer.watching(limit):
            async with limit.timeout:
                limit.set(0)
                try:
                    await asyncio.Event().wait()
                finally:
                    limit.set(FAR)
                    moved.set()

    with pytest.raises(TimeoutError):
        await block()
    assert moved.is_set()
