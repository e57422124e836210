"""Subscriptions over HTTP by Apollo's multipart protocol."""

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
from bulksend.server.graphql import streaming

ACCEPT = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"


class Parts:
    """Reads a multipart body part by part, as Apollo Client does."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self._buffer = b""
        self.is_over = False

    async def next(self) -> Any:
        """Return the next part, or None at the end."""
        while (part := await self._part()) is not None:
            if part.strip():
                headers, _, body = part.partition(b"\r\n\r\n")
                assert headers.strip().lower() == b"content-type: application/json"
                return json.loads(body)
        return None

    async def _part(self) -> bytes | None:
        while b"\r\n--graphql" not in self._buffer:
            chunk = await asyncio.wait_for(self.response.content.readany(), 10)
            if not chunk:
                self.is_over = self._buffer == b"--\r\n"
                return None
            self._buffer += chunk
        part, _, self._buffer = self._buffer.partition(b"\r\n--graphql")
        return part


@asynccontextmanager
async def follow(gateway: RunningGateway, tenant: Tenant, bulk_send: str) -> AsyncIterator[Parts]:
    payload = {"query": FOLLOW, "variables": {"id": bulk_send}}
    headers = {**tenant.headers, "Accept": ACCEPT}
    async with gateway.session.post(f"{gateway.url}/graphql", json=payload, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
        yield Parts(response)


async def processing(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> str:
    sink.hold(Phase.MESSAGE)
    return str((await create(gateway, tenant, waitForDelivery=False))["bulkSend"]["id"])


async def test_follows_a_bulk_send_to_its_end(
    delivering_gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    bulk_send = (await create(delivering_gateway, tenant, waitForDelivery=False))["bulkSend"]["id"]
    async with follow(delivering_gateway, tenant, bulk_send) as parts:
        assert (await parts.next())["payload"]["data"]["bulkSend"]["status"] == "PROCESSING"
        await gate.reached()
        gate.open()
        assert (await parts.next())["payload"]["data"]["bulkSend"]["status"] == "COMPLETED"
        assert await parts.next() is None
        assert parts.is_over


async def test_beats_while_nothing_happens(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.01)
    async with follow(gateway, tenant, await processing(gateway, tenant, sink)) as parts:
        assert (await parts.next())["payload"]["data"]
        assert [await parts.next(), await parts.next()] == [{}, {}]


@pytest.mark.parametrize(
    ("query", "variables", "scope", "status", "code"),
    [
        ("subscription { nothing }", {}, "*", 400, "GRAPHQL_VALIDATION_FAILED"),
        (FOLLOW, {}, "*", 400, "BAD_USER_INPUT"),
        (FOLLOW, {"id": "bs_nothing"}, "templates.read", 403, "FORBIDDEN"),
    ],
)
async def test_what_is_refused_is_plain_json(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, query: str, variables: Any, scope: str, status: int, code: str
) -> None:
    key = await new_api_key(pool, tenant.organization_id, scope)
    asker = Tenant(tenant.organization_id, key, tenant.template_id)
    accept = "multipart/mixed;subscriptionSpec=1.0, application/graphql-response+json"
    reply = await gateway.ask(asker, query, variables, headers={"Accept": accept})
    assert (reply.status, reply.error["extensions"]["code"]) == (status, code)
    assert "data" not in reply.body


async def test_nobody_follows_anything(gateway: RunningGateway) -> None:
    reply = await gateway.ask(None, FOLLOW, {"id": "bs_nothing"}, headers={"Accept": ACCEPT})
    assert reply.error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_queries_are_answered_as_ever(gateway: RunningGateway) -> None:
    reply = await gateway.ask(None, "{ __typename }", headers={"Accept": ACCEPT})
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.data == {"__typename": "Query"}
    assert (await gateway.ask(None, "{", headers={"Accept": "multipart/mixed;subscriptionSpec=1.0"})).error


async def test_a_revoked_key_ends_the_stream(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    async with follow(gateway, tenant, await processing(gateway, tenant, sink)) as parts:
        assert (await parts.next())["payload"]["data"]
        await gateway.pool.execute("UPDATE api_keys SET revoked_at = now()")
        async with asyncio.timeout(2):
            last = await parts.next()
        assert last["payload"] is None
        assert last["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await parts.next() is None
        assert parts.is_over


async def test_a_client_that_goes_away_leaves_nothing_behind(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, caplog: pytest.LogCaptureFixture
) -> None:
    async with follow(gateway, tenant, await processing(gateway, tenant, sink)) as parts:
        assert (await parts.next())["payload"]["data"]
        assert gateway.parts.gateway.notices._watchers
        connection = parts.response.connection
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
        parts = Parts(response)
        assert (await parts.next())["payload"]["data"]
        ending = asyncio.create_task(parts.next())
    assert (await ending)["errors"]
    await session.close()
