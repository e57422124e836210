"""The GraphQL endpoint over HTTP: media types, status codes, headers, and a specific 4xx for each malformed request."""

import io
import json
from typing import Any

import pytest
from support.gateway import CREATE, Reply, RunningGateway, Sending, Tenant, new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.server.http.json_body import LARGEST_BODY

GRAPHQL = "application/graphql-response+json"
VIEWER = "{ viewer { organization { name } } }"


async def post(
    gateway: RunningGateway, body: bytes, content_type: str | None = "application/json", **sent: str
) -> Reply:
    headers = {**sent, **({"Content-Type": content_type} if content_type else {})}
    skip = () if content_type else ("Content-Type",)
    options: dict[str, Any] = {"data": io.BytesIO(body), "headers": headers, "skip_auto_headers": skip}
    async with gateway.session.post(f"{gateway.url}/graphql", **options) as response:
        return Reply(response.status, response.headers, await response.json(content_type=None))


async def get(gateway: RunningGateway, *, headers: dict[str, str] | None = None, **parameters: str) -> Reply:
    async with gateway.session.get(f"{gateway.url}/graphql", params=parameters, headers=headers) as response:
        return Reply(response.status, response.headers, await response.json(content_type=None))


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "application/json", 400, "BAD_REQUEST"),
        (b"null", "application/json", 400, "BAD_REQUEST"),
        (b"3", "application/json", 400, "BAD_REQUEST"),
        (b'"x"', "application/json", 400, "BAD_REQUEST"),
        (b"[]", "application/json", 400, "BAD_REQUEST"),
        (b'[{"query":"{__typename}"}]', "application/json", 400, "BAD_REQUEST"),
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"\xff\xfe", "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","variables":{"a":NaN}}', "application/json", 400, "BAD_REQUEST"),
        (b"[" + b"[]," * 200_000 + b"[]]", "application/json", 413, "PAYLOAD_TOO_LARGE"),
        (b"[" * 100_000, "application/json", 400, "BAD_REQUEST"),
        (b'{"query":3}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":""}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","variables":[]}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","operationName":1}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","extensions":"x"}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}"}', None, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query":"{__typename}"}', "application/jsonx", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query":"{__typename}"}', "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query":"{__typename}"}', "application/json; charset=utf-16", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"query={__typename}", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query":"#' + b"x" * LARGEST_BODY + b'"}', "application/json", 413, "PAYLOAD_TOO_LARGE"),
    ],
)
async def test_refuses_odd_bodies(
    gateway: RunningGateway, body: bytes, content_type: str | None, status: int, code: str
) -> None:
    reply = await post(gateway, body, content_type)
    assert (reply.status, reply.error["extensions"]["code"]) == (status, code)
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", b"not gzip"), ("deflate", b"\0" * 20), ("nonsense", b'{"query":"{__typename}"}')]
)
async def test_refuses_bodies_that_are_not_encoded_as_they_say(
    gateway: RunningGateway, encoding: str, body: bytes
) -> None:
    reply = await post(gateway, body, **{"Content-Encoding": encoding})
    assert 400 <= reply.status < 500
    assert reply.error["extensions"]["code"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ __nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ('query ($a: Int!) { __type(name: "A") { name } a: __typename @skip(if: $a) }', "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_errors_before_execution_have_their_code_and_no_data(
    gateway: RunningGateway, query: str, code: str
) -> None:
    reply = await gateway.ask(None, query, headers={"Accept": GRAPHQL})
    assert reply.status == 400
    assert "data" not in reply.body
    assert reply.body["errors"][0]["extensions"]["code"] == code
    assert reply.headers["Content-Type"] == f"{GRAPHQL}; charset=utf-8"
    plain = await gateway.ask(None, query)
    assert (plain.status, plain.body) == (200, reply.body)


async def test_an_operation_that_is_not_there_is_not_executed(gateway: RunningGateway) -> None:
    reply = await gateway.ask(None, "query A { __typename }", operationName="B", headers={"Accept": GRAPHQL})
    assert (reply.status, reply.error["extensions"]["code"]) == (400, "OPERATION_RESOLUTION_FAILURE")


async def test_runs_the_named_operation(gateway: RunningGateway) -> None:
    reply = await gateway.ask(None, "query A { a: __typename } query B { b: __typename }", operationName="B")
    assert reply.data == {"b": "Query"}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"application/json;q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", "application/json"),
    ],
)
async def test_answers_in_the_media_type_that_is_accepted(
    gateway: RunningGateway, accept: str | None, media: str
) -> None:
    reply = await gateway.ask(None, "{ __typename }", headers={"Accept": accept} if accept else None)
    assert (reply.status, reply.headers["Content-Type"]) == (200, f"{media}; charset=utf-8")
    assert reply.headers["Vary"] == "Accept, Authorization"
    assert reply.headers["Cache-Control"] == "private, no-store"


async def test_what_cannot_be_accepted_is_406(gateway: RunningGateway) -> None:
    reply = await gateway.ask(None, "{ __typename }", headers={"Accept": "image/png"})
    assert (reply.status, reply.error["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")


async def test_queries_go_over_get(gateway: RunningGateway, tenant: Tenant) -> None:
    query = "query Q($n: Int) { bulkSends(first: $n) { totalCount } }"
    reply = await get(gateway, headers=tenant.headers, query=query, variables='{"n": 3}', operationName="Q")
    assert reply.data == {"bulkSends": {"totalCount": 0}}
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert (await get(gateway, headers=tenant.headers, query=query, variables="{")).status == 400
    assert (await get(gateway, headers=tenant.headers, query=query, variables="[]")).status == 400


async def test_mutations_never_go_over_get(gateway: RunningGateway, tenant: Tenant) -> None:
    variables = json.dumps(Sending(tenant).variables)
    reply = await get(gateway, headers=tenant.headers, query=CREATE, variables=variables)
    assert (reply.status, reply.error["extensions"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"] == "POST"
    assert await gateway.pool.fetchval("SELECT count(*) FROM bulk_sends") == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_405(gateway: RunningGateway, method: str) -> None:
    async with gateway.session.request(method, f"{gateway.url}/graphql", json={"query": "{__typename}"}) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, POST"
        assert (await response.json())["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


async def test_subscriptions_say_where_they_go(gateway: RunningGateway, tenant: Tenant) -> None:
    reply = await gateway.ask(tenant, 'subscription { bulkSend(id: "bs_x") { id } }', headers={"Accept": GRAPHQL})
    assert (reply.status, reply.error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert "graphql-transport-ws" in reply.error["message"]


async def test_nobody_may_ask_for_the_schema_alone(gateway: RunningGateway) -> None:
    assert (await gateway.ask(None, "{ ...F } fragment F on Query { __schema { queryType { name } } }")).data
    for query in (
        VIEWER,
        "{ ...F } fragment F on Query { viewer { organization { name } } }",
        "{ __typename ... { viewer { apiKey { id } } } }",
    ):
        reply = await gateway.ask(None, query, headers={"Accept": GRAPHQL})
        assert (reply.status, reply.error["extensions"]["code"]) == (401, "UNAUTHENTICATED")
        assert "data" not in reply.body
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="bulksend"'


async def test_a_wrong_key_is_told_before_anything_else(gateway: RunningGateway) -> None:
    reply = await post(gateway, b"not JSON", Authorization="Bearer isk_wrong", Accept=GRAPHQL)
    assert (reply.status, reply.error["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="bulksend"'


async def test_too_many_requests_are_429(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, requests_per_minute=1) as gateway:
        assert (await gateway.ask(tenant, VIEWER)).headers["RateLimit-Remaining"] == "0"
        reply = await gateway.ask(tenant, VIEWER, headers={"Accept": GRAPHQL})
        assert (reply.status, reply.error["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert int(reply.headers["Retry-After"]) > 0
        assert (await gateway.ask(tenant, VIEWER)).status == 200


async def test_a_missing_scope_leaves_the_rest_of_the_data(gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool, "templates.read")
    reply = await gateway.ask(
        tenant, "{ bulkSends { totalCount } templates { totalCount } }", headers={"Accept": GRAPHQL}
    )
    assert reply.status == 200
    assert reply.body["data"] == {"bulkSends": None, "templates": {"totalCount": 1}}
    assert reply.error["extensions"] == {"code": "FORBIDDEN", "requiredScope": "bulk_sends.read"}


async def test_shows_the_cost_to_who_asks(gateway: RunningGateway, tenant: Tenant) -> None:
    query = "{ bulkSends(first: 10) { nodes { id } } }"
    assert "extensions" not in (await gateway.ask(tenant, query)).body
    reply = await gateway.ask(tenant, query, headers={"X-GraphQL-Cost": "1"})
    assert reply.body["extensions"] == {"cost": {"requested": 12, "maximum": 20_000}}


async def test_nobody_is_asked_for_a_key_before_anything_else(gateway: RunningGateway, tenant: Tenant) -> None:
    for query in ("{ nothing }", "{ viewer { nothing } }", "{ " + "__typename " * 2_000 + "}"):
        reply = await gateway.ask(None, query, headers={"Accept": GRAPHQL})
        assert (reply.status, reply.error["extensions"]["code"]) == (401, "UNAUTHENTICATED")
        assert reply.headers["WWW-Authenticate"]
    assert (await gateway.ask(tenant, "{ nothing }")).error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert (await gateway.ask(tenant, "{ " + "__typename " * 2_000 + "}")).data


async def test_introspection_and_suggestions_can_be_switched(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    misspelt = "{ viewr { organization { name } } }"
    async with running_gateway(dsn, sink.url, introspection=False, suggestions=True) as gateway:
        reply = await gateway.ask(None, "{ __schema { queryType { name } } }")
        assert reply.body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert (await gateway.ask(None, "{ __typename }")).data == {"__typename": "Query"}
        assert "Did you mean 'viewer'" in (await gateway.ask(tenant, misspelt)).error["message"]
    async with running_gateway(dsn, sink.url) as gateway:
        assert (await gateway.ask(None, "{ __schema { queryType { name } } }")).data
        assert "Did you mean" not in (await gateway.ask(tenant, misspelt)).error["message"]
