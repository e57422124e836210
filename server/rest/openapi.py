"""The OpenAPI 3.1 document of the REST API, generated from its models."""

from functools import cache
from importlib.metadata import version
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from bulksend.db import ids
from bulksend.resolvers.bulk_sends import MAXIMUM_PAGE
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS, CreateBulkSendInput, SignerInput
from bulksend.resolvers.pages import CURSOR_LENGTH, DEFAULT_PAGE
from bulksend.resolvers.viewer import Scope
from bulksend.server.rest import problems
from bulksend.server.rest.archives import SIGNED_ZIP
from bulksend.server.rest.bulk_sends import BULK_SEND, BULK_SENDS, WARNINGS
from bulksend.server.rest.documents import AMEND, REMIND, VOID, AmendDocuments, RemindDocuments, VoidDocuments
from bulksend.server.rest.models import (
    BulkSendPage,
    OneBulkSend,
    OneChangedDocuments,
    OneCreatedBulkSend,
    OneDryRun,
    ProblemDetails,
)
from bulksend.server.rest.openapi_examples import BULK_SEND_ID, CREATE, CREATED, DETAILS, PAGE, TEMPLATE_ID
from bulksend.server.rest.openapi_parts import HEADERS, Part, answer, ref, refusals
from bulksend.server.rest.request import IDEMPOTENCY_KEY, STATUSES

_SHOWN: Final[tuple[type[BaseModel], ...]] = (
    BulkSendPage,
    OneBulkSend,
    OneChangedDocuments,
    OneCreatedBulkSend,
    OneDryRun,
    ProblemDetails,
)


_CURSOR: Final[Part] = {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{{CURSOR_LENGTH}}}$"}


class CreateBulkSend(CreateBulkSendInput):
    """One template for 1–500 signers."""

    # Validation checks signers separately, so the input model has no type for them.
    template_id: Annotated[
        str, Field(pattern=ids.pattern(ids.TEMPLATE), description="Template to use.", examples=[TEMPLATE_ID])
    ]
    signers: Annotated[
        list[SignerInput],
        Field(min_length=1, max_length=MAXIMUM_SIGNERS, description="Array of signer objects."),
    ]
    model_config = ConfigDict(json_schema_extra={"examples": [CREATE]})


_TAKEN: Final = (CreateBulkSend, RemindDocuments, VoidDocuments, AmendDocuments)


class _Untitled(GenerateJsonSchema):
    """Omits titles of fields, which would repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def document() -> Part:
    """Return the OpenAPI document, the same object each time."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bulksend",
            "version": version("bulksend"),
            "summary": "One call, up to 500 signers, a document and a signing link each.",
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}],
        "paths": {
            BULK_SENDS: {"get": _list(), "post": _create()},
            BULK_SEND: {"parameters": [_id()], "get": _get(), "delete": _delete()},
            SIGNED_ZIP: {"parameters": [_id()], "get": _download()},
            REMIND: {"parameters": [_id()], "post": _remind()},
            VOID: {"parameters": [_id()], "post": _void()},
            AMEND: {"parameters": [_id()], "post": _amend()},
        },
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key, `isk_…`, with scopes."}
            },
            "headers": HEADERS,
            "schemas": _schemas(),
        },
    }


def _list() -> Part:
    parameters = [
        _parameter("query", "cursor", "Pagination cursor: `meta.nextCursor` of the page before.", _CURSOR),
        _parameter(
            "query",
            "limit",
            "Items per page.",
            {"type": "integer", "minimum": 1, "maximum": MAXIMUM_PAGE, "default": DEFAULT_PAGE},
        ),
        _parameter("query", "status", "Only bulk sends in this state.", {"type": "string", "enum": list(STATUSES)}),
    ]
    responses = {
        "200": answer("A page, newest first.", schema="BulkSendPage", example=PAGE),
        **refusals(problems.INVALID_INPUT),
    }
    return _operation("listBulkSends", "List bulk sends", Scope.BULK_SENDS_READ, responses, parameters=parameters)


def _create() -> Part:
    parameters = [
        _parameter(
            "header",
            IDEMPOTENCY_KEY,
            "Made before the first try and sent with every retry: the same key with the same body gives the original "
            "and sends nothing twice.",
            {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~](?:[ -~]*[!-~])?$"},
        ),
        _parameter("header", "Prefer", "`respond-async` answers before delivery has ended.", {"type": "string"}),
    ]
    created = answer(
        "It is created; `status` is what was true when delivery had ended or the server stopped waiting for it.",
        "Location",
        "Idempotency-Replayed",
        "Preference-Applied",
        WARNINGS,
        schema="OneCreatedBulkSend",
        example=CREATED,
    )
    same = {"parameters": {"id": "$response.body#/data/id"}}
    created["links"] = {
        "get": {"operationId": "getBulkSend", **same},
        "delete": {"operationId": "deleteBulkSend", **same},
    }
    responses = {
        "200": answer("With `dryRun`: what a create would do. Nothing is stored or sent.", schema="OneDryRun"),
        "201": created,
        **refusals(
            problems.MALFORMED,
            problems.NOT_FOUND,
            problems.IDEMPOTENCY_KEY_REUSED,
            problems.PAYLOAD_TOO_LARGE,
            problems.UNSUPPORTED_MEDIA_TYPE,
            problems.INVALID_INPUT,
            problems.BULK_SEND_RATE,
        ),
    }
    return _operation(
        "createBulkSend",
        "Create a bulk send",
        Scope.BULK_SENDS_CREATE,
        responses,
        "Creates individual documents from a template for each signer and sends them immediately. "
        "One bulk send per 5 minutes per organization.",
        parameters=parameters,
        requestBody={
            "required": True,
            "content": {"application/json": {"schema": ref("schemas", "CreateBulkSend"), "example": CREATE}},
        },
    )


def _get() -> Part:
    responses = {
        "200": answer("Details and progress.", schema="OneBulkSend", example=DETAILS),
        **refusals(problems.NOT_FOUND),
    }
    return _operation("getBulkSend", "Get bulk send status", Scope.BULK_SENDS_READ, responses)


def _delete() -> Part:
    responses = {"204": answer("It is gone."), **refusals(problems.NOT_FOUND)}
    summary = "Soft-deletes the bulk send and all associated documents."
    return _operation("deleteBulkSend", "Delete a bulk send", Scope.BULK_SENDS_DELETE, responses, summary)


def _download() -> Part:
    archive = answer("A ZIP file: `manifest.json` with the SHA-256 of every sealed PDF, then the PDFs.")
    archive["content"] = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    responses = {"200": archive, **refusals(problems.NOT_FOUND)}
    return _operation("downloadSealedPdfs", "Download the sealed PDFs of a bulk send", Scope.DOCUMENTS_READ, responses)


def _remind() -> Part:
    description = (
        "Sends a reminder to signers who were sent a document and have neither signed nor declined, at most once a day."
    )
    return _change("remindDocuments", "Remind signers", description, "RemindDocuments")


def _void() -> Part:
    description = "Takes back documents that are neither signed nor declined; their links answer 410 from then on."
    return _change("voidDocuments", "Void documents", description, "VoidDocuments")


def _amend() -> Part:
    description = (
        "Corrects documents that are neither signed nor declined, each with a new link, and sends them again. "
        "Nothing is changed if any of them has a problem."
    )
    return _change("amendDocuments", "Amend documents", description, "AmendDocuments")


def _change(name: str, summary: str, description: str, schema: str) -> Part:
    responses = {
        "200": answer("The number of documents that were changed.", schema="OneChangedDocuments"),
        **refusals(
            problems.MALFORMED,
            problems.NOT_FOUND,
            problems.PAYLOAD_TOO_LARGE,
            problems.UNSUPPORTED_MEDIA_TYPE,
            problems.INVALID_INPUT,
        ),
    }
    content = {"application/json": {"schema": ref("schemas", schema)}}
    body = {"required": True, "content": content}
    return _operation(name, summary, Scope.DOCUMENTS_WRITE, responses, description, requestBody=body)


def _operation(name: str, summary: str, scope: Scope, responses: Part, description: str = "", **more: Any) -> Part:
    text = f"{description} Needs the scope `{scope.value}`.".strip()
    return {"operationId": name, "summary": summary, "description": text, **more, "responses": responses}


def _parameter(where: str, name: str, description: str, schema: Part) -> Part:
    return {"in": where, "name": name, "description": description, "schema": schema}


def _id() -> Part:
    schema = {"type": "string", "pattern": ids.pattern(ids.BULK_SEND), "examples": [BULK_SEND_ID]}
    return {**_parameter("path", "id", "The id of a bulk send.", schema), "required": True}


def _schemas() -> Part:
    _, parts = models_json_schema(
        [*((model, "validation") for model in _TAKEN), *((model, "serialization") for model in _SHOWN)],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    return dict(parts["$defs"])
