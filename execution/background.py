"""What was begun and is not wanted any more: it ends on its own, and what it ends with is nobody's."""

import asyncio
import inspect
from collections.abc import Awaitable, Sequence
from typing import Any

_settling: set[asyncio.Future[Any]] = set()


def settle(awaitables: Sequence[Awaitable[Any]]) -> None:
    """Let these end in the background. Without a running loop they cannot, so coroutines are closed."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        for awaitable in awaitables:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
        return
    for awaitable in awaitables:
        future = asyncio.ensure_future(_awaited(awaitable))
        _settling.add(future)
        future.add_done_callback(_settled)


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _settled(future: asyncio.Future[Any]) -> None:
    _settling.discard(future)
    if not future.cancelled():
        future.exception()
