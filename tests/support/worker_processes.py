"""Delivery workers as separate processes that tests kill, suspend or terminate."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.forking import ForkedProcess, start
from support.smtp.sink import SmtpSink

LEASE = 60.0
_WORKER = "delivery.worker_process:main"


@asynccontextmanager
async def worker_process(dsn: str, sink: SmtpSink, rate: float = 0) -> AsyncIterator[ForkedProcess]:
    """Yield a worker process once it is ready; kill it at the end if it is still running."""
    named = f"{dsn}{'&' if '?' in dsn else '?'}application_name=worker"
    process = await start(*(named, str(sink.port), str(LEASE), str(rate)), program=_WORKER, environment=os.environ)
    assert process.stdout
    try:
        assert await process.stdout.readline() == b"up\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
