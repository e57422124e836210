"""The limit of one create per interval and organization."""

from datetime import datetime

from bulksend.db import bulk_sends
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.pool import reading
from bulksend.resolvers.context import Context


async def next_bulk_send_at(context: Context) -> datetime | None:
    """Return when the organization may create its next bulk send; None means now."""
    gateway = context.gateway
    async with reading(gateway.pool) as conn:
        allowed = await bulk_sends.next_allowed(
            conn, organization_id=context.caller.organization_id, interval=gateway.bulk_send_interval
        )
    return allowed.at if allowed else None


async def last_bulk_send(context: Context) -> BulkSendRow | None:
    """Return the newest bulk send, which shows a caller whose connection broke whether its create succeeded."""
    async with reading(context.gateway.pool) as conn:
        return await bulk_sends.newest(conn, organization_id=context.caller.organization_id)
