"""The GraphQL endpoint: one operation per request, over GET or POST; subscriptions over a WebSocket or as a stream."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from aiohttp import web
from multidict import CIMultiDict
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from bulksend.db.errors import UNAVAILABLE
from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import DomainError, ErrorCode, Unauthenticated, Unavailable, database_away
from bulksend.schema.build import Schema
from bulksend.server.graphql import event_stream, multipart
from bulksend.server.graphql.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    MULTIPART,
    media_type,
    stream_media_type,
    wants_html,
)
from bulksend.server.graphql.persisted_queries import PersistedQueries
from bulksend.server.graphql.request import GraphQLRequest, read_request
from bulksend.server.graphql.response import masked_errors, refusal_errors, result_body
from bulksend.server.graphql.streaming import StreamFormat, Streams
from bulksend.server.graphql.websocket import Sockets, wants_socket
from bulksend.server.http import json_codec
from bulksend.server.http.admission import Admission, challenge
from bulksend.server.http.cors import Origins
from bulksend.server.http.json_body import RequestRefused
from bulksend.server.http.request_ids import REQUEST_ID

COST_HEADER: Final = "X-GraphQL-Cost"

log = structlog.get_logger(__name__)

# The status of a response without data, where the media type allows one. With plain JSON it is always 200: Apollo
# Client treats everything else as a network error and discards the errors.
_STATUS: Final = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL_SERVER_ERROR: 500,
    # Asks the client to send the document; Apollo's servers use 200.
    ErrorCode.PERSISTED_QUERY_NOT_FOUND: 200,
}
# Copied into each response, which is cheaper than building the headers each time.
_HEADERS: Final = {
    media: CIMultiDict(
        {
            "Content-Type": f"{media}; charset=utf-8",
            "Vary": "Accept, Authorization",
            "Cache-Control": "private, no-store",
        }
    )
    for media in (GRAPHQL_RESPONSE, JSON, EVENT_STREAM)
}
_STREAM_FORMATS: Final = {EVENT_STREAM: event_stream.FORMAT, MULTIPART: multipart.FORMAT}
_OVER_GET: Final = frozenset({OperationType.QUERY})
_OVER_POST: Final = frozenset({OperationType.QUERY, OperationType.MUTATION})


class GraphQLView:
    """Answers `/graphql`."""

    def __init__(
        self,
        *,
        schema: Schema,
        admission: Admission,
        persisted_queries: PersistedQueries,
        origins: Origins,
        sockets: Sockets,
        streams: Streams,
        explorer: Callable[[web.Request], web.Response] | None = None,
    ) -> None:
        self._schema = schema
        self._admission = admission
        self._persisted_queries = persisted_queries
        self._origins = origins
        self._sockets = sockets
        self._streams = streams
        self._explorer = explorer

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Respond with JSON, a stream if the client accepts one, or the explorer if a browser requests a page."""
        if wants_socket(request):
            return await self._sockets.serve(request)
        if self._explorer and _asks_for_page(request):
            return self._explorer(request)
        accepted = media_type(request.headers.get("Accept"))
        try:
            return await self._answer(request, accepted)
        except DomainError as refused:
            return _respond({"errors": refusal_errors(refused)}, accepted or JSON, challenge(refused))
        except RequestRefused as refused:
            body = {"errors": refusal_errors(refused)}
            return _json_response(body, refused.status, accepted or JSON, refused.headers)
        except UNAVAILABLE as error:
            if request.transport is None:
                raise
            log.error("the database is away", error=type(error).__name__)
            away = database_away()
            return _respond({"errors": refusal_errors(away)}, accepted or JSON, challenge(away))
        except Exception:
            if request.transport is None:
                # The client has disconnected, so there is no response to send and no failure to log.
                raise
            log.exception("request failed")
            return _respond({"errors": masked_errors(request[REQUEST_ID])}, accepted or JSON, {})

    async def _answer(self, request: web.Request, accepted: str | None) -> web.StreamResponse:
        if request.method == "GET" and self._origins.could_be_forged(request):
            raise RequestRefused(400, ErrorCode.BAD_REQUEST, _FORGERY)
        context = await self._admit(request)
        if accepted is None:
            message = f"The answer is {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}; accept one of them."
            raise RequestRefused(406, ErrorCode.NOT_ACCEPTABLE, message)
        asked = await read_request(request)
        query = await self._persisted_queries.query(asked, context.viewer)
        try:
            result = await self._schema.execute(
                query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=_OVER_GET if request.method == "GET" else _OVER_POST,
                operation_extensions=asked.extensions,
            )
        except (CannotGetOperationTypeError, MissingQueryError):
            raise _no_operation() from None
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION and (written := _stream_format(request)):
                return await self._stream(request, query, asked, context, accepted, written)
            raise _wrong_operation(error.operation_type) from None
        if not isinstance(result, PreExecutionError):
            await self._persisted_queries.store(asked, context.viewer)
        body = result_body(result, with_cost=COST_HEADER in request.headers)
        if result.errors and _is_unavailable(result):
            # No field could be read, so the request as a whole should be retried.
            raise database_away()
        return _respond(body, accepted, _headers(result, context))

    async def _admit(self, request: web.Request) -> Context:
        """Authenticate and count the request. One without an API key is admitted; the schema refuses what needs one."""
        admitted = await self._admission.admit(request)
        if admitted.refusal is not None:
            raise admitted.refusal
        return self._admission.context(request, admitted)

    async def _stream(
        self,
        request: web.Request,
        query: str,
        asked: GraphQLRequest,
        context: Context,
        accepted: str,
        written: StreamFormat,
    ) -> web.StreamResponse:
        source = await self._schema.subscribe(
            query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            operation_extensions=asked.extensions,
        )
        sent = await self._streams.send(request, source, written)
        return sent if isinstance(sent, web.StreamResponse) else _respond(result_body(sent), accepted, {})


def _respond(body: dict[str, Any], media: str, headers: Mapping[str, str]) -> web.Response:
    status = _status(body, media)
    if media == EVENT_STREAM and status == 200:
        return _response(event_stream.write_whole(body), status, media, headers)
    return _json_response(body, status, media, headers)


def _status(body: dict[str, Any], media: str) -> int:
    if "data" in body:
        return 200
    code = body["errors"][0]["extensions"]["code"]
    if code == ErrorCode.SERVICE_UNAVAILABLE:
        # Of no interest to the caller's code but to retries and load balancers, whatever the media type.
        return 503
    return 200 if media in (JSON, EVENT_STREAM) else _STATUS.get(code, 400)


def _json_response(body: dict[str, Any], status: int, media: str, headers: Mapping[str, str]) -> web.Response:
    """Return JSON, also to a client that accepts events only: it reads no events from an error status."""
    return _response(json_codec.write(body), status, JSON if media == EVENT_STREAM else media, headers)


def _response(body: bytes, status: int, media: str, headers: Mapping[str, str]) -> web.Response:
    response = web.Response(body=body, status=status, headers=_HEADERS[media])
    if headers:
        response.headers.update(headers)
    return response


def _headers(result: ExecutionResult, context: Context) -> dict[str, str]:
    for error in result.errors or ():
        if isinstance(error.original_error, Unauthenticated | Unavailable):
            return challenge(error.original_error)
    return {} if context.retry_after is None else {"Retry-After": str(context.retry_after)}


_FORGERY: Final = (
    "This could be a forged request from another site. Send Apollo-Require-Preflight: true, or a Content-Type "
    "such as application/json."
)


def _no_operation() -> RequestRefused:
    message = "operationName must name one of the operations."
    return RequestRefused(400, ErrorCode.OPERATION_RESOLUTION_FAILURE, message)


def _wrong_operation(kind: OperationType) -> RequestRefused:
    if kind is OperationType.SUBSCRIPTION:
        message = (
            "Subscriptions go over a WebSocket with the subprotocol graphql-transport-ws, with Accept: "
            "text/event-stream, or over POST with Accept: multipart/mixed;subscriptionSpec=1.0."
        )
        return RequestRefused(400, ErrorCode.BAD_REQUEST, message)
    message = "Mutations need POST."
    return RequestRefused(405, ErrorCode.METHOD_NOT_ALLOWED, message, {"Allow": "POST"})


def _is_unavailable(result: ExecutionResult) -> bool:
    """Return whether the database was unavailable and every field is null."""
    data = result.data or {}
    return all(value is None for value in data.values()) and any(
        isinstance(error.original_error, Unavailable) for error in result.errors or ()
    )


def _stream_format(request: web.Request) -> StreamFormat | None:
    """Return the format of a subscription. Over GET only events, which EventSource and Hive Gateway use."""
    media = stream_media_type(request.headers.get("Accept"))
    if media is None or (request.method == "GET" and media != EVENT_STREAM):
        return None
    return _STREAM_FORMATS[media]


def _asks_for_page(request: web.Request) -> bool:
    return request.method == "GET" and "query" not in request.query and wants_html(request.headers.get("Accept"))
