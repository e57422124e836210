"""Lists are read from a streaming replica, and from the primary while the replica is unavailable."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs
from support.gateway import RunningGateway, Tenant, create, new_tenant, running_gateway
from support.replica import running_primary, running_replica
from support.workers import eventually

from bulksend.db import read_replica
from bulksend.db.migrations import migrate
from bulksend.db.pool import Connection, Pool, open_pool, reading
from bulksend.db.read_replica import ReadReplica

OTHERS = "{ bulkSends { totalCount } documents { totalCount nodes { id } } templates { totalCount nodes { id } } }"


@pytest.fixture
async def primary(tmp_path: Path) -> AsyncIterator[str]:
    async with running_primary(tmp_path) as dsn:
        await migrate(dsn)
        yield dsn


@asynccontextmanager
async def gateway_with_replica(primary: str, replica: str) -> AsyncIterator[RunningGateway]:
    given: dict[str, Any] = {"database_url": primary, "database_read_url": replica, "statement_cache_size": 100}
    async with running_gateway(primary, "smtp://127.0.0.1:1", delivery=False, **given) as gateway:
        yield gateway


async def send(gateway: RunningGateway, tenant: Tenant, name: str) -> None:
    created = await create(gateway, tenant, name=name, waitForDelivery=False)
    assert created["userErrors"] == []


async def names(gateway: RunningGateway, tenant: Tenant) -> list[str]:
    listed = (await gateway.ask(tenant, "{ bulkSends { nodes { name } } }")).data["bulkSends"]
    return [node["name"] for node in listed["nodes"]]


async def readiness(gateway: RunningGateway) -> tuple[int, Any]:
    async with gateway.session.get(f"{gateway.url}/readyz") as response:
        return response.status, await response.json()


async def is_listed(gateway: RunningGateway, tenant: Tenant, name: str) -> bool:
    return name in await names(gateway, tenant)


async def is_ready_with_replica(gateway: RunningGateway) -> bool:
    return await readiness(gateway) == (200, {"status": "ready"})


@asynccontextmanager
async def replay_paused(replica: str) -> AsyncIterator[None]:
    conn = await asyncpg.connect(replica)
    await conn.execute("SELECT pg_wal_replay_pause()")
    await eventually(lambda: is_paused(conn))
    yield
    await conn.execute("SELECT pg_wal_replay_resume()")
    await conn.close()


async def is_paused(conn: Any) -> bool:
    state: str = await conn.fetchval("SELECT pg_get_wal_replay_pause_state()")
    return state == "paused"


async def test_lists_come_from_the_replica_and_while_it_is_away_from_the_primary(primary: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as replica_runs:
        replica = await replica_runs.enter_async_context(running_replica(primary, tmp_path))
        async with gateway_with_replica(primary, replica) as gateway:
            tenant = await new_tenant(gateway.pool)
            await send(gateway, tenant, "First")
            await eventually(lambda: is_listed(gateway, tenant, "First"))
            async with replay_paused(replica):
                await send(gateway, tenant, "Second")
                assert await names(gateway, tenant) == ["First"]
            await eventually(lambda: is_listed(gateway, tenant, "Second"))
            assert await readiness(gateway) == (200, {"status": "ready"})

            await replica_runs.aclose()
            await send(gateway, tenant, "Third")
            assert await names(gateway, tenant) == ["Third", "Second", "First"]
            others = (await gateway.ask(tenant, OTHERS)).data
            assert [others[name]["totalCount"] for name in ("bulkSends", "documents", "templates")] == [3, 3, 1]
            assert await readiness(gateway) == (200, {"status": "ready", "readReplica": "away"})

            await replica_runs.enter_async_context(running_replica(primary, tmp_path))
            await eventually(lambda: is_ready_with_replica(gateway))
            async with replay_paused(replica):
                await send(gateway, tenant, "Fourth")
                assert await names(gateway, tenant) == ["Third", "Second", "First"]


async def test_a_gateway_starts_while_the_replica_is_away(primary: str, tmp_path: Path) -> None:
    async with running_replica(primary, tmp_path) as replica:
        pass
    with capture_logs() as logged:
        async with gateway_with_replica(primary, replica) as gateway:
            tenant = await new_tenant(gateway.pool)
            await send(gateway, tenant, "First")
            assert await names(gateway, tenant) == ["First"]
            assert await readiness(gateway) == (200, {"status": "ready", "readReplica": "away"})
            async with running_replica(primary, tmp_path):
                await eventually(lambda: is_ready_with_replica(gateway))
                async with replay_paused(replica):
                    await send(gateway, tenant, "Second")
                    assert await names(gateway, tenant) == ["First"]
    told = [entry["event"] for entry in logged if "replica" in entry["event"]]
    assert told == ["the read replica is away: lists are read from the primary", "the read replica is back"]


async def test_what_the_replica_cancels_is_read_from_the_primary(
    primary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_replica, "REPLICA_SECONDS", 30.0)
    on_replica = asyncio.Event()

    async def read(conn: Connection) -> str:
        if await conn.fetchval("SELECT pg_is_in_recovery()"):
            on_replica.set()
            await conn.fetch("SELECT pg_sleep(20) FROM organizations")
        return str(await conn.fetchval("SELECT name FROM organizations"))

    async with (
        running_replica(primary, tmp_path) as replica,
        open_pool(primary) as primary_pool,
        open_pool(replica, min_size=0) as replica_pool,
    ):
        tenant = await new_tenant(primary_pool, name="Before")
        await eventually(lambda: has_organization(replica_pool))
        reader = ReadReplica(primary_pool, replica_pool, replica)
        with capture_logs() as logged:
            reading_it = asyncio.create_task(reader.read(reading, read))
            await on_replica.wait()
            # The row is updated while it is being read, and its old version is vacuumed.
            await primary_pool.execute("UPDATE organizations SET name = 'After' WHERE id = $1", tenant.organization_id)
            await primary_pool.execute("VACUUM organizations")
            assert await reading_it == "After"
        assert [entry["event"] for entry in logged] == [
            "the read replica cancelled a read, which is repeated on the primary"
        ]
        assert not reader.is_away


async def test_a_replica_that_hangs_costs_no_more_than_its_share_of_the_wait(
    primary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_replica, "REPLICA_SECONDS", 0.1)
    async with (
        running_replica(primary, tmp_path) as replica,
        open_pool(primary) as primary_pool,
        open_pool(replica, min_size=0) as replica_pool,
    ):

        async def read(conn: Connection) -> bool:
            is_replica: bool = await conn.fetchval("SELECT pg_is_in_recovery()")
            if is_replica:
                await conn.fetch("SELECT pg_sleep(20)")
            return is_replica

        assert await ReadReplica(primary_pool, replica_pool, replica).read(reading, read) is False


async def has_organization(pool: Pool) -> bool:
    found: bool = await pool.fetchval("SELECT EXISTS (SELECT FROM organizations)")
    return found
