"""One timer for the time limits of many mails: each mail has several limits one after the other, and few are met."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf


class TimeLimit:
    """The moment at which a block of code ends with `TimeoutError`, unless it ends before or the moment is moved."""

    def __init__(self, timer: "DeadlineTimer") -> None:
        self._timer = timer
        self.timeout = asyncio.timeout(None)
        self.ends_at = inf

    def set(self, seconds: float) -> None:
        """Let the block end this long from now."""
        if self.timeout.expired():
            return
        self.ends_at = asyncio.get_running_loop().time() + seconds
        self._timer.note(self.ends_at)

    def expire(self) -> None:
        """End the block now."""
        self.ends_at = inf
        self.timeout.reschedule(asyncio.get_running_loop().time())


class DeadlineTimer:
    """Ends the blocks whose limit is reached. Its timer is set for the first of them, and not moved when that moves."""

    def __init__(self) -> None:
        self._limits: set[TimeLimit] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = inf

    @contextmanager
    def watching(self, limit: TimeLimit) -> Iterator[None]:
        """Watch a limit during the block."""
        self._limits.add(limit)
        self.note(limit.ends_at)
        try:
            yield
        finally:
            self._limits.discard(limit)

    def note(self, moment: float) -> None:
        """Look at the limits no later than at this moment of the event loop's clock."""
        if moment >= self._ends_at:
            return
        if self._timer:
            self._timer.cancel()
        self._ends_at = moment
        self._timer = asyncio.get_running_loop().call_at(moment, self._expire_due)

    def _expire_due(self) -> None:
        self._ends_at = inf
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if limit.ends_at <= now:
                limit.expire()
        self.note(min((limit.ends_at for limit in self._limits), default=inf))
