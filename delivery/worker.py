"""The delivery worker: claims mail that is due, sends it over idle connections, and has the results recorded."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import uuid4

import structlog

from bulksend.db import deliveries
from bulksend.db.deliveries import ClaimedRow
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, writing
from bulksend.delivery.faults import described
from bulksend.delivery.links import SigningLinks
from bulksend.delivery.policy import Policy, expired, is_overdue, result
from bulksend.delivery.recorder import Recorder
from bulksend.delivery.sending import Sending
from bulksend.delivery.smtp import Mailer

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
# What is due now may be another worker's at this moment.
BUSY_SECONDS: Final = 0.01
# A claim for several connections costs the same as for one, so it is worth waiting for some to become idle; not for
# long, because those that remain may be stuck.
LINGER_SECONDS: Final = 0.005
# The content is begun within this part of the lease, counted from before the claim (DESIGN 7).
CONTENT_PART: Final = 1 / 3


class Worker:
    """Delivers the mail of one database. Any number of workers may share it.

    The mailer and the notices are this worker's to use and not to close.
    """

    def __init__(self, pool: Pool, notices: Notices, mailer: Mailer, links: SigningLinks, policy: Policy) -> None:
        self._pool = pool
        self._notices = notices
        self._mailer = mailer
        self._policy = policy
        self._sending = Sending(mailer, links, policy)
        self._recorder = Recorder(pool, notices)
        self._circuit = Circuit(pool, notices, mailer, policy)
        self._pace = Pace(policy.smtp_rate)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._mail_ended = asyncio.Event()
        self._stopping = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._backlog = False

    async def deliver_due(self) -> int:
        """Make one pass: claim mail for the idle connections, send it, record it, and give how many were claimed."""
        claimed = await self._claim_and_begin()
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        await self._recorder.flush()
        return claimed

    async def run(self) -> None:
        """Deliver whatever is or comes due, until `stop`."""
        self._at_rest.clear()
        try:
            while not self._stopping.is_set():
                await self._step()
        finally:
            self._at_rest.set()

    async def stop(self, grace: float) -> bool:
        """Claim nothing more; end and record the mails whose content is begun, give the others back.

        Takes at most `grace` seconds. Gives False if something was still in flight or unrecorded then: those
        documents are sent again when their leases end.
        """
        self._stopping.set()
        self._mailer.stop()
        self._mail_ended.set()
        self._notices.work.set()
        try:
            async with asyncio.timeout(grace):
                await self._settle()
        except TimeoutError:
            log.warning("delivery ends early", in_flight=len(self._in_flight), unrecorded=self._recorder.unrecorded)
            return False
        # What was given back is due at once, for the others.
        self._notices.work_is_due()
        return True

    async def _settle(self) -> None:
        await self._at_rest.wait()
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        await self._recorder.flush()

    async def _step(self) -> None:
        try:
            if await self._has_room() and not await self._claim_and_begin():
                await self._rest()
        except Exception as error:
            # Whatever it is, mail must go on afterwards. Most often the database is away.
            log.warning("delivery pauses", **described(error))
            await _wait(self._stopping, POLL_SECONDS)

    async def _has_room(self) -> bool:
        if not await self._recorder.caught_up(POLL_SECONDS):
            return False
        if not self._mailer.idle:
            self._mail_ended.clear()
            await _wait(self._mail_ended, POLL_SECONDS)
        if self._backlog:
            await self._linger()
        return self._mailer.idle > 0 and not self._stopping.is_set()

    async def _linger(self) -> None:
        end = time.monotonic() + LINGER_SECONDS
        while self._mailer.idle < len(self._in_flight) and (left := end - time.monotonic()) > 0:
            self._mail_ended.clear()
            await _wait(self._mail_ended, left)

    async def _claim_and_begin(self) -> int:
        limit = self._mailer.idle
        if not limit:
            return 0
        # Before the claim: a notice that comes from now on is of something it may have missed.
        self._notices.work.clear()
        deadline = time.monotonic() + self._policy.lease * CONTENT_PART
        claimed = await self._claim(limit)
        await self._begin(claimed, deadline)
        self._backlog = len(claimed) == limit
        return len(claimed)

    async def _claim(self, limit: int) -> list[ClaimedRow]:
        lease = timedelta(seconds=self._policy.lease)
        async with writing(self._pool) as conn:
            return await deliveries.claim(conn, lease_id=uuid4(), limit=limit, lease=lease)

    async def _begin(self, claimed: Sequence[ClaimedRow], deadline: float) -> None:
        for document in claimed:
            task = asyncio.create_task(self._deliver(document, deadline))
            self._in_flight.add(task)
            task.add_done_callback(self._note_end)
            # Writing a mail takes 0.3 ms in which nobody else is served: one at a time.
            await asyncio.sleep(0)

    async def _deliver(self, document: ClaimedRow, deadline: float) -> None:
        if self._recorder.holds(document.id):
            # The lease was lost before its result could be recorded. That one counts; what was sent stays sent.
            return
        if is_overdue(document, self._policy):
            self._recorder.add(document, expired(document))
            return
        outcome = await self._sending.send(document, deadline)
        self._recorder.add(document, result(document, outcome, self._policy))

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._mail_ended.set()
        if not self._in_flight:
            self._recorder.hurry()

    async def _rest(self) -> None:
        """Sleep until something may be due: a notice says so, or its time comes."""
        async with self._pool.acquire() as conn:
            wait = await deliveries.next_due(conn)
        seconds = POLL_SECONDS if wait is None else min(wait.total_seconds(), POLL_SECONDS)
        await _wait(self._notices.work, max(seconds, BUSY_SECONDS))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
