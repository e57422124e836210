"""Keeping the leases of mails in flight: the server may take longer for its last answer than a lease lasts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from bulksend.db import deliveries
from bulksend.db.deliveries import ClaimedRow
from bulksend.db.pool import Pool
from bulksend.delivery.exception_logging import described

log = structlog.get_logger(__name__)

# Of the lease: one renewal may fail, and what ends right before the next has this long to be recorded.
RENEWAL_PART: Final = 1 / 3


class Leases:
    """One worker's leases, renewed for as long as their mails are in flight.

    Renewing needs no look at whether the content is begun: what is not by its deadline is in flight no more.
    """

    def __init__(self, pool: Pool, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease
        self._kept: dict[UUID, ClaimedRow] = {}
        self._renewing: asyncio.Task[None] | None = None

    @contextmanager
    def keeping(self, document: ClaimedRow) -> Iterator[None]:
        """Keep this document's lease during the block."""
        self._kept[document.id] = document
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew_for_ever())
        try:
            yield
        finally:
            self._let_go(document)

    def _let_go(self, document: ClaimedRow) -> None:
        # Its lease was lost and claimed anew by this worker itself: the later one is another's to end.
        if self._kept.get(document.id) is document:
            del self._kept[document.id]
        if not self._kept and self._renewing:
            self._renewing.cancel()
            self._renewing = None

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() * RENEWAL_PART)
            try:
                await self._renew()
            except Exception as error:
                log.warning("leases are not renewed", **described(error))

    async def _renew(self) -> None:
        async with self._pool.acquire() as conn:
            await deliveries.renew(conn, held=list(self._kept.values()), lease=self._lease)
