"""Cancelling a bulk send: what is pending will not be sent."""

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
class Cancelled:
    """The bulk send after the cancel, and how many of its documents will not be sent."""

    bulk_send: BulkSendRow
    count: int


async def cancel(context: Context, bulk_send_id: UUID) -> Cancelled | None:
    """Fail what is pending, leased or not; None when there is no such bulk send."""
    organization_id = context.caller.organization_id

    async def work(conn: Connection) -> Cancelled | None:
        if not await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=bulk_send_id):
            return None
        count = await bulk_sends.cancel(
            conn, organization_id=organization_id, bulk_send_id=bulk_send_id, reply_wait=REPLY_WAIT
        )
        (row,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send_id])
        return Cancelled(row, count)

    cancelled = await write(context.gateway.pool, work)
    context.gateway.notices.changed(bulk_send_id)
    return cancelled
