"""Running a process until it is told to stop."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bulksend.server.wiring import Parts

# aiohttp closes what still waits after this part of the grace; delivery has ended by then or never will.
REQUESTS_PART = 0.2


@asynccontextmanager
async def listening(app: web.Application, parts: Parts, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` and give the port. At the end stop accepting, and let waiting requests answer what is true."""
    grace = parts.settings.shutdown_grace.total_seconds()
    # What was made by now stays: kept out of every later collection, it cannot hold the event loop up for 50 ms.
    gc.collect()
    gc.freeze()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=max(1.0, grace * REQUESTS_PART))
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        parts.gateway.stop_waiting()
        await runner.cleanup()


async def until_stopped(tell: Callable[[], None] = lambda: None) -> None:
    """Wait for SIGTERM or SIGINT; call `tell` once both are waited for."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        tell()
        await stopped.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
