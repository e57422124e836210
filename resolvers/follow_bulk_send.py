"""Following a bulk send: its state now, then each change until it is finished."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers.bulk_sends import LOOK_AGAIN_SECONDS, read_now, wait_for_change
from bulksend.resolvers.context import Context

LEAST_SECONDS_BETWEEN: Final = 0.25


async def follow(context: Context, bulk_send_id: UUID) -> AsyncGenerator[BulkSendRow | None, None]:
    """Give the bulk send now and after each change, at most 4 a second, until nothing is pending.

    Gives one None at the end when there is none, or once it is deleted. Holds no connection while it waits.
    """
    organization_id = context.caller.organization_id
    before: BulkSendRow | None = None
    with context.gateway.notices.watch(bulk_send_id) as changed:
        while True:
            changed.clear()
            row = await read_now(context.gateway, organization_id=organization_id, bulk_send_id=bulk_send_id)
            if row is None or row != before:
                yield row
                before = row
                await asyncio.sleep(LEAST_SECONDS_BETWEEN if row and row.pending_count else 0)
            if row is None or row.pending_count == 0:
                return
            await wait_for_change(changed, LOOK_AGAIN_SECONDS)
