"""Measure a thousand watchers: mails per second with and without them, and transactions per second when idle.

    .venv/bin/python tests/bench/watching.py [--watchers 1000] [--mails 2000]

One gateway process delivers to the minimal SMTP server. The watchers are subscriptions to four bulk sends from this
process, fifty over each WebSocket.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.delivery import drained, lean_sink
from support.bulk_sends import Sent, addresses, create
from support.gateway import Tenant, new_tenant
from support.processes import environment, running

from bulksend.db import ids
from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.migrations import migrate
from bulksend.db.pool import Pool, open_pool

PER_SOCKET: Final = 50
# Autovacuum's transactions would be counted too, at unpredictable times.
QUIET: Final = {"autovacuum": "off"}
SENDS: Final = 4
IDLE_SECONDS: Final = 20.0
# Sessions report their transactions up to ten seconds later (PostgreSQL's PGSTAT_IDLE_INTERVAL).
REPORTING_SECONDS: Final = 20.0
WATCH: Final = "subscription($id: ID!) { bulkSend(id: $id) { status sentCount failedCount pendingCount totalCount } }"
HOLD: Final = "UPDATE documents SET next_attempt_at = clock_timestamp() + interval '1 hour'"
GO: Final = "UPDATE documents SET next_attempt_at = clock_timestamp() WHERE delivery_status = 'pending'"
VIEWER: Final = "{ viewer { apiKey { id } } }"
TRANSACTIONS: Final = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


async def prepared(pool: Pool, tenant: Tenant, mails: int) -> list[Sent]:
    """Create four bulk sends whose mail is not sent yet."""
    template_id = ids.decode(ids.TEMPLATE, tenant.template_id)
    async with pool.acquire() as conn, conn.transaction():
        sent = [
            await create(conn, tenant.organization_id, template_id, addresses(mails // SENDS)) for _ in range(SENDS)
        ]
        await conn.execute(HOLD)
        await conn.execute("DELETE FROM delivery_turns")
    return sent


@asynccontextmanager
async def watching(url: str, tenant: Tenant, sent: list[Sent], watchers: int) -> AsyncIterator[None]:
    """Watch the bulk sends within the block."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        tasks = [
            asyncio.create_task(
                _watch(await stack.enter_async_context(_socket(session, url)), tenant, sent, PER_SOCKET)
            )
            for _ in range(watchers // PER_SOCKET)
        ]
        await asyncio.sleep(3)
        yield
        for task in tasks:
            task.cancel()


def _socket(session: aiohttp.ClientSession, url: str) -> Any:
    return session.ws_connect(f"{url}/graphql", protocols=["graphql-transport-ws"])


async def _watch(socket: aiohttp.ClientWebSocketResponse, tenant: Tenant, sent: list[Sent], count: int) -> None:
    await socket.send_json({"type": "connection_init", "payload": {"authorization": f"Bearer {tenant.key}"}})
    await socket.receive()
    for number in range(count):
        payload = {"query": WATCH, "variables": {"id": _id(sent[number % len(sent)].id)}}
        await socket.send_json({"id": str(number), "type": "subscribe", "payload": payload})
    while True:
        await socket.receive()


def _id(bulk_send_id: UUID) -> str:
    return ids.encode(ids.BULK_SEND, bulk_send_id)


class Speed(NamedTuple):
    """Mails per second, and milliseconds of the gateway's processor time per mail."""

    mails: float
    milliseconds: float


async def delivered(pool: Pool, tenant: Tenant, mails: int, pid: int) -> Speed:
    """Start delivery, and return the speed of the gateway."""
    await pool.execute(GO)
    await pool.execute(
        "INSERT INTO delivery_turns (organization_id, due_at) VALUES ($1, now())", tenant.organization_id
    )
    await pool.execute("SELECT pg_notify('bulksend', 'work')")
    started, used = time.perf_counter(), processor_seconds(pid)
    await drained(pool)
    seconds = time.perf_counter() - started
    return Speed(mails / seconds, (processor_seconds(pid) - used) / mails * 1000)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def transactions(pool: Pool) -> float:
    """Return the transactions per second while idle, without the two that read the counter."""
    await asyncio.sleep(REPORTING_SECONDS)
    before = await pool.fetchval(TRANSACTIONS)
    await asyncio.sleep(IDLE_SECONDS)
    return float((await pool.fetchval(TRANSACTIONS)) - before - 1) / IDLE_SECONDS


async def ask(url: str, tenant: Tenant) -> None:
    """Send one request: for the next minute the gateway polls whether the key was revoked, with or without watchers."""
    async with (
        aiohttp.ClientSession(headers=tenant.headers) as session,
        session.post(f"{url}/graphql", json={"query": VIEWER}) as response,
    ):
        assert response.status == 200


async def main(watchers: int, mails: int) -> None:
    """Measure with and without the watchers, and print."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = await stack.enter_async_context(embedded_postgres(home / "postgres", settings=QUIET))
        await migrate(dsn)
        port = await stack.enter_async_context(lean_sink())
        pool = await stack.enter_async_context(open_pool(dsn))
        settings = environment(dsn, f"smtp://127.0.0.1:{port}", SEALING="off")
        process = await stack.enter_async_context(running(["serve"], settings))
        tenant = await new_tenant(pool)
        for _ in range(3):
            await prepared(pool, tenant, mails)
            idle = await transactions(pool)
            await ask(process.url, tenant)
            asked_idle = await transactions(pool)
            alone = await delivered(pool, tenant, mails, process.process.pid)
            sent = await prepared(pool, tenant, mails)
            async with watching(process.url, tenant, sent, watchers):
                watched_idle = await transactions(pool)
                watched = await delivered(pool, tenant, mails, process.process.pid)
            ratio = watched.mails / alone.mails
            print(f"mails a second: {alone.mails:.0f} alone, {watched.mails:.0f} with {watchers}, ratio {ratio:.2f}")
            print(f"ms of processor time a mail: {alone.milliseconds:.2f} alone, {watched.milliseconds:.2f} with them")
            print(
                f"transactions a second while idle: {idle:.1f}, {asked_idle:.1f} within a minute of a request, "
                f"{watched_idle:.1f} with the watchers: {watched_idle - asked_idle:.1f} more",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--mails", type=int, default=2000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.watchers, arguments.mails))
