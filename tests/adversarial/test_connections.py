"""Hostile connections: slow ones, many idle ones, and ones that ask for too much at once."""

import asyncio
import json
from dataclasses import replace

import aiohttp
import pytest
from support.gateway import RunningGateway, Tenant
from support.graphql_socket import connect, initialised

from bulksend.server.http import json_body

IDLE = 1_000
SLOW = 100


async def open_raw(gateway: RunningGateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def test_a_body_that_trickles_in_is_given_up(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "BODY_SECONDS", 0.2)
    head = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    opened = [await open_raw(gateway) for _ in range(SLOW)]
    for _, writer in opened:
        writer.write(head)
    # Other requests are answered meanwhile.
    assert (await gateway.ask(None, "{ __typename }")).data
    for reader, writer in opened:
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert answer.startswith(b"HTTP/1.1 408 ")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        writer.close()


async def test_a_thousand_idle_sockets_hold_up_nobody(gateway: RunningGateway, tenant: Tenant) -> None:
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    many = replace(gateway, session=session)
    tasks_before = len(asyncio.all_tasks())
    async with session, asyncio.TaskGroup() as group:
        leave = asyncio.Event()
        ready = asyncio.Semaphore(0)

        async def idle() -> None:
            async with connect(many) as socket:
                await socket.initialise(tenant)
                ready.release()
                await leave.wait()

        for _ in range(IDLE):
            group.create_task(idle())
        for _ in range(IDLE):
            await asyncio.wait_for(ready.acquire(), 60)
        # Per connection, one task of this test and two of aiohttp in the gateway; no task polls for idle connections.
        assert len(asyncio.all_tasks()) - tasks_before <= 3 * IDLE + 10
        assert (await gateway.ask(tenant, "{ viewer { apiKey { name } } }")).data
        async with initialised(gateway, tenant) as socket:
            await socket.subscribe("1", "{ __typename }")
            assert (await socket.receive())["type"] == "next"
        leave.set()


async def test_a_flood_of_operations_on_one_socket_is_answered_in_bounds(
    gateway: RunningGateway, tenant: Tenant
) -> None:
    count = 500
    async with initialised(gateway, tenant) as socket:
        for number in range(count):
            await socket.subscribe(str(number), "{ viewer { apiKey { name } } }")
        ended = 0
        while ended < count:
            message = await socket.receive()
            ended += message["type"] in ("complete", "error")
        await socket.subscribe("after", "{ __typename }")
        assert (await socket.receive())["type"] == "next"
