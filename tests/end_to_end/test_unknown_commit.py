"""A commit whose confirmation is lost: the call returns what the table says happened."""

import asyncio

import pytest
from structlog.testing import capture_logs
from support.cutting_proxy import Cut, cutting_proxy, through
from support.gateway import CREATE, RunningGateway, Sending, Tenant, create, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.resolvers import create_bulk_send


async def test_what_was_committed_is_told_as_such(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, **through(proxy)) as gateway,
    ):
        proxy.cut = Cut.AFTER_COMMIT
        payload = await create(gateway, tenant, 3, idempotencyKey="k")
        assert proxy.cuts == 1
        assert payload["userErrors"] == []
        assert not payload["replayed"]
        assert payload["bulkSend"]["sentCount"] == 3
        assert (await create(gateway, tenant, 3, idempotencyKey="k"))["replayed"]
    assert len(sink.mails) == 3


@pytest.mark.parametrize("key", ["k", None])
async def test_who_asked_again_meanwhile_is_told_of_a_replay(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, key: str | None
) -> None:
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, **through(proxy)) as gateway,
    ):
        first = await create(gateway, tenant, 3, idempotencyKey=key)
        proxy.cut = Cut.AFTER_COMMIT
        second = await create(gateway, tenant, 3, idempotencyKey=key)
    assert proxy.cuts == 1
    is_same = second["bulkSend"]["id"] == first["bulkSend"]["id"]
    assert (is_same, second["replayed"]) == ((True, True) if key else (False, False))
    assert len(sink.mails) == (3 if key else 6)


async def test_what_never_arrived_is_asked_for_again(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, **through(proxy)) as gateway,
    ):
        proxy.cut = Cut.BEFORE_COMMIT
        payload = await create(gateway, tenant, 3)
        assert proxy.cuts == 1
        assert payload["bulkSend"]["sentCount"] == 3
    assert await left(pool) in DELIVERED
    assert len(sink.mails) == 3


@pytest.mark.parametrize("interval", [0, 300])
async def test_what_arrives_after_all_is_nobodys(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, interval: int
) -> None:
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, bulk_send_interval=interval, **through(proxy)) as gateway,
    ):
        proxy.cut = Cut.LATE
        payload = await create(gateway, tenant, 3)
        assert (proxy.cuts, payload["replayed"], payload["bulkSend"]["sentCount"]) == (1, False, 3)
        rate = await pool.fetchval("SELECT last_accepted_at FROM bulk_send_rates")
        proxy.let_through.set()
        async with asyncio.timeout(5):
            await proxy.was_late.wait()
    assert await pool.fetchval("SELECT last_accepted_at FROM bulk_send_rates") == rate
    assert await left(pool) in DELIVERED
    assert len(sink.mails) == 3


async def test_what_cannot_be_asked_again_is_an_error_and_leaves_nothing(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create_bulk_send, "UNREACHED_SECONDS", 0.5)
    async with (
        cutting_proxy(dsn) as proxy,
        running_gateway(dsn, sink.url, **through(proxy)) as gateway,
    ):
        await create(gateway, tenant, 1, idempotencyKey="before")
        proxy.cut = Cut.BEFORE_COMMIT
        proxy.refuses_after_cut = True
        reply = await gateway.ask(tenant, CREATE, Sending(tenant, 3, {"idempotencyKey": "k"}).variables)
        assert reply.error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert "data" not in reply.body
        assert (await left(pool))[:2] == (1, 1)

        proxy.allow_all()
        again = await create(gateway, tenant, 3, idempotencyKey="k")
        assert not again["replayed"]
        assert again["bulkSend"]["sentCount"] == 3


async def test_a_lock_that_is_held_for_too_long_is_no_lost_connection(
    pool: Pool, gateway: RunningGateway, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bulksend.db.pool.TRIES", 1)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM bulk_send_rates FOR UPDATE")
        with capture_logs() as logged:
            reply = await gateway.ask(tenant, CREATE, Sending(tenant, 3, {}).variables)
    assert reply.error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert [entry["event"] for entry in logged if entry["log_level"] == "warning"] == []


async def test_what_the_database_refuses_to_commit_leaves_nothing(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    async with running_gateway(dsn, sink.url, bulk_send_interval=300) as gateway:
        await pool.execute(REFUSE_COMMITS)
        try:
            reply = await gateway.ask(tenant, CREATE, Sending(tenant, 3, {"idempotencyKey": "k"}).variables)
        finally:
            await pool.execute(ALLOW_COMMITS)
        assert reply.error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert await left(pool) == (0, 0, 0, 0)

        again = await create(gateway, tenant, 3, idempotencyKey="k")
        assert not again["replayed"]
        assert again["bulkSend"]["sentCount"] == 3


# With the organization's turn, or without it if the worker has already found that nothing more is due.
DELIVERED = {(1, 3, 1, 1), (1, 3, 0, 1)}


async def left(pool: Pool) -> tuple[int, ...]:
    """Return the numbers of bulk sends, documents, turns and accepted creates."""
    tables = ("bulk_sends", "documents", "delivery_turns", "bulk_send_rates WHERE last_accepted_at IS NOT NULL")
    return tuple([await pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables])


REFUSE_COMMITS = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not today''; END';
CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON bulk_sends
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
"""
ALLOW_COMMITS = "DROP TRIGGER refused ON bulk_sends; DROP FUNCTION refuse()"
