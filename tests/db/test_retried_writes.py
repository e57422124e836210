"""A write is retried after a transient failure as long as there is time to answer its caller."""

from types import SimpleNamespace

import asyncpg
import pytest

from bulksend.db import pool as pool_module
from bulksend.db.pool import Connection, Pool, write

LOCK_SECONDS = 2.0


class FailingWrite:
    """Fails on a lock each time, after `seconds` on the clock that `write` reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.tries = 0
        self._seconds = seconds
        self._now = 0.0
        monkeypatch.setattr(pool_module, "time", SimpleNamespace(monotonic=lambda: self._now))

    async def __call__(self, _conn: Connection) -> None:
        self.tries += 1
        self._now += self._seconds
        raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")


@pytest.mark.parametrize(("seconds", "tries"), [(0.0, 3), (LOCK_SECONDS, 2), (4.0, 1)])
async def test_no_try_begins_that_could_end_too_late(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, seconds: float, tries: int
) -> None:
    failing = FailingWrite(monkeypatch, seconds)
    with pytest.raises(asyncpg.LockNotAvailableError):
        await write(pool, failing)
    assert failing.tries == tries
