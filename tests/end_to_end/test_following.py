"""Subscribing to a bulk send: the current state first, then each change, no matter which process makes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from support.gateway import RunningGateway, Tenant, create, running_gateway
from support.processes import environment, running
from support.signing import open_form, post_form, signing_path
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool

WATCH = "subscription($id: ID!) { bulkSend(id: $id) { status sentCount failedCount pendingCount totalCount } }"
WATCH_SIGNERS = """
subscription($id: ID!) { bulkSend(id: $id, until: CLOSED) { viewedCount signedCount declinedCount } }
"""
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'listen%'"


class Following:
    """One WebSocket with one subscription."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def event(self) -> Any:
        """Return the next state, or None when the subscription is complete."""
        async with asyncio.timeout(20):
            message = await self._socket.receive_json()
        if message["type"] == "complete":
            return None
        assert message["type"] == "next", message
        return message["payload"]["data"]["bulkSend"]

    async def all(self) -> list[Any]:
        """Return all states until the subscription is complete."""
        events = []
        while (event := await self.event()) is not None:
            events.append(event)
        return events


@asynccontextmanager
async def following(
    gateway: RunningGateway, tenant: Tenant, bulk_send_id: str, query: str = WATCH
) -> AsyncIterator[Following]:
    async with gateway.session.ws_connect(f"{gateway.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {tenant.key}"}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        payload = {"query": query, "variables": {"id": bulk_send_id}}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
        yield Following(socket)


async def test_changes_come_from_whichever_process_makes_them(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    async with running_gateway(dsn, sink.url, delivery=False) as gateway:
        bulk_send_id = (await create(gateway, tenant, 30, waitForDelivery=False))["bulkSend"]["id"]
        async with following(gateway, tenant, bulk_send_id) as watched:
            assert (await watched.event())["pendingCount"] == 30
            async with running(["work"], environment(dsn, sink.url)):
                await gate.reached(1)
                gate.open()
                events = await watched.all()
    assert events[-1] == {
        "status": "COMPLETED",
        "sentCount": 30,
        "failedCount": 0,
        "pendingCount": 0,
        "totalCount": 30,
    }
    counts = [event["sentCount"] for event in events]
    assert counts == sorted(set(counts))


async def test_a_listener_that_is_killed_misses_nothing(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    gate = sink.hold(Phase.MESSAGE)
    async with running_gateway(dsn, sink.url, delivery=False) as gateway:
        bulk_send_id = (await create(gateway, tenant, 5, waitForDelivery=False))["bulkSend"]["id"]
        async with following(gateway, tenant, bulk_send_id) as watched, running(["work"], environment(dsn, sink.url)):
            assert (await watched.event())["pendingCount"] == 5
            await gate.reached(1)
            killed = await pool.fetch(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) AS listening")
            assert killed
            gate.open()
            assert (await watched.all())[-1]["status"] == "COMPLETED"


async def test_many_subscribers_cost_one_listening_connection(
    pool: Pool, gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    bulk_send_id = (await create(gateway, tenant, 3, waitForDelivery=False))["bulkSend"]["id"]

    async def watch() -> list[Any]:
        async with following(gateway, tenant, bulk_send_id) as watched:
            await watched.event()
            ready.release()
            return await watched.all()

    ready = asyncio.Semaphore(0)
    watching = [asyncio.create_task(watch()) for _ in range(50)]
    for _ in watching:
        await ready.acquire()
    assert len(await pool.fetch(LISTENERS)) == 1
    gate.open()
    for events in await asyncio.gather(*watching):
        assert events[-1]["sentCount"] == 3


async def test_signers_are_followed_until_the_last_has_answered(gateway: RunningGateway, tenant: Tenant) -> None:
    query = "query($id: ID!) { bulkSend(id: $id) { documents { nodes { id } } } }"
    bulk_send_id = (await create(gateway, tenant, 2))["bulkSend"]["id"]
    reply = await gateway.ask(tenant, query, {"id": bulk_send_id})
    first, second = [node["id"] for node in reply.data["bulkSend"]["documents"]["nodes"]]
    async with following(gateway, tenant, bulk_send_id, WATCH_SIGNERS) as watched:
        assert await watched.event() == {"viewedCount": 0, "signedCount": 0, "declinedCount": 0}
        path = await signing_path(gateway, tenant, first)
        form = await open_form(gateway, path)
        assert (await watched.event())["viewedCount"] == 1
        await post_form(gateway, path, form.signed())
        assert (await watched.event())["signedCount"] == 1
        path = await signing_path(gateway, tenant, second)
        await post_form(gateway, path, (await open_form(gateway, path)).declined())
        assert (await watched.all())[-1] == {"viewedCount": 2, "signedCount": 1, "declinedCount": 1}
