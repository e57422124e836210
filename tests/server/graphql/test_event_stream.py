"""Operations as server-sent events, by the GraphQL over SSE protocol."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from support.gateway import RunningGateway, Tenant, create, new_api_key, new_tenant, running_gateway
from support.graphql_socket import FOLLOW
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool
from bulksend.server.graphql import event_stream, streaming

ACCEPT = "text/event-stream"
COMPLETE = ("complete", None)


class Events:
    """Reads a stream event by event, as graphql-sse does."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> tuple[str, Any]:
        """Return the name of the next event and its data."""
        while (block := await self.block()) == ":":
            pass
        event, data = block.split("\n")
        assert event.startswith("event: ")
        assert data.startswith("data: ")
        text = data.removeprefix("data: ")
        return event.removeprefix("event: "), json.loads(text) if text else None

    async def result(self) -> Any:
        """Return the result of the next event, which must be a result."""
        event, data = await self.next()
        assert event == "next"
        return data

    async def block(self) -> str:
        """Return the next event or comment as written."""
        block = await asyncio.wait_for(self.response.content.readuntil(b"\n\n"), 10)
        return block.decode().removesuffix("\n\n")

    async def is_over(self) -> bool:
        return await asyncio.wait_for(self.response.content.read(), 10) == b""


@asynccontextmanager
async def ask(
    gateway: RunningGateway, key: str | None, query: str, variables: Any = None, method: str = "POST", **more: Any
) -> AsyncIterator[Events]:
    headers = {"Accept": ACCEPT, **({"Authorization": f"Bearer {key}"} if key else {})}
    if method == "GET":
        sent: Any = {"params": {"query": query, "variables": json.dumps(variables or {})}}
    else:
        sent = {"json": {"query": query, "variables": variables, **more}}
    async with gateway.session.request(method, f"{gateway.url}/graphql", headers=headers, **sent) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "Content-Encoding" not in response.headers
        yield Events(response)


@asynccontextmanager
async def follow(
    gateway: RunningGateway, tenant: Tenant, bulk_send: str, method: str = "POST"
) -> AsyncIterator[Events]:
    async with ask(gateway, tenant.key, FOLLOW, {"id": bulk_send}, method) as events:
        assert events.response.headers["X-Accel-Buffering"] == "no"
        yield events


async def processing(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> str:
    sink.hold(Phase.MESSAGE)
    return str((await create(gateway, tenant, waitForDelivery=False))["bulkSend"]["id"])


def test_a_result_is_one_line() -> None:
    written = event_stream.write_whole({"data": {"name": "one\r\ntwo"}})
    assert written == b'event: next\ndata: {"data":{"name":"one\\r\\ntwo"}}\n\nevent: complete\ndata: \n\n'


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_follows_a_bulk_send_to_its_end(
    delivering_gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, method: str
) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    bulk_send = (await create(delivering_gateway, tenant, waitForDelivery=False))["bulkSend"]["id"]
    async with follow(delivering_gateway, tenant, bulk_send, method) as events:
        assert (await events.result())["data"]["bulkSend"]["status"] == "PROCESSING"
        await gate.reached()
        gate.open()
        assert (await events.result())["data"]["bulkSend"]["status"] == "COMPLETED"
        assert await events.next() == COMPLETE
        assert await events.is_over()


async def test_beats_while_nothing_happens(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.01)
    async with follow(gateway, tenant, await processing(gateway, tenant, sink)) as events:
        assert (await events.result())["data"]
        assert [await events.block(), await events.block()] == [":", ":"]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_query_has_one_result(gateway: RunningGateway, method: str) -> None:
    async with ask(gateway, None, "{ __typename }", method=method) as events:
        assert await events.next() == ("next", {"data": {"__typename": "Query"}})
        assert await events.next() == COMPLETE
        assert await events.is_over()


async def test_a_mutation_has_one_result(gateway: RunningGateway, tenant: Tenant) -> None:
    query = 'mutation { cancelBulkSend(input: { id: "bs_nothing" }) { userErrors { code } } }'
    async with ask(gateway, tenant.key, query) as events:
        assert (await events.result())["data"] == {"cancelBulkSend": {"userErrors": [{"code": "NOT_FOUND"}]}}
        assert await events.next() == COMPLETE


@pytest.mark.parametrize(
    ("query", "variables", "scope", "code"),
    [
        ("subscription { nothing }", {}, "*", "GRAPHQL_VALIDATION_FAILED"),
        ("{ nothing }", {}, "*", "GRAPHQL_VALIDATION_FAILED"),
        (FOLLOW, {}, "*", "BAD_USER_INPUT"),
        (FOLLOW, {"id": "bs_nothing"}, "templates.read", "FORBIDDEN"),
    ],
)
async def test_what_is_refused_is_an_event(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, query: str, variables: Any, scope: str, code: str
) -> None:
    key = await new_api_key(pool, tenant.organization_id, scope)
    async with ask(gateway, key, query, variables) as events:
        result = await events.result()
        assert result["errors"][0]["extensions"]["code"] == code
        assert "data" not in result
        assert await events.next() == COMPLETE


async def test_nobody_follows_anything(gateway: RunningGateway) -> None:
    for key in (None, "isk_nonsense"):
        async with ask(gateway, key, FOLLOW, {"id": "bs_nothing"}) as events:
            assert (await events.result())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert await events.next() == COMPLETE


async def test_a_persisted_query_that_is_unknown_is_an_event(gateway: RunningGateway, tenant: Tenant) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    async with ask(gateway, tenant.key, "", extensions=extensions) as events:
        assert (await events.result())["errors"][0]["message"] == "PersistedQueryNotFound"
        assert await events.next() == COMPLETE


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [(b"{", "application/json", 400), (b"[]", "application/json", 400), (b"{}", "text/plain", 415)],
)
async def test_what_cannot_be_read_is_json(
    gateway: RunningGateway, body: bytes, content_type: str, status: int
) -> None:
    headers = {"Accept": ACCEPT, "Content-Type": content_type}
    async with gateway.session.post(f"{gateway.url}/graphql", data=body, headers=headers) as response:
        assert response.status == status
        assert (await response.json())["errors"]


async def test_a_mutation_over_get_is_refused(gateway: RunningGateway, tenant: Tenant) -> None:
    query = 'mutation { cancelBulkSend(input: { id: "bs_nothing" }) { userErrors { code } } }'
    headers = {**tenant.headers, "Accept": ACCEPT}
    async with gateway.session.get(f"{gateway.url}/graphql", params={"query": query}, headers=headers) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_a_revoked_key_ends_the_stream(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    async with follow(gateway, tenant, await processing(gateway, tenant, sink)) as events:
        assert (await events.result())["data"]
        await gateway.pool.execute("UPDATE api_keys SET revoked_at = now()")
        async with asyncio.timeout(2):
            last = await events.result()
        assert "data" not in last
        assert last["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await events.next() == COMPLETE
        assert await events.is_over()


async def test_a_client_that_goes_away_leaves_nothing_behind(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, caplog: pytest.LogCaptureFixture
) -> None:
    async with follow(gateway, tenant, await processing(gateway, tenant, sink)) as events:
        assert (await events.result())["data"]
        assert gateway.parts.gateway.notices._watchers
        connection = events.response.connection
        assert connection
        assert connection.transport
        connection.transport.abort()
    async with asyncio.timeout(5):
        while gateway.parts.gateway.notices._watchers:  # no event to wait for
            await asyncio.sleep(0.01)
    assert not caplog.records


async def test_ends_when_the_gateway_stops(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    session = aiohttp.ClientSession()
    async with running_gateway(dsn, sink.url, delivery=False) as gateway:
        bulk_send = (await create(gateway, tenant, waitForDelivery=False))["bulkSend"]["id"]
        payload = {"query": FOLLOW, "variables": {"id": bulk_send}}
        headers = {**tenant.headers, "Accept": ACCEPT}
        response = await session.post(f"{gateway.url}/graphql", json=payload, headers=headers)
        events = Events(response)
        assert (await events.result())["data"]
        ending = asyncio.create_task(events.result())
    assert (await ending)["errors"]
    assert await events.next() == COMPLETE
    await session.close()
