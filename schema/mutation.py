"""Mutation: everything that changes something."""

from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import bulk_sends, creating
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.info import Info
from bulksend.schema.inputs import CreateBulkSendInput, DeleteBulkSendInput
from bulksend.schema.payloads import CreateBulkSendPayload, DeleteBulkSendPayload, not_found


@strawberry.type(description="Everything that changes something. What does not work out is told in `userErrors`.")
class Mutation:
    """Everything that changes something."""

    @strawberry.mutation(
        description=(
            "Send one template to 1–500 signers: each gets a document and a signing link of their own. "
            "Needs `bulk_sends.create`."
        )
    )
    async def create_bulk_send(
        self,
        info: Info,
        input: Annotated[CreateBulkSendInput, strawberry.argument(description="What to send to whom.")],
    ) -> CreateBulkSendPayload | None:
        """Create."""
        info.context.require(Scope.BULK_SENDS_CREATE)
        return CreateBulkSendPayload.of(await creating.create(info.context, input.raw()))

    @strawberry.mutation(
        description=(
            "Delete a bulk send and its documents: nothing more is sent, and their links answer 410. "
            "Needs `bulk_sends.delete`."
        )
    )
    async def delete_bulk_send(
        self,
        info: Info,
        input: Annotated[DeleteBulkSendInput, strawberry.argument(description="Which bulk send to delete.")],
    ) -> DeleteBulkSendPayload | None:
        """Delete."""
        info.context.require(Scope.BULK_SENDS_DELETE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        if bulk_send_id is None or not await bulk_sends.delete(info.context, bulk_send_id):
            error = not_found(["id"], "id is not a bulk send of this organization")
            return DeleteBulkSendPayload(deleted_bulk_send_id=None, user_errors=[error])
        return DeleteBulkSendPayload(deleted_bulk_send_id=input.id, user_errors=[])
