"""Cancel a bulk send: its pending documents are not sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from bulksend.db import bulk_sends
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.pool import Connection, write
from bulksend.delivery.policy import REPLY_SECONDS
from bulksend.resolvers.context import Context

REPLY_WAIT: Final = timedelta(seconds=REPLY_SECONDS)


@dataclass(frozen=True, slots=True)
class CancelResult:
    """The bulk send after the cancel, and the number of documents that were cancelled."""

    bulk_send: BulkSendRow
    count: int


async def cancel(context: Context, bulk_send_id: UUID) -> CancelResult | None:
    """Fail every pending document, leased or not; return None if there is no such bulk send."""
    organization_id = context.caller.organization_id

    async def work(conn: Connection) -> CancelResult | None:
        if not await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=bulk_send_id):
            return None
        count = await bulk_sends.cancel(
            conn, organization_id=organization_id, bulk_send_id=bulk_send_id, reply_wait=REPLY_WAIT
        )
        (row,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send_id])
        return CancelResult(row, count)

    cancelled = await write(context.gateway.pool, work)
    context.gateway.notices.changed(organization_id, bulk_send_id)
    return cancelled
