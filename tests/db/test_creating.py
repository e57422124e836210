"""Storing a bulk send in one statement, after locking the organization's rate row."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from support.bulk_sends import NO_INTERVAL, addresses, create, documents_of, new_organization
from support.workers import eventually

from bulksend.db import bulk_sends, deliveries
from bulksend.db.bulk_sends import NewBulkSend
from bulksend.db.pool import Pool

SIGNERS = [
    ('Zoë "Å" O\'Neil\\', "zoe@example.com", "+46 70", "Dear Zoë,\n\tas agreed.", "r-1", {"b": "é", "a": '"\\'}, "de"),
    ("Bob", "bob@example.com", None, None, None, {}, None),
]
COUNTS = """
SELECT
    (SELECT count(*) FROM bulk_sends) AS bulk_sends,
    (SELECT count(*) FROM documents) AS documents,
    (SELECT count(*) FROM delivery_turns) AS turns
"""

LOCK_RATE = "SELECT FROM bulk_send_rates WHERE organization_id = $1 FOR NO KEY UPDATE"
RATE = "SELECT last_accepted_at FROM bulk_send_rates"


def new_bulk_send(template_id: UUID) -> NewBulkSend:
    signers = bulk_sends.signers_text(SIGNERS)
    return NewBulkSend(template_id, "Spring", "Please sign.", "q3", "key", bytes(32), signers)


async def test_stores_the_bulk_send_its_documents_and_a_turn(pool: Pool) -> None:
    async with pool.acquire() as conn:
        organization_id, template_id = await new_organization(conn)
        new = new_bulk_send(template_id)
        row = await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=new)
        assert row
        (read,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[row.id])
        assert dict(row) == dict(read)
        assert (row.name, row.email_message, row.external_id) == ("Spring", "Please sign.", "q3")
        assert (row.status, row.total_count, row.pending_count) == ("processing", 2, 2)
        holder = await bulk_sends.find_by_idempotency_key(conn, organization_id=organization_id, idempotency_key="key")
        assert holder
        assert holder.id == row.id
        due = (await deliveries.outlook(conn)).wait
        assert due == timedelta()
    stored = await pool.fetch(
        "SELECT signer_name, signer_email, signer_phone, signer_message, external_id, signer_values::text "
        "FROM documents WHERE organization_id = $1 AND bulk_send_id = $2 ORDER BY signer_index",
        organization_id,
        row.id,
    )
    first, second = map(tuple, stored)
    assert first == (*SIGNERS[0][:5], r'{"a": "\"\\", "b": "é"}')
    assert second == (*SIGNERS[1][:5], "{}")


async def test_500_documents_are_in_their_signers_order(pool: Pool) -> None:
    emails = addresses(500)
    async with pool.acquire() as conn:
        sent = await create(conn, *await new_organization(conn), emails)
    rows = await documents_of(pool, sent)
    assert [row.signer_email for row in rows] == emails
    assert [row.signer_index for row in rows] == list(range(500))
    assert sorted(row.id for row in rows) == [row.id for row in rows]


async def test_too_early_stores_nothing(pool: Pool) -> None:
    async with pool.acquire() as conn:
        organization_id, template_id = await new_organization(conn)
        await create(conn, organization_id, template_id, addresses(1))
        before = await conn.fetchrow(COUNTS)
        hour = timedelta(hours=1)
        new = new_bulk_send(template_id)
        assert await bulk_sends.create(conn, organization_id=organization_id, interval=hour, new=new) is None
        assert await conn.fetchrow(COUNTS) == before
        allowed = await bulk_sends.next_allowed(conn, organization_id=organization_id, interval=hour)
    assert allowed
    assert timedelta(minutes=59) < allowed.wait <= hour


async def test_anothers_template_stores_nothing(pool: Pool) -> None:
    async with pool.acquire() as conn:
        organization_id, _ = await new_organization(conn)
        _, template_id = await new_organization(conn, "Other")
        new = new_bulk_send(template_id)
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=new)
        counts = await conn.fetchrow(COUNTS)
        assert counts
        assert tuple(counts) == (0, 0, 0)
        hour = timedelta(hours=1)
        assert await bulk_sends.next_allowed(conn, organization_id=organization_id, interval=hour) is None


async def test_ids_are_made_after_the_rate_row_is_locked(pool: Pool) -> None:
    async with pool.acquire() as holding, pool.acquire() as waiting:
        organization_id, template_id = await new_organization(holding)
        async with holding.transaction():
            await holding.execute(LOCK_RATE, organization_id)
            creating = asyncio.create_task(create(waiting, organization_id, template_id, addresses(2)))
            await eventually(lambda: _is_waited(pool))
            made_meanwhile = await pool.fetchval("SELECT uuidv7()")
        sent = await creating
    assert sent.id > made_meanwhile
    assert all(row.id > made_meanwhile for row in await documents_of(pool, sent))


async def test_whoever_waited_is_too_early_when_the_other_was_accepted(pool: Pool) -> None:
    async with pool.acquire() as first, pool.acquire() as second:
        organization_id, template_id = await new_organization(first)
        new, other = new_bulk_send(template_id), replace(new_bulk_send(template_id), idempotency_key="other")
        hour = timedelta(hours=1)
        async with first.transaction():
            assert await bulk_sends.create(first, organization_id=organization_id, interval=hour, new=new)
            creating = asyncio.create_task(
                bulk_sends.create(second, organization_id=organization_id, interval=hour, new=other)
            )
            await eventually(lambda: _is_waited(pool))
        assert await creating is None
        assert await pool.fetchval("SELECT count(*) FROM bulk_sends") == 1


async def test_a_key_is_used_once(pool: Pool) -> None:
    async with pool.acquire() as conn:
        organization_id, template_id = await new_organization(conn)
        new = new_bulk_send(template_id)
        assert await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=new)
        before = await conn.fetchrow(RATE)
        assert await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=new) is None
        assert await conn.fetchrow(RATE) == before
        other = replace(new, idempotency_key="other")
        assert await bulk_sends.create(conn, organization_id=organization_id, interval=NO_INTERVAL, new=other)


async def test_a_key_is_used_once_also_by_whoever_waited_meanwhile(pool: Pool) -> None:
    async with pool.acquire() as first, pool.acquire() as second:
        organization_id, template_id = await new_organization(first)
        new = new_bulk_send(template_id)
        async with first.transaction():
            assert await bulk_sends.create(first, organization_id=organization_id, interval=NO_INTERVAL, new=new)
            creating = asyncio.create_task(
                bulk_sends.create(second, organization_id=organization_id, interval=NO_INTERVAL, new=new)
            )
            await eventually(lambda: _is_waited(pool))
            rate = await first.fetchrow(RATE)
        assert await creating is None
        assert await second.fetchrow(RATE) == rate
        assert await pool.fetchval("SELECT count(*) FROM bulk_sends") == 1


async def test_waits_for_its_turn_no_longer_than_2_s(pool: Pool) -> None:
    async with pool.acquire() as holding, pool.acquire() as waiting:
        organization_id, template_id = await new_organization(holding)
        new = new_bulk_send(template_id)
        await waiting.execute("SET lock_timeout = 0")  # as behind PgBouncer
        async with holding.transaction():
            await holding.execute(LOCK_RATE, organization_id)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await bulk_sends.create(waiting, organization_id=organization_id, interval=NO_INTERVAL, new=new)
        assert await waiting.fetchval("SHOW lock_timeout") == "0"
        await waiting.execute("SET lock_timeout = '2s'")
        assert await bulk_sends.create(waiting, organization_id=organization_id, interval=NO_INTERVAL, new=new)


async def _is_waited(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
