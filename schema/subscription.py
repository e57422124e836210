"""Subscription: watching a bulk send until it is finished, or all of an organization."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import bulk_sends
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.info import Info


@strawberry.enum(description="A point in the life of a bulk send.")
class BulkSendMilestone(Enum):
    DELIVERED = strawberry.enum_value("delivered", description="No delivery is pending.")
    CLOSED = strawberry.enum_value(
        "closed", description="No delivery is pending, and every document is signed, declined, expired or cancelled."
    )


@strawberry.type(description="The subscription root.")
class Subscription:
    @strawberry.subscription(
        description=(
            "Watch a bulk send: its current state, then each change (at most 4 per second, always the last one) until "
            "it reaches the milestone `until`. Sends one null if it does not exist or is deleted. "
            "Requires the `bulk_sends.read` scope."
        )
    )
    async def bulk_send(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="ID of the bulk send.")],
        until: Annotated[
            BulkSendMilestone, strawberry.argument(description="Milestone at which the subscription completes.")
        ] = BulkSendMilestone.DELIVERED,
    ) -> AsyncGenerator[BulkSend | None, None]:
        info.context.require(Scope.BULK_SENDS_READ)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, id)
        if bulk_send_id is None:
            yield None
            return
        until_closed = until is BulkSendMilestone.CLOSED
        async for row in bulk_sends.follow(info.context, bulk_send_id, until_closed=until_closed):
            info.context.renew_loaders()
            yield BulkSend(row) if row else None

    @strawberry.subscription(
        description=(
            "Watch the organization: each bulk send whenever it is created or changes (at most 4 times per second, "
            "always its last state). Sends null when one was deleted or changes may have been missed: read the list "
            "again then, and after each reconnect. Never completes. Requires the `bulk_sends.read` scope."
        )
    )
    async def bulk_sends(self, info: Info) -> AsyncGenerator[BulkSend | None, None]:
        info.context.require(Scope.BULK_SENDS_READ)
        feeds = info.context.gateway.organization_feeds
        async with aclosing(feeds.follow(info.context.caller.organization_id)) as states:
            async for row in states:
                info.context.renew_loaders()
                yield BulkSend(row) if row else None
