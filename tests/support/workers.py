"""Delivery workers in the test's own process that send to the SMTP sink."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from support.smtp.mailers import mailer_to
from support.smtp.sink import SmtpSink

from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.delivery.policy import Policy
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.worker import Worker

LINKS = SigningLinks(["k" * 40], "https://sign.example.com")
POLICY = Policy(
    mail_from="Bulksend <bulksend@example.com>",
    message_id_domain="mail.example.com",
    retry_delays=(10, 60),
    probe_interval=0.05,
    probe_timeout=2,
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A worker and its components."""

    worker: Worker
    mailer: Mailer
    notices: Notices


@asynccontextmanager
async def delivery_to(
    sink: SmtpSink,
    pool: Pool,
    dsn: str,
    policy: Policy = POLICY,
    *,
    url: str | None = None,
    connections: int = 3,
    reply_timeout: float = 90,
) -> AsyncIterator[Delivery]:
    """Yield a worker without running its loop."""
    notices = Notices(pool, dsn)
    mailer = mailer_to(sink, url=url, connections=connections, reply_timeout=reply_timeout)
    try:
        yield Delivery(Worker(pool, notices, mailer, LINKS, policy), mailer, notices)
    finally:
        await mailer.close()


@asynccontextmanager
async def running(delivery: Delivery) -> AsyncIterator[asyncio.Task[None]]:
    """Run the worker's loop and stop it at the end."""
    task = asyncio.create_task(delivery.worker.run())
    try:
        yield task
    finally:
        await delivery.worker.stop(grace=10)
        await task


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait until the condition holds. Raise `AssertionError` after `seconds`."""
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "the condition did not become true"
        await asyncio.sleep(0.01)
