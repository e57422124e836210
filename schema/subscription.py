"""Subscription: watching a bulk send until it is finished."""

from collections.abc import AsyncGenerator
from enum import Enum
from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import follow_bulk_send
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.info import Info


@strawberry.enum(description="A point in the life of a bulk send.")
class BulkSendMilestone(Enum):
    """A point in the life of a bulk send."""

    DELIVERED = strawberry.enum_value("delivered", description="No delivery is pending.")
    CLOSED = strawberry.enum_value(
        "closed", description="No delivery is pending, and every document is signed, declined, expired or cancelled."
    )


@strawberry.type(description="What can be watched.")
class Subscription:
    """What can be watched."""

    @strawberry.subscription(
        description=(
            "The present state at once, then each change (at most 4 a second, the last one always), complete when "
            "the milestone `until` is reached; one null when there is none or it is deleted. Needs `bulk_sends.read`."
        )
    )
    async def bulk_send(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="A bulk send's id.")],
        until: Annotated[
            BulkSendMilestone, strawberry.argument(description="When to complete.")
        ] = BulkSendMilestone.DELIVERED,
    ) -> AsyncGenerator[BulkSend | None, None]:
        """Follow one bulk send."""
        info.context.require(Scope.BULK_SENDS_READ)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, id)
        if bulk_send_id is None:
            yield None
            return
        until_closed = until is BulkSendMilestone.CLOSED
        async for row in follow_bulk_send.follow(info.context, bulk_send_id, until_closed=until_closed):
            info.context.renew_loaders()
            yield BulkSend(row) if row else None
