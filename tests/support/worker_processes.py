"""Delivery workers as separate processes that tests kill, suspend or terminate."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.smtp.sink import SmtpSink

LEASE = 60.0
_SCRIPT = Path(__file__).parents[1] / "delivery" / "worker_process.py"


@asynccontextmanager
async def worker_process(dsn: str, sink: SmtpSink, rate: float = 0) -> AsyncIterator[Process]:
    """Yield a worker once it works; kill it at the end if it still runs."""
    named = f"{dsn}{'&' if '?' in dsn else '?'}application_name=worker"
    process = await asyncio.create_subprocess_exec(
        sys.executable, _SCRIPT, named, str(sink.port), str(LEASE), str(rate), stdout=PIPE
    )
    assert process.stdout
    try:
        assert await process.stdout.readline() == b"up\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
