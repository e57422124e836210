"""The limit on requests per minute and key: in one process, in several with a real Redis, and without Redis."""

import asyncio
import os
import shutil
import socket
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.gateway import new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.resolvers.viewer import Viewer
from bulksend.server.http import request_limit
from bulksend.server.http.request_limit import RequestLimit
from bulksend.server.settings import SettingsError

QUERY = "{ viewer { organization { id } } }"


@dataclass(slots=True)
class Redis:
    """A Redis server for this test."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running_redis(port: int) -> AsyncIterator[Redis]:
    process = await asyncio.create_subprocess_exec(
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        await _answers(port)
        yield Redis(port, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
async def redis(port: int) -> AsyncIterator[Redis]:
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("redis-server is not installed")
    async with running_redis(port) as running:
        yield running


def viewer(api_key_id: UUID | None = None) -> Viewer:
    return Viewer(uuid4(), "Acme", api_key_id or uuid4(), "Key", ("*",), frozenset(), None)


async def test_each_key_has_its_own_requests() -> None:
    limit = RequestLimit(requests_per_minute=2)
    alice, bob = viewer(), viewer()

    outcomes = [await limit.hit(alice) for _ in range(3)]
    assert [(allowance.remaining, refusal is None) for allowance, refusal in outcomes] == [
        (1, True),
        (0, True),
        (0, False),
    ]
    assert (await limit.hit(bob))[1] is None


async def test_a_refusal_says_when_to_come_back() -> None:
    limit = RequestLimit(requests_per_minute=1)
    asking = viewer()
    await limit.hit(asking)

    allowance, refusal = await limit.hit(asking)

    assert refusal is not None
    assert 58 <= refusal.retry_after <= 60
    assert 58 <= allowance.resets_at - time.time() <= 60


async def test_gateways_share_a_limit_on_redis(redis: Redis) -> None:
    gateways = [RequestLimit(requests_per_minute=5, storage=redis.url) for _ in range(2)]
    asking = viewer()

    outcomes = [await gateways[number % 2].hit(asking) for number in range(7)]

    assert [allowance.remaining for allowance, _ in outcomes] == [4, 3, 2, 1, 0, 0, 0]
    assert [refusal is None for _, refusal in outcomes] == [True] * 5 + [False] * 2
    for gateway in gateways:
        await gateway.close()


async def test_without_its_redis_a_gateway_counts_alone_and_returns_to_it(
    redis: Redis, port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(request_limit, "LEAVE_STORE_SECONDS", 0.2)
    limit = RequestLimit(requests_per_minute=3, storage=redis.url)
    asking = viewer()
    assert (await limit.hit(asking))[0].remaining == 2
    await redis.stop()

    alone = [await limit.hit(asking) for _ in range(4)]
    assert [refusal is None for _, refusal in alone] == [True, True, True, False]

    async with running_redis(port), asyncio.timeout(20):
        while (await limit.hit(asking))[1] is not None:  # no event signals that the store is back
            await asyncio.sleep(0.05)
    await limit.close()


async def test_a_redis_that_never_answers_holds_up_one_request_only(port: int) -> None:
    asked: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", port):
        limit = RequestLimit(requests_per_minute=3, storage=f"redis://127.0.0.1:{port}")
        asking = viewer()

        assert [(await limit.hit(asking))[1] is None for _ in range(4)] == [True, True, True, False]

        await limit.close()
    assert len(asked) == 1


async def test_the_doors_share_a_limit_over_http(pool: Pool, dsn: str, sink: SmtpSink, redis: Redis) -> None:
    settings: dict[str, Any] = {"requests_per_minute": 3, "rate_limit_storage": redis.url, "delivery": False}
    tenant = await new_tenant(pool)
    async with (
        running_gateway(dsn, sink.url, **settings) as first,
        running_gateway(dsn, sink.url, **settings) as second,
    ):
        graphql = await first.ask(tenant, QUERY)
        rest = await second.get("/api/v1/bulk-sends", headers=tenant.headers)
        await first.ask(tenant, QUERY)
        refused = await second.get("/api/v1/bulk-sends", headers=tenant.headers)

    assert (graphql.headers["RateLimit-Limit"], graphql.headers["RateLimit-Remaining"]) == ("3", "2")
    assert (rest.status, rest.headers["RateLimit-Remaining"]) == (200, "1")
    assert refused.status == 429
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert int(refused.headers["RateLimit-Reset"]) <= 60


@pytest.mark.parametrize("storage", ["nonsense", "nonsense://:secret@host", "memcached://host:1", "redis://host:port"])
def test_a_store_that_cannot_be_is_named_without_its_password(storage: str) -> None:
    with pytest.raises(SettingsError, match="BULKSEND_RATE_LIMIT_STORAGE") as caught:
        request_limit.RequestLimit(requests_per_minute=1, storage=storage)
    assert "secret" not in str(caught.value)


async def test_graphql_tells_of_one_too_many(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, requests_per_minute=1, delivery=False) as gateway:
        await gateway.ask(tenant, QUERY)
        plain = await gateway.ask(tenant, QUERY)
        typed = await gateway.ask(tenant, QUERY, headers={"Accept": "application/graphql-response+json"})

    assert (plain.status, plain.error["extensions"]["code"]) == (200, "RATE_LIMITED")
    assert typed.status == 429
    assert int(typed.headers["Retry-After"]) == typed.error["extensions"]["retryAfter"]


async def _answers(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
