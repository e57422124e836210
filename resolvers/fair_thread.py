"""A thread for work that would hold the event loop up, shared fairly by those who wait for it."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bulksend.resolvers.errors import Unavailable

Result = TypeVar("Result")


class FairThread:
    """Runs one call at a time; of those that wait, each tenant's next runs after every other tenant's next.

    So a tenant that asks for a thousand calls delays another's by one of them and not by all.
    """

    def __init__(self, name: str, *, most_waiting: int) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._most_waiting = most_waiting
        self._is_busy = False
        # The tenant whose turn is next comes first.
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    async def run(self, tenant: Hashable, call: Callable[[], Result]) -> Result:
        """Run `call` in the thread and return its result. Raise `Unavailable` if too many of the tenant's wait."""
        await self._wait_for_turn(tenant)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        finally:
            self._pass_on()

    async def _wait_for_turn(self, tenant: Hashable) -> None:
        if not self._is_busy:
            self._is_busy = True
            return
        waiting = self._waiting.setdefault(tenant, deque())
        if len(waiting) >= self._most_waiting:
            raise Unavailable("Too many requests of this organization wait for their turn.", retry_after=1)
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Wake the next that still waits."""
        while self._waiting:
            tenant, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[tenant] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._is_busy = False
