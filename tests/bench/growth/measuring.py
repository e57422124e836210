"""Measure in rounds over all databases, so that noise of the machine affects all alike, and count pages.

Page counts are free of noise. PostgreSQL counts what each connection accesses (`pg_stat_get_backend_io`, `…_wal`): the
same as the shared hits and reads of EXPLAIN, plus the checks of foreign keys.
"""

import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bench.growth.filling import database
from bench.growth.operations import OPERATIONS, Operation
from bench.growth.shape import Shape
from bench.growth.subject import Subject

from bulksend.db.pool import Pool, open_pool

SEED: Final = 30_000
WARM_UP: Final = 10  # more than the 5 custom plans after which PostgreSQL may switch to a generic one
COUNTED: Final = 20
TIDY_TIMEOUT: Final = 600.0
PLANS: Final = ("auto", "force_generic_plan", "force_custom_plan")


@dataclass(slots=True)
class Measured:
    """One operation on one database: milliseconds of each call, and the median pages and WAL per call.

    `page_images`: how many full pages were written to the WAL, as the first change after a checkpoint requires.
    """

    shape: Shape
    operation: str
    milliseconds: list[float] = field(default_factory=list)
    pages: dict[str, float] = field(default_factory=dict)
    wal_kilobytes: float = 0.0
    page_images: float = 0.0

    @property
    def median(self) -> float:
        """The median of all calls, in milliseconds."""
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        """The 95th percentile of all calls, in milliseconds."""
        return statistics.quantiles(self.milliseconds, n=20, method="inclusive")[-1]


@dataclass(frozen=True, slots=True)
class Counters:
    """Pages accessed and WAL written by a connection so far."""

    pages: int
    wal_bytes: int
    page_images: int


@dataclass(frozen=True, slots=True)
class Case:
    """One operation on one database, and its measurements."""

    subject: Subject
    operation: Operation
    measured: Measured


async def measure(server_dsn: str, shapes: Sequence[Shape], rounds: int) -> list[Measured]:
    """Measure every operation on every database: first times, then pages."""
    async with _cases(server_dsn, shapes) as cases:
        await _tidy(cases)
        for case in cases:
            await _times(case, WARM_UP)
            case.measured.milliseconds.clear()
        chance = random.Random(SEED)
        for _ in range(rounds):
            for case in chance.sample(cases, len(cases)):
                await _times(case, case.operation.times)
        await _tidy(cases)
        for case in cases:
            await _pages(case)
        return [case.measured for case in cases]


@asynccontextmanager
async def _cases(server_dsn: str, shapes: Sequence[Shape]) -> AsyncIterator[list[Case]]:
    async with AsyncExitStack() as stack:
        cases = []
        for shape in shapes:
            dsn = database(server_dsn, shape.database)
            # One connection, so that all calls to a database use the same prepared statements.
            pool = await stack.enter_async_context(open_pool(dsn, min_size=1, max_size=1))
            subject = await Subject.of(pool, SEED)
            cases += [Case(subject, operation, Measured(shape, name)) for name, operation in OPERATIONS.items()]
        yield cases


async def _tidy(cases: Sequence[Case]) -> None:
    """Vacuum, analyze and checkpoint, so that all measurements start from the same state."""
    for pool in {case.subject.pool for case in cases}:
        await pool.execute("VACUUM (INDEX_CLEANUP ON, ANALYZE)", timeout=TIDY_TIMEOUT)
        await pool.execute("CHECKPOINT", timeout=TIDY_TIMEOUT)


async def _times(case: Case, times: int) -> None:
    for _ in range(times):
        work = case.operation.prepare(case.subject)
        before = time.perf_counter()
        undo = await work()
        case.measured.milliseconds.append((time.perf_counter() - before) * 1000)
        await undo()


async def _pages(case: Case) -> None:
    """Count pages under the plans that PostgreSQL chooses, then under each plan cache mode."""
    pool, measured = case.subject.pool, case.measured
    for plans in PLANS:
        await pool.execute(f"SET plan_cache_mode = {plans}")
        counted = [await _count(case) for _ in range(COUNTED)]
        measured.pages[plans] = statistics.median(one.pages for one in counted)
        if plans == "auto":
            measured.wal_kilobytes = statistics.median(one.wal_bytes for one in counted) / 1000
            measured.page_images = statistics.median(one.page_images for one in counted)
    await pool.execute("RESET plan_cache_mode")


async def _count(case: Case) -> Counters:
    """Return how many pages (of 8 kB, in memory or not) one call accesses, and what it writes to the WAL."""
    work = case.operation.prepare(case.subject)
    before = await _so_far(case.subject.pool)
    undo = await work()
    after = await _so_far(case.subject.pool)
    await undo()
    return Counters(
        after.pages - before.pages, after.wal_bytes - before.wal_bytes, after.page_images - before.page_images
    )


async def _so_far(pool: Pool) -> Counters:
    await pool.execute("SELECT pg_stat_force_next_flush()")
    row = await pool.fetchrow(_SO_FAR)
    assert row
    return Counters(*row)


_SO_FAR: Final = """
SELECT pages.looked_at, wal.wal_bytes::bigint, wal.wal_fpi
FROM pg_stat_get_backend_wal(pg_backend_pid()) AS wal
CROSS JOIN (
    SELECT sum(hits + reads)::bigint AS looked_at
    FROM pg_stat_get_backend_io(pg_backend_pid())
    WHERE object = 'relation'
) AS pages
"""
