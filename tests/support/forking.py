"""Real processes of Bulksend, forked by `support.fork_server` to save the second that its imports take."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

BULKSEND: Final = "bulksend.server.cli.main:main"
_SERVER: Final = Path(__file__).with_name("fork_server.py")
_PIPE_SIZE: Final = 1 << 16


class ForkedProcess:
    """Like `asyncio.subprocess.Process`; standard input is given completely at the start."""

    def __init__(self, pid: int, told: asyncio.StreamReader, *outputs: asyncio.StreamReader | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = outputs
        self._ending = asyncio.create_task(self._end(told))

    async def wait(self) -> int:
        """Return the exit status, negative for a signal."""
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait until the process ends, and return its standard output and error."""
        stdout, stderr, _ = await asyncio.gather(_all(self.stdout), _all(self.stderr), self.wait())
        return stdout, stderr

    def send_signal(self, number: int) -> None:
        """Send a signal if the process is still running."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    async def _end(self, told: asyncio.StreamReader) -> int:
        # Read the pipe to its end, because a pipe that is open when the event loop is closed would count as leaked.
        self.returncode = int(await told.read())
        return self.returncode


class ForkServer:
    """The fork server of this test process, started on first use."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def fork(self, message: bytes, descriptors: list[int]) -> None:
        """Request a process."""
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._server = subprocess.Popen(
                [sys.executable, _SERVER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            theirs.close()
        socket.send_fds(self._control, [message], descriptors)

    def close(self) -> None:
        """Stop the server."""
        if self._control is not None and self._server is not None:
            self._control.close()
            self._server.wait()


fork_server = ForkServer()


async def start(
    *arguments: str,
    environment: Mapping[str, str],
    program: str = BULKSEND,
    folder: Path = Path("/"),
    given: bytes = b"",
    stderr: int = PIPE,
) -> ForkedProcess:
    """Run a program with `given` on standard input; return once it is running. `stderr`: `PIPE` or a descriptor."""
    asked = {"program": program, "arguments": arguments, "environment": dict(environment), "folder": str(folder)}
    stdout_reader, stdout = os.pipe()
    stderr_reader, stderr = os.pipe() if stderr == PIPE else (None, os.dup(stderr))
    told_reader, told = os.pipe()
    theirs = [_filled(given), stdout, stderr, told]
    fork_server.fork(json.dumps(asked).encode(), theirs)
    for descriptor in theirs:
        os.close(descriptor)
    reader = await _reader(told_reader)
    pid = int(await reader.readline())
    outputs = [await _reader(stdout_reader), None if stderr_reader is None else await _reader(stderr_reader)]
    return ForkedProcess(pid, reader, *outputs)


def _filled(given: bytes) -> int:
    """Return the reading end of a pipe that contains only this text."""
    assert len(given) <= _PIPE_SIZE
    reader, writer = os.pipe()
    os.write(writer, given)
    os.close(writer)
    return reader


class _ClosedAtItsEnd(asyncio.StreamReaderProtocol):
    def eof_received(self) -> bool:
        super().eof_received()
        return False


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    file = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: _ClosedAtItsEnd(reader), file)
    return reader


async def _all(reader: asyncio.StreamReader | None) -> bytes:
    return await reader.read() if reader else b""
