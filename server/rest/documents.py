"""The REST endpoints for documents after they were sent: remind, void and amend."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar

from aiohttp import web
from pydantic import Field, ValidationError

from bulksend.db import ids
from bulksend.resolvers import amend_documents, remind_documents, void_documents
from bulksend.resolvers.context import Context
from bulksend.resolvers.document_selection import DocumentsResult
from bulksend.resolvers.inputs import DOCUMENT_ID, LINES_NOT_BLANK, MAXIMUM_SIGNERS, AmendedDocumentInput, Input
from bulksend.resolvers.model_errors import errors_of
from bulksend.resolvers.signing import REASON_LENGTH
from bulksend.resolvers.viewer import Scope
from bulksend.server.http.admission import Admission
from bulksend.server.http.json_body import bad_request, read_json
from bulksend.server.rest import problem_details
from bulksend.server.rest.bulk_sends import BULK_SEND, json_response, options
from bulksend.server.rest.models import ChangedDocuments, OneChangedDocuments

REMIND: Final = f"{BULK_SEND}/remind"
VOID: Final = f"{BULK_SEND}/void"
AMEND: Final = f"{BULK_SEND}/amend"

Body = TypeVar("Body", bound=Input)
DocumentIds = Annotated[
    Annotated[
        list[Annotated[str, Field(json_schema_extra=DOCUMENT_ID)]],
        Field(min_length=1, max_length=MAXIMUM_SIGNERS, json_schema_extra={"uniqueItems": True}),
    ]
    | None,
    Field(description=f"1–{MAXIMUM_SIGNERS} documents of the bulk send; every one that qualifies when left out."),
]


class RemindDocuments(Input):
    """The body of a request to remind signers."""

    document_ids: DocumentIds = None


class VoidDocuments(Input):
    """The body of a request to void documents."""

    document_ids: DocumentIds = None
    reason: Annotated[
        str,
        Field(
            description="Shown to whoever opens a link afterwards: 1–1000 characters.",
            # The rules of `void_documents`, which checks them.
            json_schema_extra={"minLength": 1, "maxLength": REASON_LENGTH, **LINES_NOT_BLANK},
        ),
    ]
    notify: Annotated[bool, Field(description="Whether everyone who was sent a document gets a mail about it.")] = False


class AmendDocuments(Input):
    """The body of a request to amend documents."""

    documents: Annotated[
        list[AmendedDocumentInput],
        Field(min_length=1, max_length=MAXIMUM_SIGNERS, description="Corrections of documents of the bulk send."),
    ]


def routes(admission: Admission) -> list[web.RouteDef]:
    """Return the routes of documents."""
    endpoints = _Documents(admission)
    answered = options(admission, "OPTIONS, POST")
    return [
        web.post(REMIND, endpoints.remind),
        web.options(REMIND, answered),
        web.post(VOID, endpoints.void),
        web.options(VOID, answered),
        web.post(AMEND, endpoints.amend),
        web.options(AMEND, answered),
    ]


class _Documents:
    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def remind(self, request: web.Request) -> web.Response:
        context, body = await self._enter(request)
        try:
            given = RemindDocuments.model_validate(body)
        except ValidationError as error:
            return problem_details.of_user_errors(request, errors_of(error))
        return _answer(request, await remind_documents.remind(context, _id(request), given.document_ids))

    async def void(self, request: web.Request) -> web.Response:
        context, body = await self._enter(request)
        try:
            given = VoidDocuments.model_validate(body)
        except ValidationError as error:
            return problem_details.of_user_errors(request, errors_of(error))
        result = await void_documents.void(context, _id(request), given.document_ids, given.reason, notify=given.notify)
        return _answer(request, result)

    async def amend(self, request: web.Request) -> web.Response:
        context, body = await self._enter(request)
        try:
            AmendDocuments.model_validate(body)
        except ValidationError as error:
            return problem_details.of_user_errors(request, errors_of(error))
        documents: Sequence[dict[str, Any]] = body["documents"]
        return _answer(request, await amend_documents.amend(context, _id(request), documents))

    async def _enter(self, request: web.Request) -> tuple[Context, dict[str, Any]]:
        context = await self._admission.enter(request, Scope.DOCUMENTS_WRITE)
        body = await read_json(request)
        if not isinstance(body, dict):
            raise bad_request("The body must be a JSON object.")
        return context, body


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _answer(request: web.Request, result: DocumentsResult) -> web.Response:
    if result.errors or result.bulk_send is None:
        return problem_details.of_user_errors(request, result.errors)
    shown = ChangedDocuments(id=ids.encode(ids.BULK_SEND, result.bulk_send.id), count=result.count)
    return json_response(OneChangedDocuments(data=shown))
