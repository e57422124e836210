"""A worker's use of the circuit breaker: it opens if the SMTP server fails, and one worker at a time probes."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from bulksend.db import circuit, deliveries
from bulksend.db.circuit import Trouble
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.delivery.mail.message import envelope_address
from bulksend.delivery.metrics import CIRCUIT_OPEN
from bulksend.delivery.policy import Policy
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import TOO_SLOW, Accepted, Outcome, ServerTrouble

log = structlog.get_logger(__name__)

# If a probing worker dies, another takes over this long after the probe should have ended.
PROBE_SLACK: Final = timedelta(seconds=2)


class Circuit:
    """The circuit breaker, as one worker uses it."""

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
        self._most_in_a_row = 2 * mailer.connections
        self._in_a_row: set[UUID] = set()

    def note(self, document_id: UUID, outcome: Outcome, began: float) -> None:
        """Keep trouble with the server until `report`. `began`: when the mail began, on `time.monotonic()`.

        A server that took MAIL may have trouble with that one mail only, and what one organization mails must not stop
        the others. So then it takes as many different mails in a row as one claim never has, nothing accepted between
        them: where others have mail due, theirs comes between.
        """
        if isinstance(outcome, Accepted):
            self._in_a_row.clear()
        if not isinstance(outcome, ServerTrouble):
            return
        if outcome.sender_accepted and not self._is_met_too_often(document_id):
            return
        if self._seen is None or began > self._seen[1]:
            self._seen = outcome, began

    def _is_met_too_often(self, document_id: UUID) -> bool:
        self._in_a_row.add(document_id)
        if len(self._in_a_row) < self._most_in_a_row:
            return False
        self._in_a_row.clear()
        return True

    async def report(self) -> None:
        """Open the circuit if trouble was seen; until this succeeds nothing more should be sent."""
        if not (seen := self._seen):
            return
        trouble, began = seen
        age = timedelta(seconds=time.monotonic() - began)
        async with self._pool.acquire() as conn:
            opened = await circuit.open_circuit(
                conn, trouble=_recorded(trouble), age=age, probe_interval=self._probe_interval
            )
        if self._seen is seen:
            self._seen = None
        if opened:
            CIRCUIT_OPEN.set(1)
            log.error("the mail server does not serve us", code=trouble.code, smtp_code=trouble.smtp_code)

    def note_state(self, *, is_open: bool) -> None:
        """Set the metric that shows whether the circuit is open."""
        CIRCUIT_OPEN.set(is_open)

    async def take_probe(self) -> bool:
        """Lease the probe, and return True, if the circuit is open and a probe is due."""
        async with self._pool.acquire() as conn:
            return await circuit.take_probe(conn, lease=self._probe_lease)

    async def probe(self) -> bool:
        """Probe the server and return whether it is available; if so, close the circuit and notify all workers."""
        trouble = await self._probe()
        if trouble:
            await self._keep_open(trouble)
        else:
            await self._close()
        return trouble is None

    async def _probe(self) -> ServerTrouble | None:
        recipient = await self._recipient()
        try:
            async with asyncio.timeout(self._probe_timeout):
                return await self._mailer.probe(self._sender, recipient)
        except TimeoutError:
            return TOO_SLOW

    async def _recipient(self) -> str | None:
        """Return a recipient of a waiting mail: a server may reject the sender only after RCPT."""
        async with self._pool.acquire() as conn:
            address = await deliveries.sample_recipient(conn)
        with suppress(ValueError):
            return envelope_address(address) if address else None
        return None

    async def _keep_open(self, trouble: ServerTrouble) -> None:
        log.warning("the mail server still does not serve", code=trouble.code, smtp_code=trouble.smtp_code)
        async with self._pool.acquire() as conn:
            await circuit.keep_open(conn, trouble=_recorded(trouble), probe_interval=self._probe_interval)

    async def _close(self) -> None:
        async with self._pool.acquire() as conn:
            await circuit.close_circuit(conn)
        CIRCUIT_OPEN.set(0)
        log.info("the mail server serves again")
        self._notices.work_is_due()


def _recorded(trouble: ServerTrouble) -> Trouble:
    return Trouble(trouble.code, trouble.message, trouble.smtp_code)
