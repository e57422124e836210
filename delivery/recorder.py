"""Recording the results of mails, in a batch for each bulk send, with retries until it succeeds."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from uuid import UUID

import structlog

from bulksend.db import deliveries, ids
from bulksend.db.deliveries import ClaimedRow, OverdueRow, Result
from bulksend.db.errors import TRANSIENT, UNREACHABLE
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool, writing
from bulksend.delivery.exception_logging import described
from bulksend.delivery.metrics import UNRECORDED

log = structlog.get_logger(__name__)

FLUSH_SECONDS: Final = 0.05
MOST_TOGETHER: Final = 20
# With this many results waiting no mail is begun, which limits the mails that are sent twice after a kill.
MOST_UNRECORDED: Final = 2 * MOST_TOGETHER
TRANSACTIONS_AT_ONCE: Final = 3
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.5
DATABASE_GONE: Final = (*UNREACHABLE, OSError)

BulkSendKey: TypeAlias = tuple[UUID, UUID]


@dataclass(slots=True)
class Lane:
    """Results of a bulk send for the next transaction; `full`: set when it need not wait for more."""

    results: list[Result] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)


class Recorder:
    """Records results, one transaction for each bulk send, within 50 ms or 20 mails.

    No result is dropped while the process runs. A batch that the database refuses is retried one document at a time, so
    that a single row cannot block the others.
    """

    def __init__(self, pool: Pool, notices: Notices) -> None:
        self._pool = pool
        self._notices = notices
        self._lanes: dict[BulkSendKey, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transactions = asyncio.Semaphore(TRANSACTIONS_AT_ONCE)
        self._unrecorded: Counter[UUID] = Counter()
        self._refused: set[UUID] = set()
        self._database_gone = False
        self._caught_up = asyncio.Event()
        self._empty = asyncio.Event()
        self._look()

    @property
    def unrecorded(self) -> int:
        """The number of results that wait to be recorded."""
        return self._unrecorded.total()

    @property
    def room(self) -> int:
        """The number of results that may still be added before no mail is begun; refused ones do not count."""
        return MOST_UNRECORDED - len(self._unrecorded) + len(self._refused)

    def holds(self, document_id: UUID) -> bool:
        """Return whether a result of this document waits to be recorded."""
        return document_id in self._unrecorded

    def add(self, document: ClaimedRow | OverdueRow, result: Result) -> None:
        """Record a result soon."""
        self._unrecorded[result.document_id] += 1
        lane = self._lane((document.organization_id, document.bulk_send_id))
        lane.results.append(result)
        if len(lane.results) >= MOST_TOGETHER:
            lane.full.set()
        self._look()

    def hurry(self) -> None:
        """Record partially filled batches now."""
        for lane in self._lanes.values():
            lane.full.set()

    async def flush(self) -> None:
        """Wait until every result is recorded, except those that the database refuses."""
        self.hurry()
        await self._empty.wait()

    async def caught_up(self, seconds: float) -> bool:
        """Wait until there is room for results, at most this long, and return whether new mail may be begun."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._caught_up.wait()
        return self._caught_up.is_set()

    def _lane(self, key: BulkSendKey) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane()
            self._start(self._serve(key, lane))
        return lane

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: BulkSendKey, lane: Lane) -> None:
        while lane.results:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await lane.full.wait()
            lane.full.clear()
            results, lane.results = lane.results, []
            await self._record(key, results)
        del self._lanes[key]

    async def _record(self, key: BulkSendKey, results: Sequence[Result]) -> None:
        for pause in pauses():
            try:
                await self._write(key, results)
                break
            except TRANSIENT as error:
                log.info("results are tried again", **described(error))
            except DATABASE_GONE as error:
                self._note_database_gone(error)
            except Exception as error:
                log.error("results are refused", bulk_send=ids.encode(ids.BULK_SEND, key[1]), **described(error))
                if len(results) > 1:
                    self._record_apart(key, results)
                    return
                self._note_refused(results[0])
            await asyncio.sleep(pause)
        self._note_recorded(key, results)

    async def _write(self, key: BulkSendKey, results: Sequence[Result]) -> None:
        organization_id, bulk_send_id = key
        async with self._transactions, writing(self._pool) as conn:
            await deliveries.record(conn, organization_id=organization_id, bulk_send_id=bulk_send_id, results=results)

    def _record_apart(self, key: BulkSendKey, results: Sequence[Result]) -> None:
        for result in results:
            self._start(self._record(key, [result]))

    def _note_recorded(self, key: BulkSendKey, results: Sequence[Result]) -> None:
        self._unrecorded -= Counter(result.document_id for result in results)
        self._refused.difference_update(result.document_id for result in results)
        if self._database_gone:
            log.info("the database records again")
        self._database_gone = False
        self._look()
        self._notices.changed(*key)

    def _note_database_gone(self, error: BaseException) -> None:
        if not self._database_gone:
            log.warning("the database is gone", unrecorded=self.unrecorded, **described(error))
        self._database_gone = True
        self._look()

    def _note_refused(self, result: Result) -> None:
        self._refused.add(result.document_id)
        self._look()

    def _look(self) -> None:
        UNRECORDED.set(self.unrecorded)
        _set(self._caught_up, self.room > 0 and not self._database_gone)
        _set(self._empty, self.room == MOST_UNRECORDED)


def pauses() -> Iterator[float]:
    """Yield the pauses between tries, endlessly."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def _set(event: asyncio.Event, value: bool) -> None:
    if value:
        event.set()
    else:
        event.clear()
