"""A minimal SMTP server, in a process of its own: `python lean_sink.py PORT`."""

import asyncio
import sys


class Session(asyncio.Protocol):
    """One connection: accepts everything and stores nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        self.in_content = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every line, and every mail."""
        self.buffer += data
        while self._take(b"\r\n.\r\n" if self.in_content else b"\r\n"):
            pass

    def _take(self, end: bytes) -> bool:
        line, found, rest = self.buffer.partition(end)
        if not found:
            return False
        self.buffer = rest
        self.transport.write(self._answer(line[:4].upper()))
        return True

    def _answer(self, verb: bytes) -> bytes:
        if self.in_content:
            self.in_content = False
        elif verb == b"DATA":
            self.in_content = True
            return b"354 go on\r\n"
        elif verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        return b"250 ok\r\n"


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
