"""Renewal of the leases of mails in flight, since an SMTP server may take longer to reply than a lease lasts."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from bulksend.db import deliveries
from bulksend.db.deliveries import ClaimedRow
from bulksend.db.pool import Pool
from bulksend.delivery.exception_logging import described

log = structlog.get_logger(__name__)

# Fraction of the lease: one renewal may fail, and results have this long to be recorded.
RENEWAL_PART: Final = 1 / 3
# Fraction of the lease: nothing is begun later than this after the last renewal.
BEGIN_PART: Final = 2 / 3


@dataclass(slots=True)
class Held:
    """A leased document, and the time from which its lease certainly counts, on `time.monotonic()`."""

    document: ClaimedRow
    since: float


class Leases:
    """A worker's leases, renewed while their mails are in flight."""

    def __init__(self, pool: Pool, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease
        self._kept: dict[UUID, Held] = {}
        self._renewing: asyncio.Task[None] | None = None

    @contextmanager
    def keeping(self, document: ClaimedRow, claimed_at: float) -> Iterator[Callable[[], bool]]:
        """Renew this document's lease during the block; yield a function that returns whether its mail may be begun."""
        held = self._kept[document.id] = Held(document, claimed_at)
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew_repeatedly())
        try:
            yield partial(self._is_held, held)
        finally:
            self._let_go(held)

    def _is_held(self, held: Held) -> bool:
        return time.monotonic() < held.since + self._lease.total_seconds() * BEGIN_PART

    def _let_go(self, held: Held) -> None:
        # This worker may have lost the lease and claimed the document anew: then the later lease stays.
        if self._kept.get(held.document.id) is held:
            del self._kept[held.document.id]
        if not self._kept and self._renewing:
            self._renewing.cancel()
            self._renewing = None

    async def _renew_repeatedly(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() * RENEWAL_PART)
            try:
                await self._renew()
            except Exception as error:
                log.warning("leases are not renewed", **described(error))

    async def _renew(self) -> None:
        began = time.monotonic()
        kept = dict(self._kept)
        async with self._pool.acquire() as conn:
            documents = [held.document for held in kept.values()]
            renewed = await deliveries.renew(conn, held=documents, lease=self._lease)
        for document_id in renewed:
            kept[document_id].since = began
