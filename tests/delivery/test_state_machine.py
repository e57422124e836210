"""Creates, passes, faults, crashes, cancels, retries and deletes in any order keep every guarantee."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support.bulk_sends import Sent, create, miscounted, new_organization, pass_time
from support.smtp.sink import Phase, SmtpSink
from support.workers import POLICY, Delivery, delivery_to

from bulksend.db import bulk_sends, deliveries, ids, workers
from bulksend.db.deliveries import ClaimedRow, Result
from bulksend.db.pool import Pool, open_pool, writing

Answer = TypeVar("Answer")

LEASE = 60.0
DAY = 86_400.0
LADDER = replace(POLICY, lease=LEASE, retry_delays=(10, 20), max_queue_age=DAY, probe_interval=0)
REFUSALS = [
    (Phase.RCPT, 550),
    (Phase.RCPT, 450),
    (Phase.RCPT, 421),
    (Phase.DATA, 451),
    (Phase.MESSAGE, 554),
    (Phase.MESSAGE, 452),
    (Phase.MAIL, 451),
    (Phase.CONNECT, 554),
]
DROPS = [(Phase.RCPT, False), (Phase.CONTENT, False), (Phase.MESSAGE, False), (Phase.MESSAGE, True)]
SETTINGS = settings(
    max_examples=40, stateful_step_count=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


@dataclass(frozen=True)
class State:
    """A document as stored in the database."""

    id: UUID
    delivery_status: str
    deleted: bool

    @property
    def may_be_mailed(self) -> bool:
        return self.delivery_status == "pending" and not self.deleted


class World:
    """A database, an SMTP server and two workers, on an event loop of their own."""

    def __init__(self, dsn: str) -> None:
        self.runner = asyncio.Runner()
        self.sink = SmtpSink()
        self.workers: list[Delivery] = []
        self.organizations: list[tuple[UUID, UUID]] = []
        self.pool: Pool
        self._dsn = dsn
        self._stack = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.runner.run(work)

    async def open(self) -> None:
        self.pool = await self._stack.enter_async_context(open_pool(self._dsn))
        await self._stack.enter_async_context(self.sink)
        for _ in range(2):
            delivery = delivery_to(self.sink, self.pool, self._dsn, LADDER, connections=2)
            self.workers.append(await self._stack.enter_async_context(delivery))

    async def begin(self) -> None:
        """Start from an empty state."""
        self.sink.forgive()
        self.sink.mails.clear()
        await self.pool.execute(_EMPTY)
        async with self.pool.acquire() as conn:
            self.organizations = [await new_organization(conn, name) for name in ("Acme", "Globex")]

    async def close(self) -> None:
        await self.pool.execute(_EMPTY)
        await self._stack.aclose()

    async def create(self, organization: int, size: int) -> Sent:
        emails = [f"signer{number}@example.com" for number in range(size)]
        async with self.pool.acquire() as conn:
            return await create(conn, *self.organizations[organization], emails)

    async def deliver(self, *workers: int) -> None:
        await asyncio.gather(*(self.workers[worker].worker.deliver_due() for worker in workers))

    async def claim(self, limit: int) -> list[ClaimedRow]:
        async with self.pool.acquire() as conn:
            return await deliveries.claim(
                conn,
                worker_id=await workers.register(conn),
                lease_id=uuid4(),
                limit=limit,
                lease=timedelta(seconds=LEASE),
            )

    async def record(self, row: ClaimedRow, result: Result) -> None:
        async with writing(self.pool) as conn:
            await deliveries.record(
                conn, organization_id=row.organization_id, bulk_send_id=row.bulk_send_id, results=[result]
            )

    async def cancel(self, sent: Sent) -> None:
        async with writing(self.pool) as conn:
            if await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id):
                await bulk_sends.cancel(
                    conn, organization_id=sent.organization_id, bulk_send_id=sent.id, reply_wait=timedelta()
                )

    async def delete(self, sent: Sent) -> None:
        async with writing(self.pool) as conn:
            if await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id):
                await bulk_sends.delete(conn, organization_id=sent.organization_id, bulk_send_id=sent.id)

    async def retry(self, sent: Sent) -> None:
        async with writing(self.pool) as conn:
            if await bulk_sends.lock(conn, organization_id=sent.organization_id, bulk_send_id=sent.id):
                await bulk_sends.retry(
                    conn, organization_id=sent.organization_id, bulk_send_id=sent.id, document_ids=None
                )
                await deliveries.ask_turn(conn, organization_id=sent.organization_id)

    async def finish(self) -> None:
        """Remove all faults and let time pass until nothing is pending."""
        self.sink.forgive()
        for _ in range(60):
            await self.workers[0].worker.mend()
            await self.deliver(0)
            await pass_time(self.pool, LEASE)
            if not any(state.may_be_mailed for state in (await self.states()).values()):
                return
        raise AssertionError("something is pending for ever")

    async def states(self) -> dict[UUID, State]:
        return {row["id"]: State(*row) for row in await self.pool.fetch(_STATES)}

    async def miscounted(self) -> list[UUID]:
        async with self.pool.acquire() as conn:
            return await miscounted(conn)

    def mailed(self) -> Counter[UUID]:
        """Return how often each document's mail arrived."""
        message_ids = [str(mail.parsed["Message-ID"]) for mail in self.sink.mails]
        return Counter(ids.decode("doc", text[1:].partition("@")[0]) for text in message_ids)


class DeliveryMachine(RuleBasedStateMachine):
    """Actions of users, workers, servers and faults, in any order."""

    bulk_sends: Bundle[Sent] = Bundle("bulk_sends")
    held: Bundle[list[ClaimedRow]] = Bundle("held")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.states: dict[UUID, State] = {}
        self.mailable: set[UUID] = set()
        self.mailed: Counter[UUID] = Counter()
        self.told_sent: set[UUID] = set()
        self.unsaid = 0
        world.run(world.begin())

    @rule(target=bulk_sends, organization=st.integers(0, 1), size=st.integers(1, 5))
    def create(self, organization: int, size: int) -> Sent:
        return self.world.run(self.world.create(organization, size))

    @rule(worker=st.integers(0, 1))
    def deliver(self, worker: int) -> None:
        self.world.run(self.world.deliver(worker))

    @rule()
    def deliver_together(self) -> None:
        self.world.run(self.world.deliver(0, 1))

    @rule(worker=st.integers(0, 1))
    def mend(self, worker: int) -> None:
        self.world.run(self.world.workers[worker].worker.mend())

    @rule(refusal=st.sampled_from(REFUSALS), times=st.integers(1, 3))
    def refuse(self, refusal: tuple[Phase, int], times: int) -> None:
        self.world.sink.refuse(*refusal, "Not today", times=times)

    @rule(drop=st.sampled_from(DROPS))
    def drop(self, drop: tuple[Phase, bool]) -> None:
        phase, stored = drop
        self.world.sink.drop(phase, times=1, stored=stored)
        self.unsaid += stored

    @rule()
    def forgive(self) -> None:
        self.world.sink.forgive()

    @rule(seconds=st.sampled_from([12.0, 25.0, LEASE, DAY]))
    def pass_time(self, seconds: float) -> None:
        self.world.run(pass_time(self.world.pool, seconds))

    @rule(target=held, limit=st.integers(1, 4))
    def claim_and_hang(self, limit: int) -> list[ClaimedRow]:
        """Claim as a worker that dies, or that hangs until its results come late."""
        return self.world.run(self.world.claim(limit))

    @rule(rows=consumes(held), outcome=st.sampled_from(["sent", "failed", "pending"]))
    def come_back_late(self, rows: list[ClaimedRow], outcome: str) -> None:
        for row in rows:
            self.world.run(self.world.record(row, _late(row, outcome)))
            if outcome == "sent":
                self.told_sent.add(row.id)

    @rule(sent=bulk_sends)
    def cancel(self, sent: Sent) -> None:
        self.world.run(self.world.cancel(sent))

    @rule(sent=bulk_sends)
    def retry(self, sent: Sent) -> None:
        self.world.run(self.world.retry(sent))

    @rule(sent=bulk_sends)
    def delete(self, sent: Sent) -> None:
        self.world.run(self.world.delete(sent))

    @rule(sent=bulk_sends, deed=st.sampled_from([World.cancel, World.delete]))
    def race_with_a_pass(self, sent: Sent, deed: Callable[[World, Sent], Awaitable[None]]) -> None:
        async def race() -> None:
            await asyncio.gather(self.world.deliver(0, 1), deed(self.world, sent))

        self.world.run(race())

    @invariant()
    def every_promise_is_kept(self) -> None:
        states, mailed = self.world.run(self.world.states()), self.world.mailed()
        assert self.world.run(self.world.miscounted()) == []
        self._check_mails(mailed)
        self._check_told(states, mailed)
        self.states, self.mailed = states, mailed
        self.mailable = {state.id for state in states.values() if state.may_be_mailed}

    def teardown(self) -> None:
        self.world.run(self.world.finish())
        self.every_promise_is_kept()

    def _check_mails(self, mailed: Counter[UUID]) -> None:
        """Check that only pending documents are mailed, and twice only if the server accepted one without replying."""
        assert set(mailed - self.mailed) <= self.mailable
        assert mailed.total() - len(mailed) <= self.unsaid

    def _check_told(self, states: dict[UUID, State], mailed: Counter[UUID]) -> None:
        """Check that documents reported as sent were mailed and stay sent, and that mailed ones are reported."""
        told = {state.id for state in states.values() if state.delivery_status == "sent"}
        assert told >= {state.id for state in self.states.values() if state.delivery_status == "sent"}
        assert self.told_sent <= told <= set(mailed) | self.told_sent
        assert len(set(mailed) - told) <= self.unsaid


def _late(row: ClaimedRow, outcome: str) -> Result:
    if outcome == "sent":
        return Result(row.id, row.lease_id, "sent")
    if outcome == "failed":
        return Result(row.id, row.lease_id, "failed", error_code="MESSAGE_REFUSED", error_message="No")
    return Result(row.id, row.lease_id, "pending", attempts=0)


@pytest.fixture
def world(dsn: str) -> Iterator[World]:
    world = World(dsn)
    world.run(world.open())
    yield world
    world.run(world.close())
    world.runner.close()


def test_every_promise_is_kept_whatever_happens(world: World) -> None:
    class Machine(DeliveryMachine):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Machine, settings=SETTINGS)


_EMPTY = """
ALTER TABLE events DISABLE TRIGGER events_append_only; DELETE FROM events;
ALTER TABLE events ENABLE TRIGGER events_append_only; DELETE FROM sealed_pdfs;
DELETE FROM workers; DELETE FROM smtp_circuit; DELETE FROM delivery_turns; DELETE FROM documents;
DELETE FROM bulk_sends; DELETE FROM templates; DELETE FROM bulk_send_rates; DELETE FROM organizations
"""
_STATES = "SELECT id, delivery_status, deleted_at IS NOT NULL AS deleted FROM documents"
