"""Subscription: watching a bulk send until it is finished."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import follow_bulk_send
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.info import Info


@strawberry.type(description="What can be watched.")
class Subscription:
    """What can be watched."""

    @strawberry.subscription(
        description=(
            "The present state at once, then each change (at most 4 a second, the last one always), complete when "
            "finished; one null when there is none or it is deleted. Needs `bulk_sends.read`."
        )
    )
    async def bulk_send(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A bulk send's id.")]
    ) -> AsyncGenerator[BulkSend | None, None]:
        """Follow one bulk send."""
        info.context.require(Scope.BULK_SENDS_READ)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, id)
        if bulk_send_id is None:
            yield None
            return
        async for row in follow_bulk_send.follow(info.context, bulk_send_id):
            info.context.renew_loaders()
            yield BulkSend(row) if row else None
