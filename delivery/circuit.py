"""The circuit as a worker uses it: opens it on trouble with the server, and probes when that is its turn."""

import asyncio
import time
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from bulksend.db import circuit
from bulksend.db.circuit import Trouble
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.delivery.metrics import CIRCUIT_OPEN
from bulksend.delivery.policy import Policy
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import TOO_SLOW, Accepted, Outcome, ServerTrouble

log = structlog.get_logger(__name__)

# A prober that dies is replaced this long after its probe should have ended.
PROBE_SLACK: Final = timedelta(seconds=2)


class Circuit:
    """One worker's hand on the circuit that its database keeps for all of them."""

    def __init__(self, pool: Pool, notices: Notices, mailer: Mailer, policy: Policy) -> None:
        self._pool = pool
        self._notices = notices
        self._mailer = mailer
        self._sender = policy.sender
        self._probe_timeout = policy.probe_timeout
        self._probe_interval = timedelta(seconds=policy.probe_interval)
        self._probe_lease = timedelta(seconds=policy.probe_timeout) + PROBE_SLACK
        self._seen: tuple[ServerTrouble, float] | None = None
        # A claim is for at most one and a half times the connections (InFlightWindow).
        self._most_drawing = 2 * mailer.connections
        self._drawing: set[UUID] = set()

    def see(self, document_id: UUID, outcome: Outcome, began: float) -> None:
        """Remember what ails the server, seen by a mail begun at `began` on `time.monotonic()`, until `report`.

        A server that took MAIL may have trouble with that one mail only, and what one organization mails must not stop
        the others. So then it takes as many different mails in a row as one claim never has, nothing accepted between
        them: where others have mail due, theirs comes between.
        """
        if isinstance(outcome, Accepted):
            self._drawing.clear()
        if not isinstance(outcome, ServerTrouble):
            return
        if outcome.sender_accepted and not self._draws_too_often(document_id):
            return
        if self._seen is None or began > self._seen[1]:
            self._seen = outcome, began

    def _draws_too_often(self, document_id: UUID) -> bool:
        self._drawing.add(document_id)
        if len(self._drawing) < self._most_drawing:
            return False
        self._drawing.clear()
        return True

    async def report(self) -> None:
        """Open the circuit if trouble was seen; until this succeeds nothing more should be sent."""
        if not (seen := self._seen):
            return
        trouble, began = seen
        age = timedelta(seconds=time.monotonic() - began)
        async with self._pool.acquire() as conn:
            opened = await circuit.open_circuit(
                conn, trouble=_told(trouble), age=age, probe_interval=self._probe_interval
            )
        if self._seen is seen:
            self._seen = None
        if opened:
            log.error("the mail server does not serve", code=trouble.code, smtp_code=trouble.smtp_code)

    async def is_open(self) -> bool:
        """Whether all workers wait for the server."""
        async with self._pool.acquire() as conn:
            state = await circuit.circuit_state(conn)
        CIRCUIT_OPEN.set(state is not None)
        return state is not None

    async def take_probe(self) -> bool:
        """Become the one who asks the server, if the circuit is open and it is time to."""
        async with self._pool.acquire() as conn:
            return await circuit.take_probe(conn, lease=self._probe_lease)

    async def probe(self) -> bool:
        """Ask the server and give whether it serves; it does: the circuit is closed and everybody told."""
        trouble = await self._probe()
        if trouble:
            await self._keep_open(trouble)
        else:
            await self._close()
        return trouble is None

    async def _probe(self) -> ServerTrouble | None:
        try:
            async with asyncio.timeout(self._probe_timeout):
                return await self._mailer.probe(self._sender)
        except TimeoutError:
            return TOO_SLOW

    async def _keep_open(self, trouble: ServerTrouble) -> None:
        log.warning("the mail server still does not serve", code=trouble.code, smtp_code=trouble.smtp_code)
        async with self._pool.acquire() as conn:
            await circuit.keep_open(conn, trouble=_told(trouble), probe_interval=self._probe_interval)

    async def _close(self) -> None:
        async with self._pool.acquire() as conn:
            await circuit.close_circuit(conn)
        CIRCUIT_OPEN.set(0)
        log.info("the mail server serves again")
        self._notices.work_is_due()


def _told(trouble: ServerTrouble) -> Trouble:
    return Trouble(trouble.code, trouble.message, trouble.smtp_code)
