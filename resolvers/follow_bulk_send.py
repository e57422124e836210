"""Follow a bulk send: its current state, then each change until it is finished."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers.bulk_sends import POLL_SECONDS, read_current, wait_for_change
from bulksend.resolvers.context import Context

MINIMUM_INTERVAL_SECONDS: Final = 0.25


async def follow(context: Context, bulk_send_id: UUID) -> AsyncGenerator[BulkSendRow | None, None]:
    """Yield the bulk send now and after each change, at most 4 times a second, until nothing is pending.

    Yield one None and end if there is none or once it is deleted. Hold no connection while waiting.
    """
    organization_id = context.caller.organization_id
    before: BulkSendRow | None = None
    with context.gateway.notices.watch(bulk_send_id) as changed:
        while True:
            changed.clear()
            row = await read_current(context.gateway, organization_id=organization_id, bulk_send_id=bulk_send_id)
            if row is None or row != before:
                yield row
                before = row
                await asyncio.sleep(MINIMUM_INTERVAL_SECONDS if row and row.pending_count else 0)
            if row is None or row.pending_count == 0:
                return
            await wait_for_change(changed, POLL_SECONDS)
