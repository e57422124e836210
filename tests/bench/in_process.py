"""Send requests to a gateway in this process, through aiohttp's protocol and without sockets.

This measures only the server's processor time: no load generator, no kernel, and of PostgreSQL only the client.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from bench.peers.workloads import Request

from bulksend.server.app import build_app
from bulksend.server.process import open_parts
from bulksend.server.settings import Settings


class _Transport(asyncio.Transport):
    """A transport that keeps the response in this process."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = bytearray()
        self.answered: asyncio.Future[None] | None = None
        self._length: int | None = None
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        if self._length is None and (end := self.written.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.written[:end]).lower()
            self._length = end + 4 + int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if self._length is not None and len(self.written) >= self._length and self.answered:
            self.answered.set_result(None)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def next_response(self) -> asyncio.Future[None]:
        """Discard the last response, and return a future that is done when the next one is complete."""
        self.written.clear()
        self._length = None
        self.answered = asyncio.get_running_loop().create_future()
        return self.answered


@dataclass(frozen=True, slots=True)
class _Connection:
    """A kept-alive connection to a gateway in this process."""

    transport: _Transport
    protocol: asyncio.Protocol

    async def ask(self, request: bytes) -> bytes:
        answered = self.transport.next_response()
        self.protocol.data_received(request)
        await answered
        return bytes(self.transport.written)


@dataclass(frozen=True, slots=True)
class Callers:
    """Connections that send requests at the same time."""

    connections: list[_Connection]

    async def check(self, requests: Sequence[bytes]) -> None:
        """Send requests one after another. Raise `AssertionError` if a response has errors."""
        for request in requests:
            response = await self.connections[0].ask(request)
            assert response.startswith(b"HTTP/1.1 200"), response[:2000]
            assert b'"errors"' not in response, response[:2000]

    async def milliseconds(self, requests: Sequence[bytes], times: int, *, start: int = 0) -> float:
        """Send `times` requests in total, starting at number `start`, and return this process's time per request."""
        left = iter(range(start, start + times))

        async def send(connection: _Connection) -> None:
            for number in left:
                await connection.ask(requests[number % len(requests)])

        begun = time.process_time()
        await asyncio.gather(*map(send, self.connections))
        return (time.process_time() - begun) / times * 1000


def as_http(request: Request) -> bytes:
    """Return a request as HTTP bytes."""
    body = json.dumps(request.body, separators=(",", ":")).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"Authorization: Bearer {request.tenant.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def open_callers(given: Settings, connections: int = 8) -> AsyncIterator[Callers]:
    """Open a gateway and connections to it."""
    async with open_parts(given, delivery=False) as parts:
        runner = web.AppRunner(build_app(parts), access_log=None)
        await runner.setup()
        assert runner.server is not None
        opened = [_Connection(_Transport(), runner.server()) for _ in range(connections)]
        for connection in opened:
            connection.protocol.connection_made(connection.transport)
        try:
            yield Callers(opened)
        finally:
            for connection in opened:
                connection.protocol.connection_lost(None)
            await runner.cleanup()
