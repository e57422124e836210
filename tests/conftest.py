"""Each test worker has a PostgreSQL server, a migrated template database, a clone of it, and gateways on the clone."""

import hashlib
import os
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import uvloop
from support.forking import fork_server
from support.gateway import RunningGateway, Tenant, new_tenant, running_gateway
from support.pgbouncer import STATEMENT_CACHE_SIZE, WANTED, behind_pgbouncer, pooled
from support.smtp.sink import SmtpSink

from bulksend.db import migrations
from bulksend.db.embedded.server import TEST_SETTINGS, embedded_postgres
from bulksend.db.pool import Pool, open_pool


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Use the event loop of the product's commands."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """The pytest-xdist worker, or "main"."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session", autouse=True)
def forked_processes() -> Iterator[None]:
    """Stop the fork server at the end, if one was started."""
    yield
    fork_server.close()


@pytest.fixture(scope="session")
async def server_dsn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The DSN of this worker's PostgreSQL server, or of the one in BULKSEND_TEST_DATABASE_URL."""
    if given := os.environ.get("BULKSEND_TEST_DATABASE_URL"):
        yield given
        return
    if WANTED:
        async with behind_pgbouncer() as dsn:
            yield dsn
        return
    async with embedded_postgres(tmp_path_factory.mktemp("postgres"), settings=TEST_SETTINGS) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def dsn(server_dsn: str, worker_name: str) -> AsyncIterator[str]:
    """The DSN of this worker's own database, migrated and empty."""
    async with clone(server_dsn, f"bulksend_test_{worker_name}") as url:
        yield url


@pytest.fixture(scope="session")
async def session_pool(dsn: str) -> AsyncIterator[Pool]:
    async with open_pool(pooled(dsn), statement_cache_size=STATEMENT_CACHE_SIZE) as pool:
        yield pool


@pytest.fixture
async def pool(session_pool: Pool) -> AsyncIterator[Pool]:
    """A pool on an empty database."""
    yield session_pool
    await _empty(session_pool)


@asynccontextmanager
async def clone(server_dsn: str, name: str) -> AsyncIterator[str]:
    """Clone the migrated template database, 8–40 ms, and drop the clone at the end."""
    template = await _template(server_dsn)
    await _run(server_dsn, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await _run(server_dsn, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        yield _database(server_dsn, name)
    finally:
        await _run(server_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def scratch_database(server_dsn: str, name: str) -> AsyncIterator[str]:
    """Create an empty database and drop it at the end."""
    name = f"bulksend_scratch_{name}_{os.getpid()}"
    await _run(server_dsn, f'CREATE DATABASE "{name}"')
    try:
        yield _database(server_dsn, name)
    finally:
        await _run(server_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _template(server_dsn: str) -> str:
    texts = "".join([*(migration.text for migration in migrations.migrations()), migrations.views()])
    name = f"bulksend_template_{hashlib.sha256(texts.encode()).hexdigest()[:16]}"
    conn = await asyncpg.connect(server_dsn)
    try:
        if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await conn.execute(f'CREATE DATABASE "{name}_new"')
            await migrations.migrate(_database(server_dsn, f"{name}_new"))
            await conn.execute(f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    finally:
        await conn.close()
    return name


async def _run(server_dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(server_dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def _database(server_dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(server_dsn)._replace(path=f"/{name}"))


async def _empty(pool: Pool) -> None:
    # Events are append-only; disable the trigger if there are any.
    if await pool.fetchval("SELECT EXISTS (SELECT FROM events)"):
        await pool.execute(
            "ALTER TABLE events DISABLE TRIGGER events_append_only; DELETE FROM events;"
            "ALTER TABLE events ENABLE TRIGGER events_append_only"
        )
    await pool.execute(
        "DELETE FROM sealed_pdfs; DELETE FROM workers; DELETE FROM delivery_turns; DELETE FROM documents;"
        "DELETE FROM bulk_sends; DELETE FROM templates; DELETE FROM api_keys; DELETE FROM bulk_send_rates;"
        "DELETE FROM organizations"
    )


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    """A real SMTP server that the test controls."""
    async with SmtpSink() as started:
        yield started


@pytest.fixture
async def delivering_gateway(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    """A gateway of this test only, on an empty database, that delivers to `sink`."""
    async with running_gateway(dsn, sink.url) as running:
        yield running


@pytest.fixture
def gateway(delivering_gateway: RunningGateway) -> RunningGateway:
    """The default gateway; folders that send no mail override it with a shared one."""
    return delivering_gateway


@pytest.fixture(scope="session")
async def session_gateway(session_pool: Pool, dsn: str) -> AsyncIterator[RunningGateway]:
    """A gateway without delivery, shared by this worker's tests. Tests use `reading_gateway` instead."""
    async with running_gateway(dsn, "smtp://127.0.0.1:1", delivery=False) as running:
        yield running


@pytest.fixture
async def reading_gateway(pool: Pool, session_gateway: RunningGateway) -> RunningGateway:
    """The shared gateway, on an empty database, for tests that send no mail and change no settings."""
    return session_gateway


@pytest.fixture
async def tenant(pool: Pool) -> Tenant:
    """An organization with a template and a key that has all scopes."""
    return await new_tenant(pool)
