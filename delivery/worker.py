"""The delivery worker: claims due mail, sends it over idle connections, and records the results."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import uuid4

import structlog

from bulksend.db import deliveries
from bulksend.db.deliveries import ClaimedRow, OverdueRow
from bulksend.db.errors import UNREACHABLE
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, writing
from bulksend.delivery.circuit import Circuit
from bulksend.delivery.document_mail import DocumentMailer, composers
from bulksend.delivery.exception_logging import described
from bulksend.delivery.heartbeat import Heartbeat
from bulksend.delivery.in_flight_window import InFlightWindow
from bulksend.delivery.leases import Leases
from bulksend.delivery.metrics import EXPIRED, IN_FLIGHT, count
from bulksend.delivery.policy import Policy, expired, is_obsolete, is_overdue, obsolete, result
from bulksend.delivery.recorder import Recorder
from bulksend.delivery.refusal_evidence import RefusalEvidence
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.token_bucket import TokenBucket

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
# Due mail may be claimed by another worker at this moment.
BUSY_SECONDS: Final = 0.003
OVERDUE_AT_ONCE: Final = 100


class Worker:
    """Delivers the mail of a database, together with any number of other workers.

    The mailer and the notices are not closed.
    """

    def __init__(self, pool: Pool, notices: Notices, mailer: Mailer, links: SigningLinks, policy: Policy) -> None:
        self._pool = pool
        self._notices = notices
        self._mailer = mailer
        self._window = InFlightWindow(lambda: mailer.connections)
        self._policy = policy
        self._lease = timedelta(seconds=policy.lease)
        self._heartbeat = Heartbeat(pool, notices)
        self._leases = Leases(pool, self._lease)
        self._document_mailer = DocumentMailer(mailer, composers(links, policy), policy.sender)
        self._recorder = Recorder(pool, notices)
        self._circuit = Circuit(pool, notices, mailer, policy)
        self._evidence = RefusalEvidence()
        self._rate = TokenBucket(policy.smtp_rate)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._mending: asyncio.Task[bool] | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called, so that `run` ends."""
        return self._stopping.is_set()

    async def deliver_due(self) -> int:
        """Make one pass: claim mail for the idle connections, send and record it, and return how many were claimed."""
        async with self._heartbeat.beating():
            claimed = await self._claim_and_begin()
            await self._settle()
        await self._circuit.report()
        return claimed

    async def mend(self) -> bool:
        """Make one pass over an open circuit: probe the server if a probe is due; return whether it is available.

        While it is not, documents that have waited too long fail.
        """
        if not await self._circuit.take_probe():
            return False
        serves = await self._circuit.probe()
        if not serves:
            await self._fail_overdue()
        return serves

    async def run(self) -> None:
        """Deliver mail when it is due, until `stop`; send heartbeats until the mails in flight have ended too."""
        self._at_rest.clear()
        try:
            async with self._heartbeat.beating():
                while not self._stopping.is_set():
                    await self._step()
                await self._settle()
            await self._leave()
        finally:
            self._at_rest.set()

    async def stop(self, grace: float) -> bool:
        """Stop claiming; finish and record the mails whose content is begun, and return the others to the queue.

        Takes at most `grace` seconds. Return False if something was still in flight or unrecorded then: those
        documents are sent again once this worker is found dead.
        """
        self._stopping.set()
        self._mailer.stop()
        if self._mending:
            self._mending.cancel()
        self._window.wake()
        self._notices.work.set()
        try:
            async with asyncio.timeout(grace):
                await self._at_rest.wait()
                await self._settle()
        except TimeoutError:
            log.warning("delivery ends early", in_flight=len(self._in_flight), unrecorded=self._recorder.unrecorded)
            return False
        # Returned mails are due at once, for other workers.
        self._notices.work_is_due()
        return True

    async def _leave(self) -> None:
        with suppress(*UNREACHABLE):  # this worker is declared dead later, with nothing to take over
            await self._heartbeat.leave()

    async def _settle(self) -> None:
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        await self._recorder.flush()

    async def _step(self) -> None:
        try:
            if await self._has_room() and not await self._claim_and_begin():
                await self._rest()
        except Exception as error:
            # Delivery must continue after any error; usually the database is unavailable.
            log.warning("delivery pauses", **described(error))
            await _wait(self._stopping, POLL_SECONDS)

    async def _has_room(self) -> bool:
        has_room = await self._recorder.caught_up(POLL_SECONDS) and await self._window.wait(POLL_SECONDS)
        return has_room and not self._stopping.is_set()

    async def _claim_and_begin(self) -> int:
        await self._circuit.report()
        # Mails in flight and results that wait are never more in all than the connections and MOST_UNRECORDED.
        limit = self._rate.available(min(self._window.size, self._window.idle + self._recorder.room))
        if limit <= 0:
            return 0
        # Cleared before the claim: a later notice may be about mail that the claim does not see.
        self._notices.work.clear()
        self._window.begin_claim()
        claimed_at = time.monotonic()
        claimed = await self._claim(limit)
        self._window.end_claim(more_is_due=len(claimed) == limit)
        self._rate.spend(len(claimed))
        for document in claimed:
            self._begin(document, claimed_at)
        return len(claimed)

    async def _claim(self, limit: int) -> list[ClaimedRow]:
        while True:
            worker_id = await self._heartbeat.worker_id()
            async with self._pool.acquire() as conn:
                claimed = await deliveries.claim(
                    conn, worker_id=worker_id, lease_id=uuid4(), limit=limit, lease=self._lease
                )
            if claimed or not await self._settle_turn():
                return claimed

    async def _settle_turn(self) -> bool:
        async with writing(self._pool) as conn:
            return await deliveries.settle_turn(conn)

    def _begin(self, document: ClaimedRow, claimed_at: float) -> None:
        task = asyncio.create_task(self._deliver(document, claimed_at))
        self._in_flight.add(task)
        self._window.begin()
        task.add_done_callback(self._note_end)

    async def _deliver(self, document: ClaimedRow, claimed_at: float) -> None:
        if self._recorder.holds(document.id):
            # Its lease was lost before its result was recorded. That result counts, so that a sent mail is not sent
            # again.
            return
        if is_overdue(document, self._policy):
            self._expire(document)
        elif is_obsolete(document):
            self._recorder.add(document, obsolete(document))
        else:
            await self._send(document, claimed_at)

    async def _send(self, document: ClaimedRow, claimed_at: float) -> None:
        deadline = claimed_at + self._policy.begin_within
        with self._leases.keeping(document, claimed_at) as is_held:
            outcome = await self._document_mailer.send(
                document,
                deadline=deadline,
                may_begin=lambda: self._heartbeat.is_proven(document.worker_id) and is_held(),
            )
        outcome = self._evidence.judge(document.id, outcome)
        self._circuit.note(document.id, outcome, claimed_at)
        count(outcome)
        self._recorder.add(document, result(document, outcome, self._policy))

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        IN_FLIGHT.set(len(self._in_flight))
        self._window.end()
        if not self._in_flight:
            self._recorder.hurry()

    async def _rest(self) -> None:
        """Sleep until mail may be due: by a notice, or by time."""
        while True:
            is_busy = bool(self._in_flight)
            due_in = await self._due_in()
            is_noticed = await _wait(self._notices.work, max(due_in, self._rate.wait, BUSY_SECONDS))
            # Mails in flight may meet trouble that must be reported; otherwise a claim would find nothing.
            if is_noticed or is_busy or due_in < POLL_SECONDS:
                return

    async def _due_in(self) -> float:
        """Return the seconds until the next claim, after a probe if the circuit is open and one is due."""
        async with self._pool.acquire() as conn:
            outlook = await deliveries.outlook(conn)
        self._circuit.note_state(is_open=outlook.circuit_is_open)
        if outlook.circuit_is_open:
            await self._mend_unless_stopped()
            return min(self._policy.probe_interval, POLL_SECONDS)
        return POLL_SECONDS if outlook.wait is None else min(outlook.wait.total_seconds(), POLL_SECONDS)

    async def _mend_unless_stopped(self) -> None:
        if self._stopping.is_set():
            return
        self._mending = asyncio.create_task(self.mend())
        await asyncio.wait([self._mending])
        if not self._mending.cancelled():
            self._mending.result()

    async def _fail_overdue(self) -> None:
        while claimed := await self._claim_overdue():
            for document in claimed:
                self._expire(document)
            await self._recorder.flush()

    async def _claim_overdue(self) -> list[OverdueRow]:
        age = timedelta(seconds=self._policy.max_queue_age)
        worker_id = await self._heartbeat.worker_id()
        async with self._pool.acquire() as conn:
            return await deliveries.claim_overdue(
                conn,
                worker_id=worker_id,
                lease_id=uuid4(),
                limit=OVERDUE_AT_ONCE,
                lease=self._lease,
                max_queue_age=age,
            )

    def _expire(self, document: ClaimedRow | OverdueRow) -> None:
        EXPIRED.inc()
        self._recorder.add(document, expired(document))


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most this long, and return whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
