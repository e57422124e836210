"""Killing workers, PostgreSQL and the network at random: no mail is lost, and only mails in flight may be doubled."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from support.bulk_sends import Sent, addresses, bulk_send, create_for_new_organization, miscounted, pass_time
from support.forking import ForkedProcess
from support.smtp.sink import Phase, SmtpSink
from support.worker_processes import LEASE, worker_process
from support.workers import POLICY, delivery_to, eventually, running

from bulksend.db import ids, migrations
from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.pool import Pool, open_pool
from bulksend.delivery.recorder import MOST_UNRECORDED

CONNECTIONS = 5


@pytest.fixture(autouse=True)
async def closed_circuit(pool: Pool) -> AsyncIterator[None]:
    yield
    await pool.execute("DELETE FROM smtp_circuit")


async def end(process: ForkedProcess) -> None:
    """Ask a worker to end, and require exit status 0."""
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def is_gone(pool: Pool, sink: SmtpSink) -> bool:
    """Return whether everything that dead workers started has ended."""
    backends = await pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'worker'")
    return backends == 0 and sink.open_connections == 0


def mailed(sink: SmtpSink) -> Counter[UUID]:
    """Return how often each document's mail arrived; the Message-ID contains the document's id."""
    return Counter(ids.decode("doc", str(mail.parsed["Message-ID"])[1:].partition("@")[0]) for mail in sink.mails)


async def recorded(pool: Pool) -> set[UUID]:
    return {row["id"] for row in await pool.fetch("SELECT id FROM documents WHERE delivery_status = 'sent'")}


async def finish(pool: Pool, dsn: str, sink: SmtpSink, *sent: Sent) -> None:
    """Deliver what dead workers left, and check the results."""
    async with asyncio.timeout(30), delivery_to(sink, pool, dsn, connections=CONNECTIONS) as delivery:
        while any([(await bulk_send(pool, one)).pending_count for one in sent]):
            await delivery.worker.mend()
            await pass_time(pool, max(LEASE, POLICY.lease))
            while await delivery.worker.deliver_due():
                pass
    assert await recorded(pool) == set(mailed(sink))
    assert {(await bulk_send(pool, one)).status for one in sent} == {"completed"}
    async with pool.acquire() as conn:
        assert await miscounted(conn) == []


def doubled(sink: SmtpSink) -> Counter[UUID]:
    """Return how many duplicates of each document's mail arrived."""
    return Counter({document: times - 1 for document, times in mailed(sink).items() if times > 1})


async def mails_arrive(sink: SmtpSink, more: int) -> None:
    """Wait for this many more mails, or until no more arrive."""
    try:
        await sink.wait_for(len(sink.mails) + more, timeout=2)
    except TimeoutError:
        return


@pytest.mark.parametrize("seed", range(2))
async def test_killed_workers_lose_nothing_and_double_only_what_was_open(
    pool: Pool, dsn: str, sink: SmtpSink, seed: int
) -> None:
    chance = random.Random(seed)
    sent = [await create_for_new_organization(pool, addresses(size, f"{size}.example.com")) for size in (400, 100, 3)]
    open_at_kills: Counter[UUID] = Counter()
    for _ in range(5):
        before = mailed(sink)
        async with worker_process(dsn, sink) as process:
            await mails_arrive(sink, chance.randrange(60))
            await asyncio.sleep(chance.random() * 0.02)
            process.kill()
            await process.wait()
        await eventually(lambda: is_gone(pool, sink))
        unrecorded = set(mailed(sink) - before) - await recorded(pool)
        assert len(unrecorded) <= CONNECTIONS + MOST_UNRECORDED
        open_at_kills.update(unrecorded)
        await pass_time(pool, LEASE)

    await finish(pool, dsn, sink, *sent)

    assert doubled(sink) <= open_at_kills


async def test_workers_killed_among_others(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    chance = random.Random(3)
    sent = [await create_for_new_organization(pool, addresses(400, f"{name}.example.com")) for name in ("a", "b")]
    kills = 3
    async with AsyncExitStack() as stack:
        processes = await asyncio.gather(
            *(stack.enter_async_context(worker_process(dsn, sink)) for _ in range(kills + 1))
        )
        for process in processes[:kills]:
            await mails_arrive(sink, chance.randrange(10, 100))
            process.kill()
            await process.wait()
        await end(processes[-1])
    await eventually(lambda: is_gone(pool, sink))

    await finish(pool, dsn, sink, *sent)

    assert doubled(sink).total() <= kills * (CONNECTIONS + MOST_UNRECORDED)
    assert max(mailed(sink).values()) <= 2


async def test_a_rolling_restart_doubles_nothing(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    sent = []
    async with AsyncExitStack() as stack:

        async def start() -> ForkedProcess:
            return await stack.enter_async_context(worker_process(dsn, sink, rate=60))

        processes = [await start(), await start()]
        for name in "abc":
            sent.append(await create_for_new_organization(pool, addresses(200, f"{name}.example.com")))
            processes.append(await start())
            await mails_arrive(sink, 20)
            await end(processes.pop(0))
        await asyncio.gather(*(end(process) for process in processes))
    assert await pool.fetchval("SELECT count(*) FROM documents WHERE lease_id IS NOT NULL") == 0

    await finish(pool, dsn, sink, *sent)

    assert not doubled(sink)


async def test_postgres_killed_amid_delivery(tmp_path: Path, sink: SmtpSink) -> None:
    chance = random.Random(4)
    async with AsyncExitStack() as server:
        dsn = await server.enter_async_context(embedded_postgres(tmp_path))
        await migrations.migrate(dsn)
        async with open_pool(dsn) as pool, delivery_to(sink, pool, dsn, connections=CONNECTIONS) as delivery:
            sent = await create_for_new_organization(pool, addresses(500))
            async with running(delivery):
                for _ in range(2):
                    await mails_arrive(sink, chance.randrange(1, 80))
                    _kill_postmaster(tmp_path)
                    await server.aclose()
                    await asyncio.sleep(chance.random() * 0.1)
                    await server.enter_async_context(embedded_postgres(tmp_path))
                await mails_arrive(sink, 10)
            await finish(pool, dsn, sink, sent)
    # The worker survived and knew what it had sent.
    assert not doubled(sink)


async def test_postgres_crash_recovery_amid_delivery(tmp_path: Path, sink: SmtpSink) -> None:
    chance = random.Random(5)
    async with embedded_postgres(tmp_path) as dsn:
        await migrations.migrate(dsn)
        async with open_pool(dsn) as pool, delivery_to(sink, pool, dsn, connections=CONNECTIONS) as delivery:
            sent = await create_for_new_organization(pool, addresses(500))
            async with running(delivery):
                for _ in range(2):
                    await mails_arrive(sink, chance.randrange(1, 80))
                    # Killing one backend makes PostgreSQL close all connections and recover.
                    os.kill(await _backend_pid(pool), signal.SIGKILL)
                await mails_arrive(sink, 10)
            await finish(pool, dsn, sink, sent)
    assert not doubled(sink)


async def _backend_pid(pool: Pool) -> int:
    """Return the backend pid of a connection, once PostgreSQL has recovered from the last crash."""
    pids: list[int] = []

    async def is_known() -> bool:
        with suppress(asyncpg.PostgresError, OSError):
            pids.append(await pool.fetchval("SELECT pg_backend_pid()"))
        return bool(pids)

    await eventually(is_known)
    return pids[0]


async def test_the_network_cut_at_any_moment(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    chance = random.Random(6)
    cuts = 8
    policy = replace(POLICY, retry_delays=(0.01,) * 2 * cuts)
    sent = await create_for_new_organization(pool, addresses(400))
    async with delivery_to(sink, pool, dsn, policy, connections=CONNECTIONS) as delivery, running(delivery):
        for _ in range(cuts):
            await mails_arrive(sink, chance.randrange(1, 40))
            sink.drop(chance.choice([Phase.CONTENT, Phase.MESSAGE]), times=2, stored=chance.random() < 0.5)
            await sink.stop()
            await asyncio.sleep(chance.random() * 0.05)
            await sink.start()
        await eventually(lambda: _is_completed(pool, sent))
    await finish(pool, dsn, sink, sent)

    assert doubled(sink).total() <= cuts * (CONNECTIONS + 2)


def _kill_postmaster(home: Path) -> None:
    os.kill(int((home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


async def _is_completed(pool: Pool, *sent: Sent) -> bool:
    return {(await bulk_send(pool, one)).status for one in sent} == {"completed"}
