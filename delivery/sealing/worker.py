"""The sealing worker: claims documents that were signed or declined, has their PDFs made, and records them."""

import asyncio
import hashlib
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import structlog

from bulksend.db import bulk_sends, deliveries, ids, sealed_pdfs
from bulksend.db.deliveries import MailKind
from bulksend.db.notices import Notices
from bulksend.db.pool import Connection, Pool, write
from bulksend.db.sealed_pdfs import SealingJobRow
from bulksend.delivery import event_log
from bulksend.delivery.event_log import SYSTEM, Act, Source
from bulksend.delivery.exception_logging import described
from bulksend.delivery.metrics import SEALED, SEALINGS_FAILED
from bulksend.delivery.sealing.loading import Loader
from bulksend.delivery.sealing.processes import SealingProcesses

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
# Twice as long as a process may take for a document, so that a claim is recorded or given up before it ends.
LEASE: Final = timedelta(seconds=120)
FIRST_DELAY: Final = 5.0
LONGEST_DELAY: Final = 3600.0


class SealingWorker:
    """Seals the documents of one database. Any number of workers may share it.

    A PDF, its hash and the event that holds the hash are written in one transaction, under the lease of the claim: a
    crash before leaves a job that is due again, and a second worker with the same job changes nothing.
    """

    def __init__(self, pool: Pool, notices: Notices, processes: SealingProcesses) -> None:
        self._pool = pool
        self._notices = notices
        self._processes = processes
        self._loader = Loader(pool)
        self._stopping = asyncio.Event()

    async def seal_due(self) -> int:
        """Make one pass: claim what is due, as much as the processes take, and return how much that was."""
        lease_id = uuid4()
        async with self._pool.acquire() as conn:
            claimed = await sealed_pdfs.claim(conn, lease_id=lease_id, limit=2 * self._processes.size, lease=LEASE)
        await asyncio.gather(*(self._seal(job, lease_id) for job in claimed))
        return len(claimed)

    async def run(self) -> None:
        """Seal documents when they are due, until `stop`."""
        while not self._stopping.is_set():
            try:
                found = await self.seal_due()
            except Exception as error:
                # Sealing must continue after any error; usually the database is unavailable.
                log.warning("sealing pauses", **described(error))
                found = 0
            if not found:
                await self._rest()

    def stop(self) -> None:
        """Stop claiming. A PDF that is not recorded by the end of its lease is made again."""
        self._stopping.set()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._stopping.wait()

    async def _seal(self, job: SealingJobRow, lease_id: UUID) -> None:
        try:
            bulk_send_id, unsealed = await self._loader.load(job)
            pdf = await self._processes.make(unsealed)
        except Exception as error:
            await self._postpone(job, lease_id, error)
        else:
            await self._record(job, lease_id, bulk_send_id, pdf, is_signed=unsealed.is_signed)

    async def _record(
        self, job: SealingJobRow, lease_id: UUID, bulk_send_id: UUID, pdf: bytes, *, is_signed: bool
    ) -> None:
        sha256 = hashlib.sha256(pdf)
        act = Act(job.document_id, "sealed", {"pdf_sha256": sha256.hexdigest()})

        async def work(conn: Connection) -> bool:
            # The order in which recording a delivery locks: first the bulk send, then its documents.
            await bulk_sends.lock(conn, organization_id=job.organization_id, bulk_send_id=bulk_send_id)
            if not await sealed_pdfs.record(conn, job, lease_id=lease_id, sha256=sha256.digest(), pdf=pdf):
                return False
            await event_log.append(conn, organization_id=job.organization_id, acts=[act], source=Source(SYSTEM))
            if is_signed:
                await deliveries.queue_mail(
                    conn,
                    organization_id=job.organization_id,
                    bulk_send_id=bulk_send_id,
                    document_ids=[job.document_id],
                    kind=MailKind.COPY,
                )
            return True

        if await write(self._pool, work):
            SEALED.inc()
            self._notices.changed(job.organization_id, bulk_send_id)
            self._notices.work_is_due()

    async def _postpone(self, job: SealingJobRow, lease_id: UUID, error: Exception) -> None:
        SEALINGS_FAILED.inc()
        log.error("a document is not sealed", document=ids.encode(ids.DOCUMENT, job.document_id), **described(error))
        delay = timedelta(seconds=min(FIRST_DELAY * 2.0 ** min(job.attempts - 1, 20), LONGEST_DELAY))
        async with self._pool.acquire() as conn:
            await sealed_pdfs.postpone(conn, job, lease_id=lease_id, delay=delay, error=type(error).__name__)
