"""Replies of an SMTP server, read in the order of the commands (RFC 5321, 4.2), also when these were pipelined.

aiosmtplib reads one reply per command and drops others, so pipelining (RFC 2920) needs this reader; aiosmtplib does the
greeting, TLS and login.
"""

import asyncio
from collections import deque
from typing import Final

from bulksend.delivery.smtp.outcomes import NO_REPLY, Reply

LONGEST_REPLY: Final = 65_536


class ConnectionLostError(Exception):
    """The connection has ended, and no more replies will come."""


class ReplyProtocol(asyncio.Protocol):
    """The reading side of a connection; takes over the transport from aiosmtplib."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_lost = False
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent: no longer after a reply without a command, which announces the end."""
        return not (self._is_lost or self._replies or self._transport.is_closing())

    def write(self, data: bytes) -> None:
        """Send bytes. Raise `ConnectionLostError`."""
        if self._is_lost or self._transport.is_closing():
            raise ConnectionLostError
        self._transport.write(data)

    async def reply(self) -> Reply:
        """Return the next reply, with the code `NO_REPLY` if it is invalid. Raise `ConnectionLostError`."""
        while not self._replies:
            if self._is_lost or self._transport.is_closing():
                raise ConnectionLostError
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._replies.popleft()

    def close(self) -> None:
        """Close the connection at once."""
        self._transport.close()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Parse the data from the server."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take_line(line.rstrip(b"\r"))
        if len(self._buffer) > LONGEST_REPLY or len(self._lines) > LONGEST_REPLY // 5:
            self._finish(NO_REPLY, "The server's reply is too long.")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark the connection as lost."""
        self._is_lost = True
        self._wake()

    def _take_line(self, line: bytes) -> None:
        code, is_last = line[:3], line[3:4] != b"-"
        self._lines.append(line[4:].decode("utf-8", "surrogateescape"))
        if not (len(code) == 3 and code.isdigit()):
            self._finish(NO_REPLY, line.decode("utf-8", "surrogateescape"))
        elif is_last:
            self._finish(int(code), "\n".join(self._lines))

    def _finish(self, code: int, message: str) -> None:
        self._replies.append(Reply(code, message))
        self._lines = []

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
