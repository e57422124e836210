"""Refusals of the REST API: keys, scopes, rate limits, methods, headers."""

import json
import re

import pytest
from support.gateway import RunningGateway, Tenant, create, new_api_key, new_tenant, running_gateway
from support.rest import UNKNOWN_ID, call, post, problem
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool


@pytest.fixture
def gateway(delivering_gateway: RunningGateway) -> RunningGateway:
    """A gateway whose creates wait until their mail was sent."""
    return delivering_gateway


async def test_a_key_is_needed(gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool)
    for authorization in (None, "Bearer isk_nonsense", f"Basic {tenant.key}", f"Bearer isk_{'x' * 44}"):
        headers = {"Authorization": authorization} if authorization else {}
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/nonsense"), ("DELETE", f"/{UNKNOWN_ID}")):
            reply = await call(gateway, None, method, path, headers=headers)
            assert (reply.status, problem(reply)) == (401, "unauthenticated")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", "bulk_sends.read"),
        ("GET", "/nonsense", "bulk_sends.read"),
        ("POST", "", "bulk_sends.create"),
        ("DELETE", "/nonsense", "bulk_sends.delete"),
    ],
)
async def test_a_scope_is_needed(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, method: str, path: str, scope: str
) -> None:
    others = {"bulk_sends.read", "bulk_sends.create", "bulk_sends.delete", "documents.*", "templates.*"} - {scope}
    without = Tenant(tenant.organization_id, await new_api_key(pool, tenant.organization_id, *others), "")
    with_it = Tenant(tenant.organization_id, await new_api_key(pool, tenant.organization_id, scope), "")

    refused = await call(gateway, without, method, path)

    assert (refused.status, problem(refused)) == (403, "forbidden")
    assert refused.body["requiredScope"] == scope
    assert (await call(gateway, with_it, method, path)).status in (200, 404, 415)


async def test_a_scope_is_refused_before_the_request_rate(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool, "bulk_sends.read")
    async with running_gateway(dsn, sink.url, delivery=False, requests_per_minute=1) as gateway:
        await call(gateway, tenant, "GET")
        too_many = await call(gateway, tenant, "GET", "?limit=nonsense")
        no_scope = await call(gateway, tenant, "POST")

    assert (too_many.status, problem(too_many)) == (429, "too-many-requests")
    assert int(too_many.headers["Retry-After"]) >= 1
    assert (no_scope.status, no_scope.headers["RateLimit-Remaining"]) == (403, "0")


async def test_every_response_tells_the_rate_and_a_request_id(gateway: RunningGateway, tenant: Tenant) -> None:
    replies = [
        await call(gateway, tenant, "GET"),
        await call(gateway, tenant, "POST", data=b"{"),
        await call(gateway, tenant, "GET", "/nonsense"),
        await post(gateway, tenant),
        await call(gateway, tenant, "DELETE"),
        await call(gateway, tenant, "GET", "/x/y"),
        await call(gateway, tenant, "OPTIONS"),
        await call(gateway, tenant, "OPTIONS", f"/{UNKNOWN_ID}"),
        await gateway.get("/graphql", headers={**tenant.headers, "Accept": "image/png"}),
        await gateway.get("/graphql", headers=tenant.headers),
    ]

    for reply in replies:
        assert reply.headers["RateLimit-Limit"] == "1000000"
        assert 0 < int(reply.headers["RateLimit-Reset"]) <= 60
        assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["X-Request-Id"])
    remaining = [int(reply.headers["RateLimit-Remaining"]) for reply in replies]
    assert remaining == list(range(999_999, 999_999 - len(replies), -1)), "each is counted once"
    kept = await call(gateway, tenant, "GET", headers={"X-Request-Id": "mine-1"})
    replaced = await call(gateway, tenant, "GET", headers={"X-Request-Id": "not mine"})
    assert kept.headers["X-Request-Id"] == "mine-1"
    assert replaced.headers["X-Request-Id"] != "not mine"


@pytest.mark.parametrize(
    ("path", "wrong", "allowed"),
    [
        ("", "DELETE", {"GET", "HEAD", "OPTIONS", "POST"}),
        (f"/{UNKNOWN_ID}", "PUT", {"DELETE", "GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_methods(gateway: RunningGateway, tenant: Tenant, path: str, wrong: str, allowed: set[str]) -> None:
    refused = await call(gateway, tenant, wrong, path)
    options = await call(gateway, None, "OPTIONS", path)

    assert (refused.status, problem(refused)) == (405, "method-not-allowed")
    assert set(re.split(r",\s*", refused.headers["Allow"])) == allowed
    assert (options.status, set(options.headers["Allow"].split(", "))) == (204, allowed)


async def test_a_key_that_is_none_changes_nothing_about_a_method(gateway: RunningGateway) -> None:
    for method, status in (("DELETE", 405), ("OPTIONS", 204)):
        reply = await call(gateway, None, method, headers={"Authorization": "Bearer isk_nonsense"})
        assert reply.status == status
        assert "RateLimit-Limit" not in reply.headers


async def test_head_is_get_without_its_body(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await post(gateway, tenant)).body["data"]["id"]
    for path in ("", f"/{made}", "/nonsense"):
        get = await call(gateway, tenant, "GET", path)
        head = await call(gateway, tenant, "HEAD", path)
        assert (head.status, head.body) == (get.status, None)
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
        assert head.headers["Content-Type"] == get.headers["Content-Type"]


async def test_everything_under_api_is_a_problem(gateway: RunningGateway, tenant: Tenant) -> None:
    for path in ("/x/", "/x/y"):
        reply = await call(gateway, tenant, "GET", path)
        assert (reply.status, problem(reply)) == (404, "not-found")


async def test_what_nobody_expected_is_masked(
    gateway: RunningGateway, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    await create(gateway, tenant)
    await gateway.pool.execute("ALTER VIEW bulk_send_rows RENAME TO moved")
    try:
        reply = await call(gateway, tenant, "GET")
    finally:
        await gateway.pool.execute("ALTER VIEW moved RENAME TO bulk_send_rows")

    assert (reply.status, problem(reply)) == (500, "internal-error")
    assert reply.body["requestId"] == reply.headers["X-Request-Id"]
    assert reply.body["requestId"] in reply.body["detail"]
    assert "moved" not in json.dumps(reply.body)
    assert "relation" not in json.dumps(reply.body)
