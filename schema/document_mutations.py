"""The mutations of documents that were sent."""

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from bulksend.resolvers import amend_documents, remind_documents, void_documents
from bulksend.resolvers.document_selection import DocumentsResult
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types.info import Info
from bulksend.schema.types.inputs import (
    AmendDocumentsInput,
    AmendedDocumentInput,
    RemindDocumentsInput,
    VoidDocumentsInput,
)
from bulksend.schema.types.payloads import (
    AmendDocumentsPayload,
    RemindDocumentsPayload,
    UserError,
    VoidDocumentsPayload,
)


@strawberry.type
class DocumentMutations:
    """Fields of `Mutation` that concern documents."""

    @strawberry.mutation(
        description=(
            "Send a reminder to signers who were sent a document and have neither signed nor declined, at most once a "
            "day each. Requires the `documents.write` scope."
        )
    )
    async def remind_documents(
        self,
        info: Info,
        input: Annotated[RemindDocumentsInput, strawberry.argument(description="Input of `remindDocuments`.")],
    ) -> RemindDocumentsPayload | None:
        info.context.begin_mutation(Scope.DOCUMENTS_WRITE)
        result = await remind_documents.remind(info.context, input.bulk_send_id, arguments.given(input.document_ids))
        return RemindDocumentsPayload(row=result.bulk_send, reminded_count=result.count, user_errors=_errors(result))

    @strawberry.mutation(
        description=(
            "Take back documents that are neither signed nor declined: they become `CANCELLED`, and their links answer "
            "410. Requires the `documents.write` scope."
        )
    )
    async def void_documents(
        self,
        info: Info,
        input: Annotated[VoidDocumentsInput, strawberry.argument(description="Input of `voidDocuments`.")],
    ) -> VoidDocumentsPayload | None:
        info.context.begin_mutation(Scope.DOCUMENTS_WRITE)
        chosen = arguments.given(input.document_ids)
        result = await void_documents.void(info.context, input.bulk_send_id, chosen, input.reason, notify=input.notify)
        return VoidDocumentsPayload(row=result.bulk_send, voided_count=result.count, user_errors=_errors(result))

    @strawberry.mutation(
        description=(
            "Correct documents that are neither signed nor declined: each gets a new link, the old one says that it "
            "was replaced, and the document is sent again, outside the rate of bulk sends. "
            "Requires the `documents.write` scope."
        )
    )
    async def amend_documents(
        self,
        info: Info,
        input: Annotated[AmendDocumentsInput, strawberry.argument(description="Input of `amendDocuments`.")],
    ) -> AmendDocumentsPayload | None:
        info.context.begin_mutation(Scope.DOCUMENTS_WRITE)
        raw = [_amended(document) for document in input.documents]
        result = await amend_documents.amend(info.context, input.bulk_send_id, raw)
        return AmendDocumentsPayload(row=result.bulk_send, amended_count=result.count, user_errors=_errors(result))


def _amended(document: AmendedDocumentInput) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "documentId": document.document_id,
        "name": document.name,
        "email": document.email,
        "phone": document.phone,
        "message": document.message,
    }
    values = arguments.given(document.values)
    if values is not None:
        raw["values"] = [{"field": value.field, "value": value.value} for value in values]
    return {name: value for name, value in raw.items() if value is not UNSET}


def _errors(result: DocumentsResult) -> list[UserError]:
    return [UserError.of(error) for error in result.errors]
