"""The number of mails that a worker may claim: enough for its connections, and no more than are sent soon."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

# A claim costs the same for one mail as for several, so claims wait until several have ended; not for long, because the
# others may be slow.
LINGER_SECONDS: Final = 0.005
MOST_AHEAD: Final = 2


class InFlightWindow:
    """Counts mails in flight. `connections()`: the number of connections that the server accepts.

    While mail flows, mails are claimed ahead, so that connections have mail until the next claim is back: twice as many
    as ended during the last claim, at most `MOST_AHEAD` for each connection. When none ended, none is claimed ahead.
    """

    def __init__(self, connections: Callable[[], int]) -> None:
        self._connections = connections
        self._ended = 0
        self._ahead = 0
        self._change = asyncio.Event()
        self.in_flight = 0

    @property
    def idle(self) -> int:
        """The number of connections without a claimed mail; negative if there are more mails than connections."""
        return self._connections() - self.in_flight

    @property
    def size(self) -> int:
        """The number of mails that may be claimed now: fewer than twice the connections."""
        return max(0, min(self.idle + self._ahead, self._connections() + self._connections() // 2))

    def begin(self) -> None:
        """Count a claimed mail."""
        self.in_flight += 1

    def end(self) -> None:
        """Count a mail that is no longer in flight."""
        self.in_flight -= 1
        self._ended += 1
        self._change.set()

    def begin_claim(self) -> None:
        """Count the mails that end from now on."""
        self._ended = 0

    def end_claim(self, *, more_is_due: bool) -> None:
        """Decide how many mails to claim ahead next time."""
        self._ahead = min(2 * self._ended, MOST_AHEAD * self._connections()) if more_is_due else 0

    async def wait(self, seconds: float) -> bool:
        """Wait until mails may be claimed, at most this long; while mails end, a little longer for several."""
        if not self.size:
            await self._wait_for_change(seconds)
        end = time.monotonic() + LINGER_SECONDS
        while self._ahead and self.size < self._worth and (left := end - time.monotonic()) > 0:
            await self._wait_for_change(left)
        return self.size > 0

    def wake(self) -> None:
        """End a wait."""
        self._change.set()

    @property
    def _worth(self) -> int:
        return max(self._connections(), self._ahead) // 2

    async def _wait_for_change(self, seconds: float) -> None:
        self._change.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._change.wait()
