"""The components of a process, created from settings and closed in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from bulksend.db import migrations
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, open_pool
from bulksend.db.read_replica import ReadReplica
from bulksend.delivery.download_links import DownloadLinks
from bulksend.delivery.policy import REPLY_SECONDS, Policy
from bulksend.delivery.reminders import Reminders
from bulksend.delivery.sealing.processes import SealingOptions, SealingProcesses
from bulksend.delivery.sealing.worker import SealingWorker
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.server_url import SmtpServer
from bulksend.delivery.worker import Worker
from bulksend.resolvers.context import Gateway
from bulksend.server.http.authentication import Authenticator
from bulksend.server.http.request_limit import RequestLimit
from bulksend.server.sealing import sealing_options
from bulksend.server.settings import Settings
from bulksend.server.supervision import Supervisor

# Part of the grace period at shutdown; waiting requests get the rest.
DELIVERY_PART = 0.8


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that GraphQL, REST and the pages share."""

    settings: Settings
    pool: Pool
    gateway: Gateway
    authenticator: Authenticator
    request_limit: RequestLimit
    supervisor: Supervisor


@asynccontextmanager
async def open_parts(settings: Settings, *, delivery: bool) -> AsyncIterator[Parts]:
    """Open the components of a process. Raise `MigrationsPending` or `DatabaseIsNewer`."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_pool(settings, settings.database_url))
        async with pool.acquire() as conn:
            await migrations.check(conn)
        notices = Notices(pool, settings.database_listen_url or settings.database_url or "")
        supervisor = Supervisor()
        replica = ReadReplica(pool)
        if url := settings.database_read_url:
            replica = await stack.enter_async_context(_replica(settings, url, pool, supervisor))
        await stack.enter_async_context(supervisor.running("notices", notices.run))
        links = SigningLinks(settings.secret_keys, settings.public_url or "")
        authenticator = Authenticator(pool)
        stack.push_async_callback(authenticator.note_use)
        await stack.enter_async_context(supervisor.running("last use of keys", authenticator.run))
        if delivery and (options := sealing_options(settings)) is not None:
            await stack.enter_async_context(_sealing(options, pool, notices, supervisor))
        if delivery:
            await stack.enter_async_context(_delivering(settings, pool, notices, links, supervisor))
        downloads = DownloadLinks(settings.secret_keys, settings.public_url or "")
        gateway = Gateway(pool, replica, notices, links, downloads, settings.sync_wait, settings.bulk_send_interval)
        limit = RequestLimit(requests_per_minute=settings.requests_per_minute, storage=settings.rate_limit_storage)
        stack.push_async_callback(limit.close)
        yield Parts(settings, pool, gateway, authenticator, limit, supervisor)


def _pool(settings: Settings, url: str | None) -> Any:
    return open_pool(url or "", statement_cache_size=settings.statement_cache_size)


@asynccontextmanager
async def _replica(settings: Settings, url: str, primary: Pool, supervisor: Supervisor) -> AsyncIterator[ReadReplica]:
    # Opened without a connection, so that a process starts while the replica is unavailable.
    async with open_pool(url, statement_cache_size=settings.statement_cache_size, min_size=0) as pool:
        replica = ReadReplica(primary, pool, url)
        await replica.probe()
        async with supervisor.running("read replica", replica.run):
            yield replica


@asynccontextmanager
async def _delivering(
    settings: Settings, pool: Pool, notices: Notices, links: SigningLinks, supervisor: Supervisor
) -> AsyncIterator[None]:
    mailer = Mailer(
        SmtpServer.from_url(settings.smtp_url or ""),
        connections=settings.smtp_connections,
        reply_timeout=REPLY_SECONDS,
        local_hostname=_helo(settings),
    )
    worker = Worker(pool, notices, mailer, links, _policy(settings))
    try:
        async with (
            supervisor.running("reminders", Reminders(pool, notices).run),
            supervisor.running("delivery", worker.run, may_end=lambda: worker.is_stopping),
        ):
            try:
                yield
            finally:
                await worker.stop(settings.shutdown_grace.total_seconds() * DELIVERY_PART)
    finally:
        await mailer.close()


@asynccontextmanager
async def _sealing(
    options: SealingOptions, pool: Pool, notices: Notices, supervisor: Supervisor
) -> AsyncIterator[None]:
    processes = SealingProcesses(options)
    worker = SealingWorker(pool, notices, processes)
    try:
        # Cancelled at the end; PDFs that were being sealed are sealed again later.
        async with supervisor.running("sealing", worker.run):
            yield
    finally:
        processes.close()


def _policy(settings: Settings) -> Policy:
    mail_from = settings.mail_from or ""
    return Policy(
        mail_from=mail_from,
        message_id_domain=parseaddr(mail_from)[1].rpartition("@")[2]
        or urlsplit(settings.public_url or "").hostname
        or "",
        lease=settings.lease.total_seconds(),
        retry_delays=settings.retry_delays,
        max_queue_age=settings.max_queue_age.total_seconds(),
        smtp_rate=settings.smtp_rate,
    )


def _helo(settings: Settings) -> str | None:
    """Return the name for EHLO: the setting, or the public URL's host; an IP address as a literal (RFC 5321, 4.1.3)."""
    host = settings.smtp_helo or urlsplit(settings.public_url or "").hostname
    if not host or host.startswith("["):
        return host
    try:
        address = ip_address(host)
    except ValueError:
        return host.encode("idna").decode("ascii")
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
