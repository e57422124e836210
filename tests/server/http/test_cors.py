"""Cross-origin requests: which pages may send requests and read responses, and which requests could be forged."""

from collections.abc import AsyncIterator

import pytest
from support.gateway import RunningGateway, Tenant, new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool

APP = "https://app.example.com"
EVIL = "https://evil.example.com"
QUERY = {"query": "{__typename}"}


@pytest.fixture
async def open_gateway(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    """A gateway that allows requests from pages of `APP`."""
    async with running_gateway(dsn, sink.url, cors_origins=(f"{APP}/",)) as running:
        yield running


def preflight(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }


@pytest.mark.parametrize("path", ["/graphql", "/api/v1/bulk-sends"])
async def test_an_allowed_page_is_let_in(open_gateway: RunningGateway, path: str) -> None:
    async with open_gateway.session.options(f"{open_gateway.url}{path}", headers=preflight(APP)) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == APP
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
        allowed = response.headers["Access-Control-Allow-Headers"].lower()
        for header in ("authorization", "content-type", "idempotency-key", "apollo-require-preflight"):
            assert header in allowed
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.headers["Vary"]


async def test_an_allowed_page_reads_every_answer(open_gateway: RunningGateway, tenant: Tenant) -> None:
    for headers in ({"Origin": APP}, {"Origin": APP, "Authorization": "Bearer isk_wrong"}):
        reply = await open_gateway.ask(None, "{ __typename }", headers=headers)
        assert reply.headers["Access-Control-Allow-Origin"] == APP
        assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
        assert reply.headers["Vary"] == "Accept, Authorization, Origin"


async def test_other_pages_are_not(open_gateway: RunningGateway, gateway: RunningGateway) -> None:
    for running in (open_gateway, gateway):
        async with running.session.options(f"{running.url}/graphql", headers=preflight(EVIL)) as response:
            assert response.status == 405
            assert "Access-Control-Allow-Origin" not in response.headers
        reply = await running.ask(None, "{ __typename }", headers={"Origin": EVIL})
        assert "Access-Control-Allow-Origin" not in reply.headers
    assert (await open_gateway.ask(None, "{ __typename }")).headers["Vary"] == "Accept, Authorization, Origin"


async def test_every_page_may_be_allowed(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    async with running_gateway(dsn, sink.url, cors_origins=("*",)) as gateway:
        reply = await gateway.ask(None, "{ __typename }", headers={"Origin": EVIL})
        assert reply.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # No browser, or an allowed page.
        ({}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": APP, "Sec-Fetch-Site": "cross-site"}, 200),
        # A page that is not allowed, with requests that need no preflight.
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Origin": EVIL}, 400),
        ({"Origin": "null"}, 400),
        ({"Origin": EVIL, "Content-Type": "text/plain"}, 400),
        ({"Origin": EVIL, "Content-Type": "multipart/form-data; boundary=a"}, 400),
        # The same page, with requests that need a preflight.
        ({"Origin": EVIL, "Content-Type": "application/json"}, 200),
        ({"Origin": EVIL, "Apollo-Require-Preflight": "true"}, 200),
        ({"Origin": EVIL, "X-Apollo-Operation-Name": "Q"}, 200),
    ],
)
async def test_requests_that_could_be_forged_are_refused(
    open_gateway: RunningGateway, headers: dict[str, str], status: int
) -> None:
    url = f"{open_gateway.url}/graphql"
    async with open_gateway.session.get(url, params=QUERY, headers=headers) as response:
        body = await response.json()
        assert response.status == status
    if status == 400:
        assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        assert "Apollo-Require-Preflight" in body["errors"][0]["message"]


async def test_a_key_cannot_be_sent_unasked(open_gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool)
    url, headers = f"{open_gateway.url}/graphql", {"Origin": EVIL, **tenant.headers}
    async with open_gateway.session.get(url, params=QUERY, headers=headers) as response:
        assert response.status == 200


async def test_headers_of_tracing_tools_and_configured_ones_are_allowed(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    origin = "https://app.example.com"
    async with running_gateway(dsn, sink.url, cors_origins=(origin,), cors_headers=("X-Datadog-Trace-Id",)) as gateway:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        async with gateway.session.options(f"{gateway.url}/graphql", headers=asked) as response:
            allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"traceparent", "tracestate", "baggage", "sentry-trace", "x-datadog-trace-id"} <= set(allowed)
