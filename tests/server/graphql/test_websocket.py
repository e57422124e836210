"""GraphQL over WebSocket: the protocol, authentication and its duration, and the same rules as over HTTP."""

import asyncio
import hashlib
from typing import Any

import aiohttp
import pytest
from support.gateway import CREATE, RunningGateway, Sending, Tenant, create, new_api_key, new_tenant, running_gateway
from support.graphql_socket import FOLLOW, connect, initialised
from support.smtp.sink import Phase, SmtpSink

from bulksend.db import api_keys
from bulksend.db.pool import Pool
from bulksend.server.graphql import websocket
from bulksend.server.http.authentication import CHECK_SECONDS, POLL_SECONDS, UNPOLLED_SECONDS
from bulksend.server.http.json_body import LARGEST_BODY

VIEWER = "{ viewer { organization { name } } }"


async def processing(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> str:
    """Create a bulk send that stays PROCESSING because the reply to its mail is held, and return its id."""
    sink.hold(Phase.MESSAGE)
    payload = await create(gateway, tenant, waitForDelivery=False)
    return str(payload["bulkSend"]["id"])


async def test_follows_a_bulk_send_to_its_end(
    delivering_gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    bulk_send = (await create(delivering_gateway, tenant, 3, waitForDelivery=False))["bulkSend"]["id"]
    async with initialised(delivering_gateway, tenant) as socket:
        await socket.subscribe("1", FOLLOW, {"id": bulk_send})
        first = await socket.receive()
        assert (first["id"], first["type"]) == ("1", "next")
        assert first["payload"]["data"]["bulkSend"]["status"] == "PROCESSING"
        await gate.reached()
        gate.open()
        while (message := await socket.receive())["type"] == "next":
            last = message["payload"]["data"]["bulkSend"]
        assert message == {"id": "1", "type": "complete"}
        assert (last["status"], last["sentCount"], last["pendingCount"]) == ("COMPLETED", 3, 0)


async def test_tells_of_what_is_not_there(gateway: RunningGateway, tenant: Tenant) -> None:
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", FOLLOW, {"id": "bs_nothing"})
        assert (await socket.receive())["payload"] == {"data": {"bulkSend": None}}
        assert await socket.receive() == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_go_too_each_with_its_own_context(
    delivering_gateway: RunningGateway, tenant: Tenant
) -> None:
    async with initialised(delivering_gateway, tenant) as socket:
        await socket.subscribe("q", VIEWER)
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"organization": {"name": "Acme"}}}}
        assert await socket.receive() == {"id": "q", "type": "complete"}
        await socket.subscribe("m", CREATE, Sending(tenant).variables)
        payload = (await socket.receive())["payload"]["data"]["createBulkSend"]
        assert payload["bulkSend"]["status"] == "COMPLETED"
        assert await socket.receive() == {"id": "m", "type": "complete"}
        # If the mutation's context were reused, its loader would return the bulk send from before.
        await delivering_gateway.pool.execute("UPDATE bulk_sends SET name = 'Renamed'")
        await socket.subscribe("m", "query($id: ID!) { bulkSend(id: $id) { name } }", {"id": payload["bulkSend"]["id"]})
        assert (await socket.receive())["payload"] == {"data": {"bulkSend": {"name": "Renamed"}}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": FOLLOW, "variables": {}}, "BAD_USER_INPUT"),
        ({"query": FOLLOW, "variables": []}, "BAD_REQUEST"),
        ({"query": 3}, "BAD_REQUEST"),
        (None, "BAD_REQUEST"),
        ({"query": "{" + " ".join(f"a{n}: __typename" for n in range(100)) + "}"}, "QUERY_TOO_COMPLEX"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_what_is_refused_is_an_error_with_its_code(
    gateway: RunningGateway, tenant: Tenant, payload: Any, code: str
) -> None:
    async with initialised(gateway, tenant) as socket:
        await socket.send("subscribe", id="1", payload=payload)
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == code
        # The id can be used again, and the socket is still open.
        await socket.subscribe("1", VIEWER)
        assert (await socket.receive())["type"] == "next"


async def test_a_missing_scope_is_an_error(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    key = await new_api_key(pool, tenant.organization_id, "templates.read")
    async with initialised(gateway, Tenant(tenant.organization_id, key, tenant.template_id)) as socket:
        await socket.subscribe("1", FOLLOW, {"id": "bs_nothing"})
        message = await socket.receive()
        assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN", "requiredScope": "bulk_sends.read"}


async def test_operations_count_as_requests(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, requests_per_minute=1) as gateway, initialised(gateway, tenant) as socket:
        await socket.subscribe("1", VIEWER)
        assert [(await socket.receive())["type"] for _ in range(2)] == ["next", "complete"]
        await socket.subscribe("2", VIEWER)
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_persisted_queries_go_too(gateway: RunningGateway, tenant: Tenant) -> None:
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(VIEWER.encode()).hexdigest()}}
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", VIEWER, extensions=persisted)
        assert [(await socket.receive())["type"] for _ in range(2)] == ["next", "complete"]
        await socket.send("subscribe", id="2", payload={"extensions": persisted})
        assert (await socket.receive())["type"] == "next"


async def test_a_client_completes_an_operation(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    bulk_send = await processing(gateway, tenant, sink)
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", FOLLOW, {"id": bulk_send})
        assert (await socket.receive())["type"] == "next"
        await socket.send("complete", id="1")
        await socket.send("complete", id="unknown")
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        await socket.send("pong")
        await socket.subscribe("1", VIEWER)
        assert (await socket.receive())["type"] == "next"


async def test_an_id_is_used_once_at_a_time(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    bulk_send = await processing(gateway, tenant, sink)
    async with initialised(gateway, tenant) as socket:
        for _ in range(2):
            await socket.subscribe("1" * 200, FOLLOW, {"id": bulk_send})
        assert await socket.closed() == 4409


async def test_operations_at_a_time_are_limited(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MOST_OPERATIONS", 2)
    bulk_send = await processing(gateway, tenant, sink)
    async with initialised(gateway, tenant) as socket:
        for operation in ("1", "2"):
            await socket.subscribe(operation, FOLLOW, {"id": bulk_send})
            assert (await socket.receive())["type"] == "next"
        await socket.subscribe("3", VIEWER)
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("3", "error")
        await socket.send("complete", id="1")
        await socket.subscribe("3", VIEWER)
        assert (await socket.receive())["type"] == "next"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}], 4401),
        ([{"type": "connection_init", "payload": {"authorization": "Bearer isk_wrong"}}], 4401),
        ([{"type": "connection_init"}], 4401),
        ([{"type": "connection_init", "payload": 3}], 4400),
        ([{"type": "start"}], 4400),
        ([{}], 4400),
        ([[]], 4400),
        ([3], 4400),
    ],
)
async def test_refusals_close_the_socket(gateway: RunningGateway, messages: list[Any], code: int) -> None:
    async with connect(gateway) as socket:
        for message in messages:
            await socket.ws.send_json(message)
        assert await socket.closed() == code


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[" + "[]," * 200_000 + "[]]", "\ud800"])
async def test_what_is_not_json_closes_the_socket(gateway: RunningGateway, text: str) -> None:
    async with connect(gateway) as socket:
        await socket.ws.send_frame(text.encode("utf-8", "surrogatepass"), aiohttp.WSMsgType.TEXT)
        assert await socket.closed() in (4400, 1007)


async def test_binary_and_large_messages_close_the_socket(gateway: RunningGateway) -> None:
    async with connect(gateway) as socket:
        await socket.ws.send_bytes(b"{}")
        assert await socket.closed() == 4400
    async with connect(gateway) as socket:
        await socket.ws.send_str("x" * (LARGEST_BODY + 1))
        assert await socket.closed() == 1009


@pytest.mark.parametrize("message", [{"type": "subscribe", "payload": {}}, {"type": "complete", "id": 3}])
async def test_messages_must_have_their_id(gateway: RunningGateway, tenant: Tenant, message: Any) -> None:
    async with initialised(gateway, tenant) as socket:
        await socket.ws.send_json(message)
        assert await socket.closed() == 4400


async def test_is_initialised_once_and_in_time(
    gateway: RunningGateway, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with initialised(gateway, tenant) as socket:
        await socket.send("connection_init", payload={"authorization": f"Bearer {tenant.key}"})
        assert await socket.closed() == 4429
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
    async with connect(gateway) as socket:
        await socket.send("ping")
        assert await socket.closed() == 4408


async def test_the_key_may_come_with_the_upgrade(gateway: RunningGateway, tenant: Tenant) -> None:
    async with connect(gateway, headers=tenant.headers) as socket:
        await socket.send("connection_init")
        assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_speaks_one_protocol(gateway: RunningGateway, protocols: tuple[str, ...]) -> None:
    async with connect(gateway, protocols=protocols) as socket:
        assert await socket.closed() == 4406


@pytest.mark.parametrize("change", ["revoked_at = now()", "expires_at = now()"])
async def test_a_key_that_is_no_longer_good_ends_its_streams_within_a_second(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, change: str
) -> None:
    bulk_send = await processing(gateway, tenant, sink)
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", FOLLOW, {"id": bulk_send})
        assert (await socket.receive())["type"] == "next"
        await gateway.pool.execute(f"UPDATE api_keys SET {change} WHERE organization_id = $1", tenant.organization_id)
        # Allow another second for a busy machine.
        assert CHECK_SECONDS + max(POLL_SECONDS, UNPOLLED_SECONDS) < 1
        async with asyncio.timeout(2):
            assert await socket.closed() == 4401


async def test_a_key_revoked_meanwhile_starts_nothing(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    async with initialised(gateway, tenant) as socket:
        async with pool.acquire() as conn:
            for key in await api_keys.list_keys(conn, organization_id=tenant.organization_id):
                await api_keys.revoke(conn, organization_id=tenant.organization_id, key_id=key.id)
        gateway.parts.authenticator._remembered.clear()
        await socket.subscribe("1", VIEWER)
        assert await socket.closed() == 4401


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [(None, True), ("https://app.example.com", True), ("https://evil.example.com", False), ("null", False)],
)
async def test_pages_of_other_origins_are_kept_out(
    pool: Pool, dsn: str, sink: SmtpSink, origin: str | None, is_let_in: bool
) -> None:
    tenant = await new_tenant(pool)
    headers = {"Origin": origin} if origin else {}
    async with running_gateway(dsn, sink.url, cors_origins=("https://app.example.com",)) as gateway:
        if is_let_in:
            async with connect(gateway, headers=headers) as socket:
                await socket.initialise(tenant)
            async with connect(gateway, headers={"Origin": gateway.url}) as socket:
                await socket.initialise(tenant)
            return
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connect(gateway, headers=headers):
                pass
        assert refused.value.status == 403


async def test_a_client_that_goes_away_leaves_nothing_behind(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, caplog: pytest.LogCaptureFixture
) -> None:
    bulk_send = await processing(gateway, tenant, sink)
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", FOLLOW, {"id": bulk_send})
        assert (await socket.receive())["type"] == "next"
        socket.ws._writer.transport.abort()
    async with asyncio.timeout(5):
        while gateway.parts.gateway.notices._watchers:  # no event to wait for
            await asyncio.sleep(0.01)
    assert not caplog.records


async def test_sockets_are_told_that_the_gateway_stops(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, delivery=False) as gateway:
        bulk_send = (await create(gateway, tenant, waitForDelivery=False))["bulkSend"]["id"]
        session = aiohttp.ClientSession()
        idle = await session.ws_connect(f"{gateway.url}/graphql", protocols=("graphql-transport-ws",))
        following = await session.ws_connect(f"{gateway.url}/graphql", protocols=("graphql-transport-ws",))
        await following.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {tenant.key}"}})
        await following.receive_json()
        await following.send_json(
            {"type": "subscribe", "id": "1", "payload": {"query": FOLLOW, "variables": {"id": bulk_send}}}
        )
        await following.receive_json()
        codes = [asyncio.create_task(_close_code(socket)) for socket in (idle, following)]
    assert await asyncio.gather(*codes) == [1001, 1001]
    await session.close()


async def _close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async for _ in socket:
        pass
    return socket.close_code
