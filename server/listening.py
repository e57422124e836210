"""Serving an application, and waiting for the signal to stop."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bulksend.server.http.addresses import take_address
from bulksend.server.http.connections import Connections
from bulksend.server.http.error_responses import error_page
from bulksend.server.process import Parts
from bulksend.server.settings import Settings

# aiohttp closes connections that still wait after this part of the grace period.
REQUESTS_PART = 0.2
BACKLOG = 1024


@asynccontextmanager
async def listening(
    app: web.Application, parts: Parts, *, host: str, port: int, taken: socket.socket | None = None
) -> AsyncIterator[int]:
    """Serve `app` and yield the port. At the end stop accepting, and let waiting requests return the current state.

    `taken`: a socket that is already bound. Raise `CannotListen`.
    """
    grace = parts.settings.shutdown_grace.total_seconds()
    # While a thread runs, the event loop waits for this long instead of five times as long.
    sys.setswitchinterval(0.001)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=max(1.0, grace * REQUESTS_PART))
    await runner.setup()
    listener: asyncio.Server | None = None
    try:
        listener = await _accept(runner, parts.settings, taken or take_address(host, port))
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        if listener:
            listener.close()
        parts.gateway.stop_waiting()
        await runner.cleanup()


async def _accept(runner: web.AppRunner, settings: Settings, bound: socket.socket) -> asyncio.Server:
    """Accept connections on a bound socket, within the limits of `Connections`."""
    if runner.server is None:
        raise RuntimeError("the runner is not set up")
    connections = Connections.within_open_files(per_address=settings.connections_per_address)
    factory = connections.protocol_factory(runner.server, error_page(settings.public_url or ""))
    return await asyncio.get_running_loop().create_server(factory, sock=bound, backlog=BACKLOG)


async def until_stopped(tell: Callable[[], None] = lambda: None) -> None:
    """Wait for SIGTERM or SIGINT; call `tell` once their handlers are set."""
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
