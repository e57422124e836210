"""Parsing the parameters of a GraphQL request: each must have the right type, or is refused by name."""

import hashlib
import json
from typing import Any

import pytest
from support.gateway import RunningGateway

from bulksend.server.graphql.request import read_parameters
from bulksend.server.http.json_body import RequestRefused

QUERY = "{ __typename }"
SHA256 = hashlib.sha256(QUERY.encode())


def persisted(sha256: Any, version: Any = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": sha256}}


def test_reads_every_parameter() -> None:
    extensions = {**persisted(SHA256.hexdigest().upper()), "more": 1}
    asked = read_parameters(
        {"query": QUERY, "variables": {"a": 1}, "operationName": "Q", "extensions": extensions, "unknown": 1}
    )
    assert (asked.query, asked.variables, asked.operation_name) == (QUERY, {"a": 1}, "Q")
    assert (asked.extensions, asked.sha256) == (extensions, SHA256.digest())


def test_null_is_the_same_as_left_out() -> None:
    nulls = {"variables": None, "operationName": None, "extensions": None}
    assert read_parameters({"query": QUERY, **nulls}) == read_parameters({"query": QUERY})


def test_a_hash_stands_for_its_query() -> None:
    asked = read_parameters({"extensions": persisted(SHA256.hexdigest())})
    assert (asked.query, asked.sha256) == (None, SHA256.digest())


@pytest.mark.parametrize(
    ("data", "about"),
    [
        (None, "body"),
        ([], "batches"),
        ([{"query": QUERY}], "batches"),
        ("x", "body"),
        ({}, "query"),
        ({"query": None}, "query"),
        ({"query": ""}, "query"),
        ({"query": 1}, "query"),
        ({"query": [QUERY]}, "query"),
        ({"query": QUERY, "variables": "{}"}, "variables"),
        ({"query": QUERY, "variables": [1]}, "variables"),
        ({"query": QUERY, "operationName": {}}, "operationName"),
        ({"query": QUERY, "extensions": []}, "extensions"),
        ({"query": QUERY, "extensions": {"persistedQuery": 1}}, "persistedQuery"),
        ({"query": QUERY, "extensions": persisted(SHA256.hexdigest(), 2)}, "version"),
        ({"query": QUERY, "extensions": persisted(SHA256.hexdigest(), "1")}, "version"),
        ({"extensions": persisted("0" * 65)}, "sha256Hash"),
        ({"extensions": persisted(None)}, "sha256Hash"),
        ({"query": "{ other }", "extensions": persisted(SHA256.hexdigest())}, "sha256Hash"),
    ],
)
def test_refuses_what_is_of_another_type(data: Any, about: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        read_parameters(data)
    assert (refused.value.status, refused.value.code) == (400, "BAD_REQUEST")
    assert about in refused.value.message


def test_hashes_what_is_no_unicode_text() -> None:
    with pytest.raises(RequestRefused):
        read_parameters({"query": "\ud800", "extensions": persisted("0" * 64)})


@pytest.mark.parametrize(
    "query", ["variables=", "operationName=", "extensions=", "variables=&operationName=&extensions="]
)
async def test_an_empty_parameter_of_a_get_is_as_not_given(gateway: RunningGateway, query: str) -> None:
    reply = await gateway.get(f"/graphql?query={{__typename}}&{query}")
    assert (reply.status, json.loads(reply.body)) == (200, {"data": {"__typename": "Query"}})


async def test_a_slash_at_the_end_redirects(gateway: RunningGateway) -> None:
    for path in ("/graphql/", "/api/v1/bulk-sends/", "/healthz/"):
        reply = await gateway.get(path, allow_redirects=False)
        assert (reply.status, reply.headers["Location"]) == (308, path.rstrip("/"))
        assert reply.headers["X-Request-Id"]
