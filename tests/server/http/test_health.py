"""Endpoints for operators: liveness, readiness and metrics."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from conftest import clone
from support.gateway import RunningGateway, Tenant, create, running_gateway
from support.smtp.sink import SmtpSink


@pytest.fixture
async def own_dsn(server_dsn: str, worker_name: str) -> AsyncIterator[str]:
    """A database that the test may damage."""
    async with clone(server_dsn, f"bulksend_health_{worker_name}") as dsn:
        yield dsn


async def readiness(gateway: RunningGateway) -> tuple[int, dict[str, object]]:
    async with gateway.session.get(f"{gateway.url}/readyz") as response:
        return response.status, await response.json()


async def test_is_alive_and_ready(gateway: RunningGateway) -> None:
    async with gateway.session.get(f"{gateway.url}/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "alive"})
    assert await readiness(gateway) == (200, {"status": "ready"})


async def test_is_not_ready_while_migrations_are_pending(own_dsn: str, sink: SmtpSink) -> None:
    async with running_gateway(own_dsn, sink.url) as gateway:
        latest = await gateway.pool.fetchval("DELETE FROM schema_migrations WHERE version > 1 RETURNING version")
        assert latest > 1
        status, told = await readiness(gateway)
        assert status == 503
        assert told["status"] == "not ready"
        assert "run bulksend migrate" in str(told["problem"])


async def test_is_not_ready_on_a_newer_database(own_dsn: str, sink: SmtpSink) -> None:
    async with running_gateway(own_dsn, sink.url) as gateway:
        await gateway.pool.execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'future')")
        status, told = await readiness(gateway)
        assert status == 503
        assert "9999" in str(told["problem"])


async def test_is_not_ready_without_its_database(own_dsn: str, sink: SmtpSink, dsn: str) -> None:
    async with running_gateway(own_dsn, sink.url) as gateway:
        name = await gateway.pool.fetchval("SELECT current_database()")
        assert await readiness(gateway) == (200, {"status": "ready"})
        conn = await asyncpg.connect(dsn)
        try:
            await conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            await conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            assert await readiness(gateway) == (
                503,
                {"status": "not ready", "problem": "the database cannot be reached"},
            )
            async with gateway.session.get(f"{gateway.url}/healthz") as response:
                assert response.status == 200

            await conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            async with asyncio.timeout(10):
                while (await readiness(gateway))[0] != 200:  # polled over HTTP
                    await asyncio.sleep(0.05)
        finally:
            await conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await conn.close()


async def test_metrics_are_prometheus_text(gateway: RunningGateway, tenant: Tenant) -> None:
    await create(gateway, tenant, 2, waitForDelivery=False)
    reply = await gateway.get("/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE bulksend_" in reply.body
    assert "@example.com" not in reply.body


async def test_needs_no_key_and_takes_no_other_method(gateway: RunningGateway) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        async with gateway.session.head(f"{gateway.url}{path}") as response:
            assert response.status == 200
        async with gateway.session.post(f"{gateway.url}{path}") as response:
            assert response.status == 405
            assert response.headers["X-Request-Id"]
