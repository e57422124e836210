"""Background tasks that end are restarted, counted, logged and reported."""

import asyncio
from itertools import count

import pytest
from structlog.testing import capture_logs

from bulksend.server import supervision
from bulksend.server.supervision import RESTARTS, Supervisor


def restarts(name: str) -> float:
    return float(RESTARTS.labels(name)._value.get())


async def test_a_task_that_fails_is_restarted_counted_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE", 0.001)
    runs, settled = count(), asyncio.Event()

    async def work() -> None:
        if next(runs) < 3:
            raise OSError("cannot switch to state 12")
        settled.set()
        await asyncio.Event().wait()

    before = restarts("failing")
    supervisor = Supervisor()
    with capture_logs() as logged:
        async with asyncio.timeout(5), supervisor.running("failing", work):
            await settled.wait()
            assert supervisor.down == []
    assert restarts("failing") == before + 3
    assert {(line["event"], line["task"]) for line in logged} == {("a background task ended", "failing")}
    assert {type(line["exc_info"]) for line in logged} == {OSError}


async def test_a_task_is_down_until_its_restart() -> None:
    async def work() -> None:
        ended.set()

    ended = asyncio.Event()
    supervisor = Supervisor()
    async with asyncio.timeout(5), supervisor.running("ending", work):
        await ended.wait()
        while not supervisor.down:
            await asyncio.sleep(0)
        assert supervisor.down == ["ending"]
    assert supervisor.down == []


async def test_a_task_that_may_end_is_not_restarted() -> None:
    runs = count(1)

    async def work() -> None:
        next(runs)

    supervisor = Supervisor()
    async with asyncio.timeout(5), supervisor.running("done", work, may_end=lambda: True):
        await asyncio.sleep(0.01)
        assert supervisor.down == []
    assert next(runs) == 2


async def test_a_task_is_cancelled_at_the_end() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with Supervisor().running("waiting", work):
        await asyncio.sleep(0)
    assert cancelled.is_set()
