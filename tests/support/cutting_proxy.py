"""A proxy in front of PostgreSQL that breaks the connection before or after a statement that is its own transaction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, urlsplit

# PostgreSQL's message that the transaction has ended and the next query may be sent.
_READY = b"Z\0\0\0\5I"


class Cut(Enum):
    """When to break the connection of the next marked statement."""

    NOT_AT_ALL = "not at all"
    BEFORE_COMMIT = "the server never gets it"
    AFTER_COMMIT = "the server does it, and its answer is lost"
    LATE = "the server gets it when the connection is long broken"


@dataclass
class CuttingProxy:
    """A running proxy; `cut` applies to the next statement that contains `marker`.

    A statement cut `LATE` waits for `let_through`, then sets `was_late`.
    """

    dsn: str
    cut: Cut = Cut.NOT_AT_ALL
    marker: bytes = b"INSERT INTO documents"
    cuts: int = 0
    connections: set[asyncio.Task[None]] = field(default_factory=set)
    refuses: bool = False
    refuses_after_cut: bool = False
    let_through: asyncio.Event = field(default_factory=asyncio.Event)
    was_late: asyncio.Event = field(default_factory=asyncio.Event)

    def refuse_all(self) -> None:
        """Break every connection and refuse new ones."""
        self.refuses = True
        for task in self.connections:
            task.cancel()

    def allow_all(self) -> None:
        """Accept connections again."""
        self.refuses = self.refuses_after_cut = False

    def takes(self) -> Cut:
        """Return how to handle a marked statement, and reset `cut`."""
        found, self.cut = self.cut, Cut.NOT_AT_ALL
        self.cuts += found is not Cut.NOT_AT_ALL
        if self.refuses_after_cut and found is not Cut.NOT_AT_ALL:
            self.refuse_all()
        return found


@asynccontextmanager
async def cutting_proxy(dsn: str) -> AsyncIterator[CuttingProxy]:
    """Run a proxy in front of the database."""
    parts = urlsplit(dsn)
    socket_path = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        proxy.connections.add(task)
        with suppress(ConnectionError, asyncio.CancelledError):
            if not proxy.refuses:
                await _carry(proxy, socket_path, reader, writer)
        writer.close()
        proxy.connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = CuttingProxy(f"postgresql://postgres@127.0.0.1:{port}{parts.path}?sslmode=disable")
    try:
        yield proxy
    finally:
        server.close()
        proxy.refuse_all()
        await asyncio.gather(*proxy.connections, return_exceptions=True)


def through(proxy: CuttingProxy) -> dict[str, Any]:
    """Return the settings of a gateway that connects through the proxy."""
    return {"database_url": proxy.dsn, "statement_cache_size": 0}


async def _carry(
    proxy: CuttingProxy, socket_path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    server_reader, server_writer = await asyncio.open_unix_connection(socket_path)
    back = asyncio.create_task(_copy(server_reader, writer))
    sent = b""
    try:
        while chunk := await reader.read(1 << 20):
            if proxy.marker in sent and proxy.marker in chunk:
                # asyncpg sends an unprepared statement twice: first to learn its types, then to execute it.
                cut = proxy.takes()
                if cut is Cut.BEFORE_COMMIT:
                    return
                if cut is Cut.AFTER_COMMIT:
                    back.cancel()
                    await asyncio.gather(back, return_exceptions=True)
                    server_writer.write(chunk)
                    await server_reader.readuntil(_READY)
                    return
                if cut is Cut.LATE:
                    back.cancel()
                    writer.close()
                    await proxy.let_through.wait()
                    server_writer.write(chunk)
                    await server_reader.readuntil(_READY)
                    proxy.was_late.set()
                    return
                sent = b""
            else:
                sent += chunk
            server_writer.write(chunk)
            await server_writer.drain()
    finally:
        back.cancel()
        for one in (server_writer, writer):
            one.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1 << 20):
        writer.write(chunk)
        await writer.drain()
    writer.close()
