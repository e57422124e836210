"""Mutation: everything that changes something."""

from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import bulk_sends, cancel_bulk_send, create_bulk_send, retry_bulk_send
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.document_mutations import DocumentMutations
from bulksend.schema.template_mutations import TemplateMutations
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


@strawberry.type(description="The mutation root. Expected failures are returned in `userErrors`.")
class Mutation(DocumentMutations, TemplateMutations):
    @strawberry.mutation(
        description=(
            "Send one template to 1–500 signers; each receives a document and a signing link of their own. "
            "Requires the `bulk_sends.create` scope."
        )
    )
    async def create_bulk_send(
        self,
        info: Info,
        input: Annotated[
            CreateBulkSendInput, strawberry.argument(description="The template, the signers and the options.")
        ],
    ) -> CreateBulkSendPayload | None:
        info.context.begin_mutation(Scope.BULK_SENDS_CREATE)
        return CreateBulkSendPayload.of(await create_bulk_send.create(info.context, input.given))

    @strawberry.mutation(
        description=(
            "Delete a bulk send and its documents: nothing more is sent, and signing links answer 410. "
            "Requires the `bulk_sends.delete` scope."
        )
    )
    async def delete_bulk_send(
        self,
        info: Info,
        input: Annotated[DeleteBulkSendInput, strawberry.argument(description="Input of `deleteBulkSend`.")],
    ) -> DeleteBulkSendPayload | None:
        info.context.begin_mutation(Scope.BULK_SENDS_DELETE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        if bulk_send_id is None or not await bulk_sends.delete(info.context, bulk_send_id):
            return DeleteBulkSendPayload(deleted_bulk_send_id=None, user_errors=[_no_bulk_send()])
        return DeleteBulkSendPayload(deleted_bulk_send_id=input.id, user_errors=[])

    @strawberry.mutation(
        description=(
            "Cancel pending documents: their delivery fails with `CANCELLED`, and signing "
            "links answer 410. A mail in flight "
            "may still be accepted and then counts as sent. Requires the `bulk_sends.delete` scope."
        )
    )
    async def cancel_bulk_send(
        self,
        info: Info,
        input: Annotated[CancelBulkSendInput, strawberry.argument(description="Input of `cancelBulkSend`.")],
    ) -> CancelBulkSendPayload | None:
        info.context.begin_mutation(Scope.BULK_SENDS_DELETE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        cancelled = await cancel_bulk_send.cancel(info.context, bulk_send_id) if bulk_send_id else None
        if cancelled is None:
            return CancelBulkSendPayload(row=None, cancelled_count=0, user_errors=[_no_bulk_send()])
        return CancelBulkSendPayload(row=cancelled.bulk_send, cancelled_count=cancelled.count, user_errors=[])

    @strawberry.mutation(
        description=(
            "Queue failed documents, including cancelled ones, for delivery again with a new series of attempts. "
            "Sent documents are never sent again. Requires the `bulk_sends.create` scope."
        )
    )
    async def retry_bulk_send(
        self,
        info: Info,
        input: Annotated[RetryBulkSendInput, strawberry.argument(description="Input of `retryBulkSend`.")],
    ) -> RetryBulkSendPayload | None:
        info.context.begin_mutation(Scope.BULK_SENDS_CREATE)
        bulk_send_id = arguments.uuid(ids.BULK_SEND, input.id)
        chosen = arguments.given(input.document_ids)
        retried = await retry_bulk_send.retry(info.context, bulk_send_id, chosen) if bulk_send_id else None
        if retried is None:
            return RetryBulkSendPayload(row=None, retried_count=0, user_errors=[_no_bulk_send()])
        return RetryBulkSendPayload(
            row=retried.bulk_send,
            retried_count=retried.count,
            user_errors=[UserError.of(error) for error in retried.errors],
        )


def _no_bulk_send() -> UserError:
    return not_found(["id"], "id is not a bulk send of this organization")
