"""Reading a GraphQL request from HTTP: every odd request has its own 4xx."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bulksend.resolvers.errors import ErrorCode
from bulksend.server.json_body import RequestRefused, bad_request, parse_json, read_json


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
        return _parameters(await read_json(request))
    allowed = {"Allow": "GET, POST"}
    raise RequestRefused(405, ErrorCode.METHOD_NOT_ALLOWED, "GraphQL takes GET and POST.", allowed)


def _query_string(request: web.Request) -> dict[str, Any]:
    parameters: dict[str, Any] = dict(request.query)
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = parse_json(parameters[name].encode("utf-8", "surrogatepass"), name)
    return parameters


def _parameters(data: Any) -> GraphQLRequest:
    if not isinstance(data, dict):
        raise bad_request("The body must be a JSON object; batches are not supported.")
    query = data.get("query")
    if not isinstance(query, str) or not query:
        raise bad_request("query must be a GraphQL document.")
    return GraphQLRequest(
        query=query,
        variables=_optional(data, "variables", dict, "an object"),
        operation_name=_optional(data, "operationName", str, "a string"),
        extensions=_optional(data, "extensions", dict, "an object"),
    )


def _optional(data: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = data.get(name)
    if value is not None and not isinstance(value, kind):
        raise bad_request(f"{name} must be {described} or null.")
    return value
