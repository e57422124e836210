"""Gateways and workers as separate processes that tests terminate, kill and restart."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from support.forking import ForkedProcess, start
from support.gateway import SECRET_KEY, RunningGateway
from support.pgbouncer import STATEMENT_CACHE_SIZE, pooled

BULKSEND = Path(sys.executable).with_name("bulksend")
LISTENING = re.compile(r"http://[\w.]+:(\d+)")
START_SECONDS = 90


@dataclass
class Process:
    """A running `bulksend` command."""

    process: ForkedProcess
    url: str
    said: list[str]

    async def ended(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)


@asynccontextmanager
async def running(command: list[str], environment: dict[str, str]) -> AsyncIterator[Process]:
    """Run a command and yield once it has printed its address; kill it at the end if it still runs."""
    process = await start(*command, environment={**inherited(), **environment})
    said: list[str] = []
    reading = None
    try:
        async with asyncio.timeout(START_SECONDS):
            url = await _where_it_listens(process, said)
        reading = asyncio.create_task(_read(process, said))
        yield Process(process, url, said)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading
        if process.stdout is not None:
            await process.stdout.read()  # child processes, such as PostgreSQL in `dev`, may end a moment later


def environment(dsn: str, smtp_url: str, **more: str) -> dict[str, str]:
    """Return the environment of a gateway or worker that uses this database and mail server."""
    settings = {
        "DATABASE_URL": pooled(dsn),
        "DATABASE_LISTEN_URL": dsn,
        "STATEMENT_CACHE_SIZE": str(STATEMENT_CACHE_SIZE),
        "SMTP_URL": smtp_url,
        "MAIL_FROM": "Bulksend <bulksend@example.com>",
        "PUBLIC_URL": "http://sign.example.com",
        "SECRET_KEYS": SECRET_KEY,
        "SEALING": "off",
        "PORT": "0",
        "BULK_SEND_INTERVAL": "0",
        "REQUESTS_PER_MINUTE": "1000000",
        "LOG_FORMAT": "console",
        "SHUTDOWN_GRACE": "10",
        **more,
    }
    return {f"BULKSEND_{name}": value for name, value in settings.items()}


def asking(process: Process, gateway: RunningGateway, session: aiohttp.ClientSession) -> RunningGateway:
    """Return a client of a gateway process, with the interface of a gateway in the test's own process."""
    return RunningGateway(process.url, gateway.parts, session)


async def _where_it_listens(process: ForkedProcess, said: list[str]) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        said.append(line.decode())
        if match := LISTENING.search(said[-1]):
            return match[0]
    raise AssertionError("".join(said))


async def _read(process: ForkedProcess, said: list[str]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        said.append(line.decode())


def inherited() -> dict[str, str]:
    """Return the environment of this process without Bulksend's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BULKSEND_")}
