"""Reading a GraphQL request from HTTP; malformed requests are refused with 4xx."""

import hashlib
import re
from typing import Any, Final, NamedTuple

from aiohttp import web

from bulksend.resolvers.errors import ErrorCode
from bulksend.server.http.json_body import RequestRefused, bad_request, parse_json, read_json

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


class GraphQLRequest(NamedTuple):
    """The parameters of one request, each of the right JSON type.

    `query` is None only if `sha256` names it. If both are given, `sha256` is the hash of `query`.
    """

    query: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None
    sha256: bytes | None = None


async def read_request(request: web.Request) -> GraphQLRequest:
    """Read a GET's query string or a POST's JSON body. Raise `RequestRefused`."""
    if request.method == "GET":
        return read_parameters(_query_string(request))
    if request.method == "POST":
        return read_parameters(await read_json(request))
    allowed = {"Allow": "GET, POST"}
    raise RequestRefused(405, ErrorCode.METHOD_NOT_ALLOWED, "GraphQL takes GET and POST.", allowed)


def read_parameters(data: Any) -> GraphQLRequest:
    """Read the parameters of GraphQL over HTTP. Raise `RequestRefused`."""
    if not isinstance(data, dict):
        raise bad_request("The body must be a JSON object; batches are not supported.")
    query = _optional(data, "query", str, "a GraphQL document")
    extensions = _optional(data, "extensions", dict, "an object")
    sha256 = _persisted_query(extensions or {})
    if not query and sha256 is None:
        raise bad_request("query must be a GraphQL document.")
    if query and sha256 is not None and hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest() != sha256:
        raise bad_request("extensions.persistedQuery.sha256Hash must be the SHA-256 of query.")
    return GraphQLRequest(
        query=query or None,
        variables=_optional(data, "variables", dict, "an object"),
        operation_name=_optional(data, "operationName", str, "a string"),
        extensions=extensions,
        sha256=sha256,
    )


def _query_string(request: web.Request) -> dict[str, Any]:
    # An empty parameter counts as absent: forms and some clients send parameters without a value.
    parameters: dict[str, Any] = {name: value for name, value in request.query.items() if value}
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = parse_json(parameters[name].encode("utf-8", "surrogatepass"), name)
    return parameters


def _persisted_query(extensions: dict[str, Any]) -> bytes | None:
    """Return the hash in Apollo's `persistedQuery: {version: 1, sha256Hash}`."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise bad_request("extensions.persistedQuery must have version 1.")
    sha256 = persisted.get("sha256Hash")
    if not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None:
        raise bad_request("extensions.persistedQuery.sha256Hash must be a SHA-256 in hexadecimal.")
    return bytes.fromhex(sha256)


def _optional(data: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = data.get(name)
    if value is not None and not isinstance(value, kind):
        raise bad_request(f"{name} must be {described} or null.")
    return value
