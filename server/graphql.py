"""The GraphQL view: one operation a request, over GET or POST."""

import json
from collections.abc import Mapping
from typing import Any, Final

import structlog
from aiohttp import web
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import DomainError, ErrorCode
from bulksend.schema.build import Schema
from bulksend.server import graphiql
from bulksend.server.admission import Admission, challenge
from bulksend.server.graphql_request import GraphQLRequest, read_request
from bulksend.server.json_body import RequestRefused
from bulksend.server.negotiation import GRAPHQL_RESPONSE, JSON, media_type, wants_html

log = structlog.get_logger(__name__)

# The status of a response without data, where the media type allows one. Plain JSON always says 200: Apollo
# Client takes anything else for a network error and throws the reason away.
_STATUS: Final = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL_SERVER_ERROR: 500,
}


class GraphQLView:
    """Answers `/graphql`."""

    def __init__(
        self,
        *,
        schema: Schema,
        admission: Admission,
        show_graphiql: bool = False,
        graphiql_key: str | None = None,
        graphiql_template: str | None = None,
    ) -> None:
        self._schema = schema
        self._admission = admission
        self._graphiql_key = graphiql_key
        self._graphiql_template = graphiql_template
        self._show_graphiql = show_graphiql

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, always with JSON unless a browser asks for the explorer."""
        if self._show_graphiql and _asks_for_page(request):
            return graphiql.page(self._graphiql_key, self._graphiql_template)
        accepted = media_type(request.headers.get("Accept"))
        try:
            if accepted is None:
                message = f"The answer is {GRAPHQL_RESPONSE} or {JSON}; accept one of them."
                raise RequestRefused(406, ErrorCode.NOT_ACCEPTABLE, message)
            return _respond(await self._answer(request), accepted)
        except RequestRefused as refused:
            body = _errors(refused.message, {"code": refused.code.value})
            return _json_response(body, refused.status, accepted or JSON, refused.headers)

    async def _answer(self, request: web.Request) -> "_Answer":
        try:
            context = await self._admit(request)
        except DomainError as refusal:
            return _refusal(refusal)
        asked = await read_request(request)
        result = await self._execute(request.method, asked, context)
        return _Answer(_body(result), _headers(context))

    async def _admit(self, request: web.Request) -> Context:
        """Let the request in. Nobody is let in too: what nobody may ask, the schema refuses."""
        admitted = await self._admission.admit(request)
        if admitted.refusal is not None:
            raise admitted.refusal
        return self._admission.context(request, admitted)

    async def _execute(self, method: str, asked: GraphQLRequest, context: Context) -> ExecutionResult:
        allowed = {OperationType.QUERY} if method == "GET" else {OperationType.QUERY, OperationType.MUTATION}
        try:
            return await self._schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=asked.extensions,
            )
        except InvalidOperationTypeError as error:
            raise _wrong_operation(error.operation_type) from None
        except (CannotGetOperationTypeError, MissingQueryError):
            message = "operationName must name one of the operations."
            raise RequestRefused(400, ErrorCode.OPERATION_RESOLUTION_FAILURE, message) from None


class _Answer:
    """A GraphQL response and the headers that go with it."""

    def __init__(self, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self.body = body
        self.headers = headers or {}

    def status(self, media: str) -> int:
        if media == JSON or "data" in self.body:
            return 200
        return _STATUS.get(self.body["errors"][0]["extensions"]["code"], 400)


def _respond(answer: _Answer, media: str) -> web.Response:
    return _json_response(answer.body, answer.status(media), media, answer.headers)


def _json_response(body: dict[str, Any], status: int, media: str, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        text=json.dumps(body, separators=(",", ":")),
        status=status,
        content_type=media,
        charset="utf-8",
        headers={"Vary": "Accept, Authorization", "Cache-Control": "private, no-store", **headers},
    )


def _body(result: ExecutionResult) -> dict[str, Any]:
    errors = [_formatted(error) for error in result.errors or ()]
    if not errors:
        return {"data": result.data}
    if result.data is None and all("path" not in error for error in errors):
        return {"errors": errors}
    return {"errors": errors, "data": result.data}


def _formatted(error: GraphQLError) -> dict[str, Any]:
    formatted: dict[str, Any] = dict(error.formatted)
    formatted.setdefault("extensions", {}).setdefault("code", ErrorCode.INTERNAL_SERVER_ERROR.value)
    return formatted


def _headers(context: Context) -> dict[str, str]:
    return {} if context.retry_after is None else {"Retry-After": str(context.retry_after)}


def _refusal(refusal: DomainError) -> _Answer:
    return _Answer(_errors(refusal.message, refusal.extensions), challenge(refusal))


def _errors(message: str, extensions: dict[str, Any]) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": extensions}]}


def _wrong_operation(kind: OperationType) -> RequestRefused:
    if kind is OperationType.SUBSCRIPTION:
        message = "Subscriptions go over a WebSocket with the subprotocol graphql-transport-ws."
        return RequestRefused(400, ErrorCode.BAD_REQUEST, message)
    message = "Mutations need POST."
    return RequestRefused(405, ErrorCode.METHOD_NOT_ALLOWED, message, {"Allow": "POST"})


def _asks_for_page(request: web.Request) -> bool:
    return request.method == "GET" and "query" not in request.query and wants_html(request.headers.get("Accept"))
