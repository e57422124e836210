"""Background tasks of a process, each restarted when it ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
# A task that has run for this long is restarted after the shortest pause again.
STABLE_SECONDS: Final = 60.0

RESTARTS: Final = Counter("bulksend_background_task_restarts", "Background tasks that ended unexpectedly.", ["task"])
DOWN: Final = Gauge("bulksend_background_task_down", "1 while a background task waits for its restart.", ["task"])


def _never() -> bool:
    return False


class Supervisor:
    """Runs background tasks and restarts those that end, after a pause that doubles up to 30 s."""

    def __init__(self) -> None:
        self._down: set[str] = set()

    @property
    def down(self) -> list[str]:
        """The names of the tasks that wait for their restart."""
        return sorted(self._down)

    @asynccontextmanager
    async def running(
        self, name: str, work: Callable[[], Awaitable[None]], *, may_end: Callable[[], bool] = _never
    ) -> AsyncIterator[None]:
        """Run `work` during the block and cancel it at the end.

        Once `may_end()` is true a task that returns is not restarted.
        """
        task = asyncio.create_task(self._run(name, work, may_end), name=name)
        try:
            yield
        finally:
            task.cancel()
            # Errors of the task are already logged and must not fail the shutdown.
            await asyncio.wait([task])
            self._note_up(name)

    async def _run(self, name: str, work: Callable[[], Awaitable[None]], may_end: Callable[[], bool]) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            error = await _failure(work)
            if error is None and may_end():
                return
            if time.monotonic() - began >= STABLE_SECONDS:
                pause = FIRST_PAUSE
            self._note_down(name, error, pause)
            await asyncio.sleep(pause)
            self._note_up(name)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _note_down(self, name: str, error: Exception | None, pause: float) -> None:
        log.error("a background task ended", task=name, restart_in=pause, exc_info=error)
        RESTARTS.labels(name).inc()
        DOWN.labels(name).set(1)
        self._down.add(name)

    def _note_up(self, name: str) -> None:
        DOWN.labels(name).set(0)
        self._down.discard(name)


async def _failure(work: Callable[[], Awaitable[None]]) -> Exception | None:
    try:
        await work()
    except Exception as error:
        return error
    return None
