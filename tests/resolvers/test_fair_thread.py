"""The validation thread serves tenants in turn."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from bulksend.resolvers.errors import Unavailable
from bulksend.resolvers.fair_thread import FairThread


class Gate:
    """A call that blocks until it is released."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self._begun.set()
        assert self._open.wait(10)

    async def begun(self) -> None:
        await asyncio.to_thread(self._begun.wait, 10)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


async def test_a_tenant_with_many_calls_delays_another_by_one(gate: Gate) -> None:
    thread = FairThread("test", most_waiting=100)
    order: list[str] = []
    first = asyncio.create_task(thread.run("busy", gate))
    await gate.begun()
    busy = [asyncio.create_task(thread.run("busy", lambda n=n: order.append(f"busy {n}"))) for n in range(50)]  # type: ignore[misc]
    await asyncio.sleep(0)
    others = [asyncio.create_task(thread.run(name, lambda name=name: order.append(name))) for name in ("b", "c")]  # type: ignore[misc]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(first, *busy, *others)
    assert order[:5] == ["busy 0", "b", "c", "busy 1", "busy 2"]
    assert len(order) == 52


async def test_results_and_failures_come_back() -> None:
    thread = FairThread("test", most_waiting=1)
    assert await thread.run(1, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await thread.run(1, lambda: 1 // 0)
    assert await thread.run(1, lambda: 8) == 8


async def test_what_waits_is_bounded_for_each_tenant(gate: Gate) -> None:
    thread = FairThread("test", most_waiting=2)
    first = asyncio.create_task(thread.run("busy", gate))
    await gate.begun()
    waiting = [asyncio.create_task(thread.run("busy", int)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await thread.run("busy", int)
    other = asyncio.create_task(thread.run("other", int))
    await asyncio.sleep(0)
    gate.open()
    assert await asyncio.gather(first, *waiting, other) == [None, 0, 0, 0]


async def test_who_no_longer_waits_holds_nobody_up(gate: Gate) -> None:
    thread = FairThread("test", most_waiting=10)
    first = asyncio.create_task(thread.run("a", gate))
    await gate.begun()
    left = [asyncio.create_task(thread.run("a", int)) for _ in range(3)]
    stays = asyncio.create_task(thread.run("b", int))
    await asyncio.sleep(0)
    left[0].cancel()
    gate.open()
    await first
    # Cancel the task whose turn has just begun, too.
    left[1].cancel()
    assert await stays == 0
    assert await left[2] == 0
    assert await thread.run("c", int) == 0
