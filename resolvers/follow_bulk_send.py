"""Follow a bulk send: its current state, then each change until it is finished."""

from collections.abc import AsyncGenerator
from uuid import UUID

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers.context import Context


async def follow(
    context: Context, bulk_send_id: UUID, *, until_closed: bool = False
) -> AsyncGenerator[BulkSendRow | None, None]:
    """Yield the bulk send now and after each change, at most 4 times a second, until nothing is pending.

    `until_closed`: go on until, besides, every document is signed, declined, expired or cancelled.

    Yield one None and end if there is none or once it is deleted. Hold no connection while waiting.
    """
    seen = 0
    key = context.caller.organization_id, bulk_send_id
    async with context.gateway.feeds.watch(key, until_closed=until_closed) as feed:
        while not (seen and feed.has_ended and seen == feed.version):
            seen = await feed.next(seen)
            yield feed.row
