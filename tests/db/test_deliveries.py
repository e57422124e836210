"""The delivery queue and the recording of results, at the level of SQL statements."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from conftest import scratch_database
from support.bulk_sends import (
    Sent,
    addresses,
    bulk_send,
    create,
    create_for_new_organization,
    documents_of,
    miscounted,
    new_organization,
    pass_time,
)
from support.workers import eventually

from bulksend.db import circuit, deliveries, migrations, workers
from bulksend.db.circuit import Trouble
from bulksend.db.deliveries import ClaimedRow, Result
from bulksend.db.pool import Connection, Pool, writing
from bulksend.db.queries import BOUND

LEASE = timedelta(seconds=60)
DOWN = Trouble("SMTP_UNREACHABLE", "Connection refused", None)


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """A connection; at the end of the test the counters must match the documents."""
    async with pool.acquire() as conn:
        yield conn
        assert await miscounted(conn) == []


async def claim(conn: Connection, limit: int = 10, lease: timedelta = LEASE) -> list[ClaimedRow]:
    return await deliveries.claim(
        conn, worker_id=await workers.register(conn), lease_id=uuid4(), limit=limit, lease=lease
    )


async def record(pool: Pool, sent: Sent, *results: Result) -> None:
    async with writing(pool) as conn:
        await deliveries.record(conn, organization_id=sent.organization_id, bulk_send_id=sent.id, results=results)


async def settle(pool: Pool) -> bool:
    async with writing(pool) as conn:
        return await deliveries.settle_turn(conn)


def accepted(row: ClaimedRow) -> Result:
    return Result(row.id, row.lease_id, "sent")


def refused(row: ClaimedRow) -> Result:
    return Result(row.id, row.lease_id, "failed", error_code="MESSAGE_REFUSED", error_message="No", smtp_code=554)


def deferred(row: ClaimedRow, wait: float = 10) -> Result:
    seconds = timedelta(seconds=wait)
    return Result(row.id, row.lease_id, "pending", 1, seconds, "MAILBOX_BUSY", "Later", 450)


async def claims_with(pool: Pool, limit: int) -> list[ClaimedRow]:
    async with pool.acquire() as conn:
        return await claim(conn, limit)


async def test_claim_leases_what_is_due(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(3))

    claimed = await claim(conn, limit=2)

    assert [row.signer_email for row in claimed] == addresses(2)
    assert {(row.organization_id, row.bulk_send_id) for row in claimed} == {(sent.organization_id, sent.id)}
    assert len({row.lease_id for row in claimed}) == 1
    assert [row.signer_email for row in await claim(conn)] == addresses(3)[2:]
    assert await claim(conn) == []


async def test_claims_at_once_share_no_document(pool: Pool, conn: Connection) -> None:
    await create_for_new_organization(pool, addresses(200))

    rounds = [await asyncio.gather(*(claims_with(pool, 7) for _ in range(6))) for _ in range(8)]

    claimed = [row.id for claims in rounds for rows in claims for row in rows]
    assert len(claimed) == len(set(claimed)) >= 8 * 7


async def test_claims_take_turns(pool: Pool, conn: Connection) -> None:
    large = await create_for_new_organization(pool, addresses(50), "Large")
    small = await create_for_new_organization(pool, addresses(4), "Small")

    turns = [{row.organization_id for row in await claim(conn, limit=2)} for _ in range(4)]

    assert turns == [{large.organization_id}, {small.organization_id}] * 2


async def test_a_lease_that_ends_is_found_again(pool: Pool, conn: Connection) -> None:
    await create_for_new_organization(pool, addresses(1))
    [first] = await claim(conn)
    await settle(pool)
    await pass_time(pool, LEASE.total_seconds())

    [second] = await claim(conn)

    assert second.id == first.id
    assert second.lease_id != first.lease_id


async def test_nothing_is_claimed_of_what_is_deleted(pool: Pool, conn: Connection) -> None:
    await create_for_new_organization(pool, addresses(2))
    await pool.execute("UPDATE documents SET deleted_at = now() WHERE signer_index = 0")

    assert [row.signer_email for row in await claim(conn)] == addresses(2)[1:]


async def test_what_is_locked_is_not_waited_for(pool: Pool, conn: Connection) -> None:
    await create_for_new_organization(pool, addresses(2))
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM documents WHERE signer_index = 0 FOR UPDATE")
        async with asyncio.timeout(5):
            assert [row.signer_email for row in await claim(conn)] == addresses(2)[1:]
            # Its turn is still due: this claim finds nothing, but another one may after reading from the beginning.
            assert await claim(conn) == []
            assert await settle(pool)
            assert await claim(conn) == []
            assert not await settle(pool)
    assert len(await claim(conn)) == 1


async def test_a_claim_reads_from_where_the_last_one_ended(pool: Pool, conn: Connection) -> None:
    """A document that was locked is found once nothing else is due: it costs a turn, and the document is not lost."""
    await create_for_new_organization(pool, addresses(6))
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM documents WHERE signer_index = 0 FOR UPDATE")
        assert [row.signer_email for row in await claim(conn, limit=2)] == addresses(3)[1:]
    assert [row.signer_email for row in await claim(conn, limit=2)] == addresses(5)[3:]
    assert [row.signer_email for row in await claim(conn, limit=2)] == addresses(6)[5:]
    assert await claim(conn) == []
    assert await settle(pool)
    assert [row.signer_email for row in await claim(conn)] == addresses(1)


async def test_now_and_then_a_claim_reads_from_the_beginning(pool: Pool, conn: Connection) -> None:
    await create_for_new_organization(pool, addresses(6))
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM documents WHERE signer_index = 0 FOR UPDATE")
        await claim(conn, limit=2)
    await pool.execute("UPDATE delivery_turns SET read_all_at = clock_timestamp()")
    assert [row.signer_email for row in await claim(conn, limit=2)] == [addresses(1)[0], addresses(4)[3]]


async def test_plans_made_before_the_first_analyze_look_for_single_documents(server_dsn: str) -> None:
    """Every key begins with the organization, so without statistics any index could be chosen, and a plan is kept."""
    async with scratch_database(server_dsn, "plans") as dsn:
        await migrations.migrate(dsn)
        conn = await asyncpg.connect(dsn)
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE claim (integer, uuid, interval, uuid) AS {BOUND['deliveries', 'claim'].text}")
        worker_id = await workers.register(conn)
        claim_five = f"EXECUTE claim (5, gen_random_uuid(), '1 minute', '{worker_id}')"
        await conn.execute(claim_five)
        organization_id, template_id = await new_organization(conn)
        for _ in range(3):
            await create(conn, organization_id, template_id, addresses(500))
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN (ANALYZE) {claim_five}"))
        await conn.close()
    assert "documents_pkey on documents" in plan
    assert "bulk_sends_pkey on bulk_sends" in plan
    assert "Rows Removed" not in plan


async def test_nothing_is_claimed_while_the_circuit_is_open(pool: Pool, conn: Connection) -> None:
    await create_for_new_organization(pool, addresses(1))
    await circuit.open_circuit(conn, trouble=DOWN, age=timedelta(), probe_interval=timedelta())
    try:
        assert await claim(conn) == []
        assert not await settle(pool)
        await circuit.close_circuit(conn)
        assert len(await claim(conn)) == 1
    finally:
        await pool.execute("DELETE FROM smtp_circuit")


async def test_a_turn_moves_to_the_next_document_and_ends_with_the_last(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [row] = await claim(conn)
    assert await claim(conn) == []
    assert await settle(pool)
    wait = (await deliveries.outlook(conn)).wait
    assert wait
    assert LEASE - timedelta(seconds=5) < wait <= LEASE

    await record(pool, sent, accepted(row))
    await pass_time(pool, LEASE.total_seconds())
    assert await claim(conn) == []
    assert await settle(pool)
    assert (await deliveries.outlook(conn)).wait is None
    assert not await settle(pool)


async def test_a_document_made_while_a_turn_ends_has_a_turn(pool: Pool, conn: Connection) -> None:
    async with pool.acquire() as other:
        organization_id, template_id = await new_organization(other)
        await deliveries.ask_turn(other, organization_id=organization_id)
        async with conn.transaction():
            assert await deliveries.settle_turn(conn)
            creating = asyncio.create_task(create(other, organization_id, template_id, addresses(1)))
            await eventually(lambda: _is_waited(pool))
        await creating
    assert len(await claim(conn)) == 1


async def test_a_turn_asked_for_is_never_later_than_the_one_there_is(pool: Pool, conn: Connection) -> None:
    organization_id, _ = await new_organization(conn)
    for wait, expected in ((60, 60), (3600, 60), (10, 10)):
        await deliveries.ask_turn(conn, organization_id=organization_id, wait=timedelta(seconds=wait))
        due = (await deliveries.outlook(conn)).wait
        assert due
        assert expected - 5 < due.total_seconds() <= expected


async def test_overdue_documents_are_claimed_apart(pool: Pool, conn: Connection) -> None:
    old = await create_for_new_organization(pool, addresses(3))
    [in_flight] = await claim(conn, limit=1)
    await pool.execute("UPDATE documents SET queued_at = queued_at - interval '1 day'")
    await create_for_new_organization(pool, addresses(2))
    day = timedelta(days=1)

    overdue = await deliveries.claim_overdue(
        conn, worker_id=await workers.register(conn), lease_id=uuid4(), limit=10, lease=LEASE, max_queue_age=day
    )

    assert {row.bulk_send_id for row in overdue} == {old.id}
    assert len(overdue) == 2
    assert in_flight.id not in {row.id for row in overdue}
    assert (
        await deliveries.claim_overdue(
            conn, worker_id=await workers.register(conn), lease_id=uuid4(), limit=9, lease=LEASE, max_queue_age=day
        )
        == []
    )


async def test_results_move_the_counters(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(3))
    first, second, third = await claim(conn)

    await record(pool, sent, accepted(first), refused(second), deferred(third))

    row = await bulk_send(pool, sent)
    assert (row.sent_count, row.failed_count, row.pending_count) == (1, 1, 1)
    states = await documents_of(pool, sent)
    assert [state.delivery_status for state in states] == ["sent", "failed", "pending"]
    assert [state.attempts for state in states] == [1, 1, 1]
    assert [state.smtp_code for state in states] == [None, 554, 450]
    assert states[0].sent_at
    assert states[1].failed_at
    assert states[2].next_attempt_at
    due = (await deliveries.outlook(conn)).wait
    assert due is not None
    assert due <= timedelta(seconds=10)


async def test_what_is_put_back_has_its_turn_in_time(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [row] = await claim(conn)
    assert await settle(pool)

    await record(pool, sent, deferred(row, wait=10))

    due = (await deliveries.outlook(conn)).wait
    assert due
    assert due <= timedelta(seconds=10)


async def test_recording_twice_changes_nothing(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(3))
    first, second, third = await claim(conn)
    results = accepted(first), refused(second), deferred(third)
    await record(pool, sent, *results)
    before = await bulk_send(pool, sent), await documents_of(pool, sent)

    await record(pool, sent, *results)

    assert (await bulk_send(pool, sent), await documents_of(pool, sent)) == before


@pytest.mark.parametrize("late", [refused, deferred])
async def test_sent_is_final(pool: Pool, conn: Connection, late: Any) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [row] = await claim(conn)
    await record(pool, sent, accepted(row))
    before = await documents_of(pool, sent)

    await record(pool, sent, late(row))

    assert await documents_of(pool, sent) == before


async def test_a_late_acceptance_wins_over_a_failure(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(2))
    first, second = await claim(conn)
    await record(pool, sent, refused(first), refused(second))
    assert (await bulk_send(pool, sent)).status == "failed"

    await record(pool, sent, accepted(first))

    row = await bulk_send(pool, sent)
    assert (row.status, row.sent_count, row.failed_count) == ("completed", 1, 1)
    [document, _] = await documents_of(pool, sent)
    assert (document.delivery_status, document.failed_at, document.error_code) == ("sent", None, None)


@pytest.mark.parametrize("late", [refused, deferred])
async def test_without_the_lease_only_an_acceptance_counts(pool: Pool, conn: Connection, late: Any) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [lost] = await claim(conn)
    await pass_time(pool, LEASE.total_seconds())
    [held] = await claim(conn)

    await record(pool, sent, late(lost))
    assert (await bulk_send(pool, sent)).pending_count == 1
    await record(pool, sent, accepted(lost))
    assert (await bulk_send(pool, sent)).sent_count == 1
    await record(pool, sent, refused(held))
    assert (await bulk_send(pool, sent)).sent_count == 1


@pytest.mark.parametrize("order", [1, -1])
async def test_of_two_results_for_one_document_the_acceptance_counts(pool: Pool, conn: Connection, order: int) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [lost] = await claim(conn)
    await pass_time(pool, LEASE.total_seconds())
    [held] = await claim(conn)

    await record(pool, sent, *[accepted(lost), refused(held)][::order])

    row = await bulk_send(pool, sent)
    assert (row.sent_count, row.failed_count) == (1, 0)


async def test_a_document_given_back_keeps_its_last_error(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [row] = await claim(conn)
    await record(pool, sent, deferred(row, wait=0))
    [row] = await claim(conn)
    assert (row.attempts, row.error_code, row.error_message, row.smtp_code) == (1, "MAILBOX_BUSY", "Later", 450)

    await record(pool, sent, Result(row.id, row.lease_id, "pending", attempts=0))

    [document] = await documents_of(pool, sent)
    assert (document.attempts, document.error_code, document.smtp_code) == (1, "MAILBOX_BUSY", 450)


async def test_results_are_recorded_on_deleted_rows(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    [row] = await claim(conn)
    await pool.execute("UPDATE documents SET deleted_at = now()")
    await pool.execute("UPDATE bulk_sends SET deleted_at = now()")

    await record(pool, sent, accepted(row))

    assert await pool.fetchval("SELECT sent_count FROM bulk_sends") == 1


async def test_a_result_for_another_organizations_document_changes_nothing(pool: Pool, conn: Connection) -> None:
    mine = await create_for_new_organization(pool, addresses(1))
    theirs = await create_for_new_organization(pool, addresses(1))
    rows = [*await claim(conn), *await claim(conn)]
    [foreign] = [row for row in rows if row.organization_id == theirs.organization_id]

    await record(pool, mine, accepted(foreign))

    assert (await bulk_send(pool, theirs)).sent_count == 0


async def test_recorders_of_one_bulk_send_wait_for_each_other(pool: Pool, conn: Connection) -> None:
    sent = await create_for_new_organization(pool, addresses(60))
    rows = await claim(conn, limit=60)
    outcomes = [accepted, refused, deferred]
    batches = [[outcomes[(number + shift) % 3](row) for row in rows] for number, shift in enumerate(range(6))]

    await asyncio.gather(*(record(pool, sent, *batch) for batch in batches))

    assert await miscounted(conn) == []


async def _is_waited(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


# Frequent statements with their arguments, and the indexes that each must use.
PLANS = {
    "claim": ("10, uuidv7(), '180 s', '{worker}'", ["delivery_turns_by_due", "documents_due"]),
    "take_turn": ("", ["delivery_turns_by_due"]),
    "end_turn": ("'{organization}'", ["documents_due"]),
    "move_turn": ("'{organization}'", ["documents_due"]),
    "outlook": ("", ["delivery_turns_by_due"]),
    "record": (
        "'{organization}', '{bulk_send}', array_fill('{document}'::uuid, '{{20}}'), array_fill(uuidv7(), '{{20}}'), "
        "array_fill('sent'::text, '{{20}}'), array_fill(1, '{{20}}'), array_fill('0 s'::interval, '{{20}}'), "
        "array_fill(null::text, '{{20}}'), array_fill(null::text, '{{20}}'), array_fill(null::integer, '{{20}}')",
        ["documents_pkey"],
    ),
}


@pytest.fixture
async def seeded(pool: Pool) -> dict[str, UUID]:
    """10,000 documents of which few are due, and 500 organizations of which few have a due turn."""
    async with pool.acquire() as conn:
        organization_id, template_id = await new_organization(conn)
        for _ in range(20):
            sent = await create(conn, organization_id, template_id, addresses(500))
        await conn.execute(_SEED)
        document_id = await conn.fetchval("SELECT id FROM documents WHERE bulk_send_id = $1 LIMIT 1", sent.id)
        worker_id = await workers.register(conn)
    return {"organization": organization_id, "bulk_send": sent.id, "document": document_id, "worker": worker_id}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_hot_statements_use_their_indexes(pool: Pool, seeded: dict[str, UUID], mode: str) -> None:
    for name, (arguments, indexes) in PLANS.items():
        plan = await _plan(pool, name, arguments.format(**seeded), mode)
        used = {node.get("Index Name") for node in _nodes(plan)}
        scanned = {node["Relation Name"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan"}
        assert used.issuperset(indexes), name
        # These tables have few rows here.
        assert scanned <= {"smtp_circuit", "templates", "bulk_sends", "workers"}, name
        assert "Sort" not in {node["Node Type"] for node in _nodes(plan) if "documents_due" in str(node)}, name


async def _plan(pool: Pool, name: str, arguments: str, mode: str) -> Any:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await conn.execute(f"PREPARE hot AS {BOUND['deliveries', name].text}")
        call = f"hot({arguments})" if arguments else "hot"
        plan = await conn.fetchval(f"EXPLAIN (FORMAT json) EXECUTE {call}")
        await conn.execute("DEALLOCATE hot")
    return json.loads(plan)[0]["Plan"]


def _nodes(plan: Any) -> Sequence[Any]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


_SEED = """
UPDATE documents SET delivery_status = 'sent', sent_at = now(), next_attempt_at = NULL WHERE signer_index % 5 <> 0;
UPDATE documents SET next_attempt_at = now() + interval '1 hour'
WHERE delivery_status = 'pending' AND signer_index <> 0;
UPDATE bulk_sends SET sent_count = 400;
WITH made AS (INSERT INTO organizations (name) SELECT 'Other' FROM generate_series(1, 500) RETURNING id)
INSERT INTO delivery_turns (organization_id, due_at) SELECT id, now() + interval '1 hour' FROM made;
ANALYZE
"""
