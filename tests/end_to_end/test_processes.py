"""Several processes on one database: consistent bulk sends from every gateway, also when processes are killed."""

import asyncio
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from support.gateway import CREATE, RunningGateway, Sending, Tenant, running_gateway
from support.processes import Process, asking, environment, running
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool

LIST = "{ bulkSends(first: 100) { nodes { id status totalCount sentCount failedCount pendingCount } } }"


class Cluster:
    """Several gateways on one database; `create` calls the one with the given index."""

    def __init__(self, processes: list[Process], session: aiohttp.ClientSession, reader: RunningGateway) -> None:
        self.processes = processes
        self.session = session
        self.reader = reader

    async def create(self, index: int, tenant: Tenant, count: int, **more: Any) -> Any:
        gateway = asking(self.processes[index], self.reader, self.session)
        reply = await gateway.ask(tenant, CREATE, Sending(tenant, count, more).variables)
        return reply.data["createBulkSend"]

    async def finished(self, tenant: Tenant, total: int) -> list[Any]:
        """Wait until nothing is pending in any of `total` bulk sends; the counts must add up in every response."""
        async with asyncio.timeout(60):
            while True:
                nodes = (await self.reader.ask(tenant, LIST)).data["bulkSends"]["nodes"]
                for node in nodes:
                    assert node["totalCount"] == node["sentCount"] + node["failedCount"] + node["pendingCount"]
                if len(nodes) == total and all(node["pendingCount"] == 0 for node in nodes):
                    return list(nodes)
                await asyncio.sleep(0.05)


@pytest.fixture
async def stack() -> Any:
    async with AsyncExitStack() as entered:
        yield entered


async def cluster(stack: AsyncExitStack, dsn: str, sink: SmtpSink, count: int, **settings: str) -> Cluster:
    reader = await stack.enter_async_context(running_gateway(dsn, sink.url, delivery=False))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    starting = [
        stack.enter_async_context(running(["serve"], environment(dsn, sink.url, **settings))) for _ in range(count)
    ]
    return Cluster([await one for one in starting], session, reader)


async def test_one_key_from_20_clients_at_3_gateways_is_one_bulk_send(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack
) -> None:
    three = await cluster(stack, dsn, sink, 3, BULK_SEND_INTERVAL="300")
    payloads = await asyncio.gather(*(three.create(n % 3, tenant, 10, idempotencyKey="once") for n in range(20)))
    assert {payload["bulkSend"]["id"] for payload in payloads if not payload["userErrors"]} == {
        payloads[0]["bulkSend"]["id"]
    }
    assert sorted(payload["replayed"] for payload in payloads) == [False] + [True] * 19
    assert {payload["bulkSend"]["status"] for payload in payloads} == {"COMPLETED"}
    assert len(sink.mails) == 10


async def test_of_20_creates_at_3_gateways_one_is_accepted(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack
) -> None:
    three = await cluster(stack, dsn, sink, 3, BULK_SEND_INTERVAL="300")
    payloads = await asyncio.gather(*(three.create(n % 3, tenant, 1, idempotencyKey=f"key {n}") for n in range(20)))
    codes = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    assert codes == {"RATE_LIMITED": 19}
    assert len(sink.mails) == 1


async def test_several_gateways_share_one_bulk_sends_mail(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack
) -> None:
    three = await cluster(stack, dsn, sink, 3)
    payload = await three.create(0, tenant, 500)
    assert payload["bulkSend"]["sentCount"] == 500
    assert len(sink.mails) == 500
    assert len({mail.recipients[0] for mail in sink.mails}) == 500
    # Each gateway has up to ten connections of its own.
    assert sink.most_connections > 10


async def test_sigterm_answers_what_is_true_and_hands_the_rest_on(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack
) -> None:
    first = await cluster(stack, dsn, sink, 1)
    gate = sink.hold(Phase.MESSAGE)
    waiting = asyncio.create_task(first.create(0, tenant, 50))
    await gate.reached(10)
    ending = asyncio.create_task(first.processes[0].ended(signal.SIGTERM))
    payload = await waiting
    assert payload["bulkSend"]["status"] == "PROCESSING"
    gate.open()
    assert await ending == 0
    # Mails whose content was being sent were completed and recorded.
    (row,) = (await first.reader.ask(tenant, LIST)).data["bulkSends"]["nodes"]
    assert (row["sentCount"], row["pendingCount"]) == (10, 40)

    second = await stack.enter_async_context(running(["work"], environment(dsn, sink.url)))
    await first.finished(tenant, 1)
    assert len(sink.mails) == 50
    assert len({mail.recipients[0] for mail in sink.mails}) == 50
    assert await second.ended(signal.SIGTERM) == 0


async def test_a_rolling_restart_under_load_doubles_nothing(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack
) -> None:
    group = await cluster(stack, dsn, sink, 2)
    creates = [asyncio.create_task(group.create(0, tenant, 300, waitForDelivery=False)) for _ in range(4)]
    await asyncio.gather(*creates)
    for index in range(2):
        old = group.processes[index]
        group.processes[index] = await stack.enter_async_context(running(["serve"], environment(dsn, sink.url)))
        assert await old.ended(signal.SIGTERM) == 0
    await group.finished(tenant, 4)
    assert len(sink.mails) == 1200
    message_ids = Counter(mail.parsed["Message-ID"] for mail in sink.mails)
    assert max(message_ids.values()) == 1


async def test_a_lease_shorter_than_the_mail_servers_answers_delivers(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack
) -> None:
    group = await cluster(stack, dsn, sink, 1, LEASE="1", SMTP_CONNECTIONS="3")
    gate = sink.hold(Phase.RCPT)
    await group.create(0, tenant, 9, waitForDelivery=False)
    await gate.reached(3)
    begun = await pool.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    while not await pool.fetchval("SELECT clock_timestamp() > to_timestamp($1)", begun + 1.5):
        await asyncio.sleep(0.05)
    gate.open()
    (node,) = await group.finished(tenant, 1)
    assert (node["sentCount"], node["failedCount"]) == (9, 0)
    assert len(sink.mails) == 9


async def test_a_client_that_hangs_up_stops_nothing(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, gateway: RunningGateway
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    asked = asyncio.create_task(gateway.ask(tenant, CREATE, Sending(tenant, 20).variables))
    await gate.reached(1)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    gate.open()
    await sink.wait_for(20)
    (node,) = await Cluster([], gateway.session, gateway).finished(tenant, 1)
    assert node["sentCount"] == 20


@pytest.mark.parametrize("seed", range(3))
async def test_kill_9_loses_nothing_and_doubles_only_what_was_in_flight(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stack: AsyncExitStack, seed: int
) -> None:
    chance = random.Random(seed)
    group = await cluster(stack, dsn, sink, 1, LEASE="3")
    accepted = {}
    killed_with = 0
    for number in range(4):
        key = f"key {number}"
        create = asyncio.create_task(group.create(0, tenant, 40, idempotencyKey=key))
        await asyncio.wait([create], timeout=chance.uniform(0.005, 0.25))
        before = len(sink.mails)
        await group.processes[0].ended(signal.SIGKILL)
        killed_with += 1
        await asyncio.gather(create, return_exceptions=True)
        assert before <= len(sink.mails)
        group.processes[0] = await stack.enter_async_context(running(["serve"], environment(dsn, sink.url, LEASE="3")))
        # The caller retries: the same key returns one bulk send, created now or before the crash.
        accepted[key] = (await group.create(0, tenant, 40, idempotencyKey=key, waitForDelivery=False))["bulkSend"]["id"]
    nodes = await group.finished(tenant, 4)
    assert {node["id"] for node in nodes} == set(accepted.values())
    assert {(node["sentCount"], node["failedCount"]) for node in nodes} == {(40, 0)}
    message_ids = Counter(mail.parsed["Message-ID"] for mail in sink.mails)
    assert len(message_ids) == 160
    # One kill can duplicate the mails on ten connections and up to twenty unrecorded results.
    assert sum(message_ids.values()) - 160 <= killed_with * 30
