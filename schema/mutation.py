"""Mutation: everything that changes something."""

from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import bulk_sends, cancel_bulk_send, create_bulk_send, retry_bulk_send
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.document_mutations import DocumentMutations
from bulksend.schema.template_mutations import TemplateMutations
from bulksend.schema.types.bulk_sends import BulkSend
from bulksend.schema.types.info import Info
from bulksend.schema.types.inputs import (
    CancelBulkSendInput,
    CreateBulkSendInput,
    DeleteBulkSendInput,
    RetryBulkSendInput,
)
from bulksend.schema.types.payloads import (
    CancelBulkSendPayload,
    CreateBulkSendPayload,
    DeleteBulkSendPayload,
    RetryBulkSendPayload,
    UserError,
    not_found,
)


@strawberry.type(description="Everything that changes something. What does not work out is told in `userErrors`.")
class Mutation(DocumentMutations, TemplateMutations):
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
        info.context.begin_mutation(Scope.BULK_SENDS_CREATE)
        return CreateBulkSendPayload.of(await create_bulk_send.create(info.context, input.given))

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
        info.context.begin_mutation(Scope.BULK_SENDS_DELETE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        if bulk_send_id is None or not await bulk_sends.delete(info.context, bulk_send_id):
            return DeleteBulkSendPayload(deleted_bulk_send_id=None, user_errors=[_no_bulk_send()])
        return DeleteBulkSendPayload(deleted_bulk_send_id=input.id, user_errors=[])

    @strawberry.mutation(
        description=(
            "Cancel what is pending: it becomes failed with `CANCELLED`, and its links answer 410. What is in flight "
            "at that moment may still be accepted and is then told as sent. Needs `bulk_sends.delete`."
        )
    )
    async def cancel_bulk_send(
        self,
        info: Info,
        input: Annotated[CancelBulkSendInput, strawberry.argument(description="Which bulk send to cancel.")],
    ) -> CancelBulkSendPayload | None:
        """Cancel."""
        info.context.begin_mutation(Scope.BULK_SENDS_DELETE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        cancelled = await cancel_bulk_send.cancel(info.context, bulk_send_id) if bulk_send_id else None
        if cancelled is None:
            return CancelBulkSendPayload(bulk_send=None, cancelled_count=0, user_errors=[_no_bulk_send()])
        return CancelBulkSendPayload(
            bulk_send=BulkSend(cancelled.bulk_send), cancelled_count=cancelled.count, user_errors=[]
        )

    @strawberry.mutation(
        description=(
            "Send failed documents again, all or those named, cancelled ones too, with a fresh ladder of attempts. "
            "What was sent is never sent again. Needs `bulk_sends.create`."
        )
    )
    async def retry_bulk_send(
        self,
        info: Info,
        input: Annotated[RetryBulkSendInput, strawberry.argument(description="What to send again.")],
    ) -> RetryBulkSendPayload | None:
        """Retry."""
        info.context.begin_mutation(Scope.BULK_SENDS_CREATE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        chosen = arguments.given(input.document_ids)
        retried = await retry_bulk_send.retry(info.context, bulk_send_id, chosen) if bulk_send_id else None
        if retried is None:
            return RetryBulkSendPayload(bulk_send=None, retried_count=0, user_errors=[_no_bulk_send()])
        return RetryBulkSendPayload(
            bulk_send=BulkSend(retried.bulk_send) if retried.bulk_send else None,
            retried_count=retried.count,
            user_errors=[UserError.of(error) for error in retried.errors],
        )


def _no_bulk_send() -> UserError:
    return not_found(["id"], "id is not a bulk send of this organization")
