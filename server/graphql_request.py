"""Reading a GraphQL request from HTTP: every odd body has its own 4xx."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from bulksend.resolvers.errors import ErrorCode
from bulksend.server.negotiation import JSON

LARGEST_BODY: Final = 2 * 1024 * 1024


class RequestRefused(Exception):
    """The request is not one that GraphQL over HTTP knows; answered with `status` whatever is accepted."""

    def __init__(self, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of one request, each of the right JSON type."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None


async def read_request(request: web.Request) -> GraphQLRequest:
    """Read a GET's query string or a POST's JSON body. Raises `RequestRefused`."""
    if request.method == "GET":
        return _parameters(_query_string(request))
    if request.method == "POST":
        _check_content_type(request)
        return _parameters(_json(await _body(request)))
    allowed = {"Allow": "GET, POST"}
    raise RequestRefused(405, ErrorCode.METHOD_NOT_ALLOWED, "GraphQL takes GET and POST.", allowed)


def _check_content_type(request: web.Request) -> None:
    charset = (request.charset or "utf-8").lower()
    if request.headers.get("Content-Type", "") and request.content_type == JSON and charset in ("utf-8", "utf8"):
        return
    message = "Send the request as Content-Type: application/json, in UTF-8."
    raise RequestRefused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        message = f"The body must have at most {LARGEST_BODY} bytes."
        raise RequestRefused(413, ErrorCode.PAYLOAD_TOO_LARGE, message) from None


def _query_string(request: web.Request) -> dict[str, Any]:
    parameters: dict[str, Any] = dict(request.query)
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = _json(parameters[name].encode("utf-8", "surrogatepass"), name)
    return parameters


def _json(text: bytes, name: str = "body") -> Any:
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        # ValueError covers what is not UTF-8, not JSON, or a number of too many digits.
        raise _bad(f"The {name} must be valid JSON in UTF-8.") from None


def _parameters(data: Any) -> GraphQLRequest:
    if not isinstance(data, dict):
        raise _bad("The body must be a JSON object; batches are not supported.")
    query = data.get("query")
    if not isinstance(query, str) or not query:
        raise _bad("query must be a GraphQL document.")
    return GraphQLRequest(
        query=query,
        variables=_optional(data, "variables", dict, "an object"),
        operation_name=_optional(data, "operationName", str, "a string"),
        extensions=_optional(data, "extensions", dict, "an object"),
    )


def _optional(data: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = data.get(name)
    if value is not None and not isinstance(value, kind):
        raise _bad(f"{name} must be {described} or null.")
    return value


def _bad(message: str) -> RequestRefused:
    return RequestRefused(400, ErrorCode.BAD_REQUEST, message)
