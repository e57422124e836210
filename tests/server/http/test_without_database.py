"""While the database is unavailable: what must continue to work, and what must be reported."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.gateway import CREATE, Reply, RunningGateway, Sending, Tenant
from support.graphql_socket import initialised
from support.rest import call, problem
from support.signing import open_form, post_form, signing_path
from support.stored_bulk_sends import Stored, store

from bulksend.db import pool as pool_module
from bulksend.db.pool import Pool, open_pool
from bulksend.server.http import health
from bulksend.server.http.authentication import Authenticator, is_refused
from bulksend.server.supervision import Supervisor

NO_ROOM = "ALTER ROLE {} CONNECTION LIMIT 0"


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    return await store(pool, tenant, 1)


@pytest.fixture
async def no_socket(tmp_path: Path) -> AsyncIterator[Pool]:
    """A pool whose server's Unix socket is missing, which raises a plain OSError."""
    async with open_pool(f"postgresql://nobody@/nothing?host={tmp_path}", min_size=0) as pool:
        yield pool


@pytest.fixture
async def role(dsn: str, worker_name: str) -> AsyncIterator[str]:
    """A role that is subject to limits, unlike the tests' own."""
    name = f"limited_{worker_name}"
    owner = await asyncpg.connect(dsn)
    try:
        await owner.execute(f"DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        await owner.execute(f"GRANT pg_read_all_data, pg_write_all_data TO {name}")
        yield name
        await owner.execute(f"DROP ROLE {name}")
    finally:
        await owner.close()


async def test_the_last_use_of_keys_is_noted_once_there_is_room_again(
    pool: Pool, dsn: str, role: str, tenant: Tenant
) -> None:
    async with asyncpg.create_pool(dsn, user=role, password=role, min_size=0, max_size=1) as limited:
        authenticator = Authenticator(limited)
        await authenticator.viewer(f"Bearer {tenant.key}")
        await pool.execute(NO_ROOM.format(role))
        await limited.expire_connections()

        await authenticator.note_use()
        assert await pool.fetchval("SELECT last_used_at FROM api_keys") is None

        await pool.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        await authenticator.note_use()
        assert await pool.fetchval("SELECT last_used_at FROM api_keys") is not None


async def test_the_last_use_of_keys_is_noted_once_the_database_takes_it_again(pool: Pool, tenant: Tenant) -> None:
    authenticator = Authenticator(pool)
    await authenticator.viewer(f"Bearer {tenant.key}")
    await pool.execute("ALTER TABLE api_keys RENAME TO moved")
    try:
        await authenticator.note_use()
    finally:
        await pool.execute("ALTER TABLE moved RENAME TO api_keys")
    await authenticator.note_use()
    assert await pool.fetchval("SELECT last_used_at FROM api_keys") is not None


async def test_a_key_stays_good_and_is_asked_for_again(no_socket: Pool, tenant: Tenant) -> None:
    assert await is_refused(Authenticator(no_socket), f"Bearer {tenant.key}") is None


async def test_a_key_stays_good_while_its_table_cannot_be_read(pool: Pool, tenant: Tenant) -> None:
    await pool.execute("ALTER TABLE api_keys RENAME TO moved")
    try:
        assert await is_refused(Authenticator(pool), f"Bearer {tenant.key}") is None
    finally:
        await pool.execute("ALTER TABLE moved RENAME TO api_keys")


async def test_is_not_ready(no_socket: Pool) -> None:
    app = web.Application()
    app.router.add_routes(health.routes(no_socket, Supervisor()))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/readyz"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 503
            assert (await response.json())["problem"] == "the database cannot be reached"
    finally:
        await runner.cleanup()


async def test_a_mutation_is_answered_though_its_text_cannot_be_kept(gateway: RunningGateway, tenant: Tenant) -> None:
    mutation = 'mutation { deleteBulkSend(input: { id: "bs_x" }) { userErrors { code } } }'
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(mutation.encode()).hexdigest()}}
    await gateway.pool.execute("ALTER TABLE persisted_queries RENAME TO moved")
    try:
        reply = await gateway.ask(tenant, mutation, extensions=persisted)
    finally:
        await gateway.pool.execute("ALTER TABLE moved RENAME TO persisted_queries")
    assert reply.data["deleteBulkSend"]["userErrors"] == [{"code": "NOT_FOUND"}]


async def test_a_task_that_ended_is_told_until_its_restart(no_socket: Pool) -> None:
    async def fail() -> None:
        raise OSError

    supervisor = Supervisor()
    app = web.Application()
    app.router.add_routes(health.routes(no_socket, supervisor))
    async with asyncio.timeout(10), supervisor.running("something", fail), TestClient(TestServer(app)) as client:
        while not supervisor.down:
            await asyncio.sleep(0)
        reply = await client.get("/readyz")
        assert (reply.status, (await reply.json())["backgroundTasks"]) == (503, {"something": "restarting"})


async def test_both_apis_and_sockets_say_that_the_database_is_away(
    gateway: RunningGateway, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_pool: Pool) -> None:
        raise ConnectionRefusedError

    query = "{ bulkSends { nodes { id } } }"
    async with initialised(gateway, tenant) as socket:
        # The key is remembered, so only code after authentication meets the unavailable database.
        monkeypatch.setattr(type(gateway.pool), "lend", refuse)
        for accept in ("application/json", "application/graphql-response+json"):
            reply = await gateway.ask(tenant, query, headers={"Accept": accept})
            assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
            assert reply.error["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryAfter": 5}
            assert "data" not in reply.body
        rest = await call(gateway, tenant, "GET")
        assert (rest.status, problem(rest), rest.headers["Retry-After"]) == (503, "service-unavailable", "5")
        await socket.subscribe("1", query)
        message = await socket.receive()
        errors = message["payload"]["errors"] if message["type"] == "next" else message["payload"]
        assert [error["extensions"]["code"] for error in errors] == ["SERVICE_UNAVAILABLE"]
        monkeypatch.undo()
    assert (await gateway.ask(tenant, query)).data


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time that the gateway waits for the database."""
    monkeypatch.setattr(pool_module, "WAIT_SECONDS", 0.2)


WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'
"""
READS = [
    "{ bulkSends { nodes { id } } }",
    "{ bulkSends(status: [FAILED]) { nodes { id } } }",
    "{ documents { nodes { id } } }",
    '{ bulkSend(id: "bs_01h455vb4pex5vsknk084sn02q") { id } }',
    '{ node(id: "doc_01h455vb4pex5vsknk084sn02q") { id } }',
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("query", READS)
async def test_reads_of_a_locked_table_are_given_up(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, query: str
) -> None:
    await gateway.ask(tenant, "{ __typename }")
    async with asyncio.timeout(20), pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE bulk_sends, documents")
        reply = await gateway.ask(tenant, query)
        assert is_away(reply)
        # The statement was cancelled, not left waiting on its connection.
        while await conn.fetchval(WAITING):
            await asyncio.sleep(0.01)
        # Requests that do not use the table are answered meanwhile.
        assert (await gateway.ask(tenant, "{ templates { nodes { id } } }")).data["templates"]["nodes"]
    await is_answered_again(gateway, tenant, query)


async def test_a_create_whose_tables_are_locked_is_given_up_and_stores_nothing(
    gateway: RunningGateway, pool: Pool, tenant: Tenant
) -> None:
    variables = Sending(tenant, more={"idempotencyKey": "the same", "waitForDelivery": False}).variables
    async with asyncio.timeout(30), pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE bulk_sends, documents")
        assert is_away(await gateway.ask(tenant, CREATE, variables))
        assert not await conn.fetchval(WAITING)
    created = (await gateway.ask(tenant, CREATE, variables)).data["createBulkSend"]
    assert not created["replayed"]
    assert (await gateway.ask(tenant, "{ bulkSends { totalCount } }")).data["bulkSends"]["totalCount"] == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("query", [*READS, CREATE])
async def test_callers_are_told_while_all_connections_are_busy(
    gateway: RunningGateway, tenant: Tenant, query: str
) -> None:
    await gateway.ask(tenant, "{ templates { nodes { id } } }")
    variables = Sending(tenant, more={"waitForDelivery": False}).variables if query is CREATE else None
    async with asyncio.timeout(20), AsyncExitStack() as busy:
        for _ in range(gateway.pool.get_max_size()):
            await busy.enter_async_context(gateway.pool.acquire())
        assert is_away(await gateway.ask(tenant, query, variables))
        rest = await call(gateway, tenant, "GET")
        assert (rest.status, problem(rest), rest.headers["Retry-After"]) == (503, "service-unavailable", "5")
    await is_answered_again(gateway, tenant, query, variables)


async def is_answered_again(gateway: RunningGateway, tenant: Tenant, query: str, variables: Any = None) -> None:
    """Wait for a response without errors: with the short time limit, one may time out on a busy machine."""
    async with asyncio.timeout(20):
        while "errors" in (await gateway.ask(tenant, query, variables)).body:
            await asyncio.sleep(0)


def is_away(reply: Reply) -> bool:
    assert reply.error["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryAfter": 5}
    return (reply.status, reply.headers["Retry-After"]) == (503, "5")


@pytest.mark.usefixtures("impatient")
async def test_signers_are_told_while_all_connections_are_busy(
    gateway: RunningGateway, tenant: Tenant, stored: Stored
) -> None:
    path = await signing_path(gateway, tenant, stored.document_ids[0])
    opened = await open_form(gateway, path)
    async with asyncio.timeout(20), AsyncExitStack() as busy:
        for _ in range(gateway.pool.get_max_size()):
            await busy.enter_async_context(gateway.pool.acquire())
        for reply in (
            await gateway.get(path, headers={"Accept-Language": "de"}),
            await post_form(gateway, path, opened.signed(), headers={"Accept-Language": "de"}),
            await gateway.get(f"{path}/sealed.pdf", headers={"Accept-Language": "de"}),
        ):
            assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
            assert "Das lässt sich gerade nicht anzeigen" in reply.body
    assert (await post_form(gateway, path, opened.signed())).status == 303


@pytest.mark.usefixtures("impatient")
async def test_watchers_are_told_while_all_connections_are_busy(
    gateway: RunningGateway, tenant: Tenant, stored: Stored
) -> None:
    query = f'subscription {{ bulkSend(id: "{stored.id}") {{ id }} }}'
    async with initialised(gateway, tenant) as socket, asyncio.timeout(20), AsyncExitStack() as busy:
        for _ in range(gateway.pool.get_max_size()):
            await busy.enter_async_context(gateway.pool.acquire())
        await socket.subscribe("1", query)
        message = await socket.receive()
        errors = message["payload"]["errors"] if message["type"] == "next" else message["payload"]
        assert [error["extensions"]["code"] for error in errors] == ["SERVICE_UNAVAILABLE"]


@pytest.mark.usefixtures("impatient")
async def test_signers_and_watchers_are_told_while_a_table_is_locked(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    path = await signing_path(gateway, tenant, stored.document_ids[0])
    opened = await open_form(gateway, path)
    query = f'subscription {{ bulkSend(id: "{stored.id}") {{ id }} }}'
    async with initialised(gateway, tenant) as socket, asyncio.timeout(20), pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE bulk_sends, documents")
        for reply in (await gateway.get(path), await post_form(gateway, path, opened.signed())):
            assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        rest = await call(gateway, tenant, "GET")
        assert (rest.status, problem(rest), rest.headers["Retry-After"]) == (503, "service-unavailable", "5")
        await socket.subscribe("1", query)
        message = await socket.receive()
        assert message["type"] == "error"
        assert [error["extensions"]["code"] for error in message["payload"]] == ["SERVICE_UNAVAILABLE"]
    assert (await post_form(gateway, path, opened.signed())).status == 303


async def test_is_not_ready_while_all_connections_are_busy(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0.2)
    async with asyncio.timeout(20), AsyncExitStack() as busy:
        for _ in range(gateway.pool.get_max_size()):
            await busy.enter_async_context(gateway.pool.acquire())
        async with gateway.session.get(f"{gateway.url}/readyz") as response:
            assert (response.status, (await response.json())["problem"]) == (503, "the database cannot be reached")
    async with gateway.session.get(f"{gateway.url}/readyz") as response:
        assert response.status == 200
