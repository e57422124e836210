"""Automatic reminders of signers who have neither signed nor declined."""

import asyncio
from typing import Final

import structlog

from bulksend.db import bulk_sends, deliveries, sent_documents
from bulksend.db.deliveries import MailKind
from bulksend.db.errors import ANY_FAILURE
from bulksend.db.notices import Notices
from bulksend.db.pool import Connection, Pool, write
from bulksend.db.sent_documents import DueBulkSendRow
from bulksend.delivery import event_log
from bulksend.delivery.event_log import SYSTEM, Act, Source
from bulksend.delivery.exception_logging import described

PASS_SECONDS: Final = 60.0
DOCUMENTS_A_PASS: Final = 1000

log = structlog.get_logger(__name__)


class Reminders:
    """Queues due reminders; of several processes only one queues the reminder of a document."""

    def __init__(self, pool: Pool, notices: Notices) -> None:
        self._pool = pool
        self._notices = notices

    async def run(self) -> None:
        """Make a pass every minute until cancelled."""
        while True:
            try:
                while await self.remind_due():
                    pass
            except ANY_FAILURE as error:
                log.warning("reminders wait for the database", **described(error))
            await asyncio.sleep(PASS_SECONDS)

    async def remind_due(self) -> int:
        """Queue due reminders, and return the number of their bulk sends."""
        async with self._pool.acquire() as conn:
            due = await sent_documents.get_due_reminders(conn, limit=DOCUMENTS_A_PASS)
        for bulk_send in due:
            await self._remind(bulk_send)
        return len(due)

    async def _remind(self, bulk_send: DueBulkSendRow) -> None:
        if await write(self._pool, lambda conn: _queue(conn, bulk_send)):
            self._notices.changed(bulk_send.organization_id, bulk_send.bulk_send_id)
            self._notices.work_is_due()


async def _queue(conn: Connection, bulk_send: DueBulkSendRow) -> int:
    organization_id, bulk_send_id = bulk_send.organization_id, bulk_send.bulk_send_id
    await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=bulk_send_id)
    document_ids = await sent_documents.take_due_reminders(
        conn, organization_id=organization_id, bulk_send_id=bulk_send_id
    )
    if not document_ids:
        return 0
    acts = [Act(document_id, "reminded", {"automatic": True}) for document_id in document_ids]
    await event_log.append(conn, organization_id=organization_id, acts=acts, source=Source(SYSTEM))
    return await deliveries.queue_mail(
        conn,
        organization_id=organization_id,
        bulk_send_id=bulk_send_id,
        document_ids=document_ids,
        kind=MailKind.REMINDER,
    )
