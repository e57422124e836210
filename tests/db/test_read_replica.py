"""Reads that fall back to the primary, and logging once when the replica goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import pytest
from structlog.testing import capture_logs

from bulksend.db.pool import WAIT_SECONDS, Connection, Pool
from bulksend.db.read_replica import AWAY, REPLICA_SECONDS, ReadReplica

PRIMARY, REPLICA = cast(Pool, "primary"), cast(Pool, "replica")
DSN = "postgresql://nobody:secret@127.0.0.1:1/nothing"

CANCELLED = [
    asyncpg.SerializationError("canceling statement due to conflict with recovery"),
    # "User transaction caused buffer deadlock with recovery": 40P01, not 40001.
    asyncpg.DeadlockDetectedError("canceling statement due to conflict with recovery"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    TimeoutError(),
]
GONE = [
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    ConnectionRefusedError(),
    FileNotFoundError(),
]


class Lending:
    """Lends pools by name and records which ones, with their time limits."""

    def __init__(self) -> None:
        self.lent: list[tuple[Pool, float | None]] = []

    @asynccontextmanager
    async def enter(self, pool: Pool, seconds: float | None) -> AsyncIterator[Connection]:
        self.lent.append((pool, seconds))
        yield cast(Connection, pool)

    @property
    def pools(self) -> list[Pool]:
        return [pool for pool, _ in self.lent]


async def name_of(conn: Connection) -> str:
    return cast(str, conn)


def failing_on_replica(error: Exception) -> Any:
    async def work(conn: Connection) -> str:
        if cast(Pool, conn) is REPLICA:
            raise error
        return await name_of(conn)

    return work


def named(error: Exception) -> str:
    return type(error).__name__


@pytest.fixture
def lending() -> Lending:
    return Lending()


async def test_without_a_replica_the_primary_is_read_for_as_long_as_usual(lending: Lending) -> None:
    replica = ReadReplica(PRIMARY)
    assert await replica.read(lending.enter, name_of) == "primary"
    assert (lending.lent, replica.is_away) == ([(PRIMARY, None)], False)


async def test_the_replica_is_read_while_it_is_there(lending: Lending) -> None:
    assert await ReadReplica(PRIMARY, REPLICA).read(lending.enter, name_of) == "replica"
    assert lending.lent == [(REPLICA, REPLICA_SECONDS)]


@pytest.mark.parametrize("error", CANCELLED, ids=named)
async def test_what_the_replica_cancels_is_read_again_and_the_replica_stays(lending: Lending, error: Exception) -> None:
    replica = ReadReplica(PRIMARY, REPLICA)
    assert await replica.read(lending.enter, failing_on_replica(error)) == "primary"
    assert (lending.pools, replica.is_away) == ([REPLICA, PRIMARY], False)
    left = lending.lent[1][1]
    assert left is not None
    assert left <= WAIT_SECONDS


@pytest.mark.parametrize("error", GONE, ids=named)
async def test_a_replica_that_is_gone_is_told_once_and_not_asked_again(lending: Lending, error: Exception) -> None:
    replica = ReadReplica(PRIMARY, REPLICA, DSN)
    with capture_logs() as logged:
        for _ in range(2):
            assert await replica.read(lending.enter, failing_on_replica(error)) == "primary"
    assert (lending.pools, replica.is_away) == ([REPLICA, PRIMARY, PRIMARY], True)
    assert [entry["event"] for entry in logged] == ["the read replica is away: lists are read from the primary"]
    assert "secret" not in str(logged)
    assert AWAY._value.get() == 1


async def test_a_mistake_in_the_read_itself_is_raised(lending: Lending) -> None:
    replica = ReadReplica(PRIMARY, REPLICA)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await replica.read(lending.enter, failing_on_replica(asyncpg.UndefinedColumnError("no such column")))
    assert (lending.pools, replica.is_away) == ([REPLICA], False)


async def test_the_watch_sees_that_a_replica_is_back(lending: Lending, dsn: str) -> None:
    replica = ReadReplica(PRIMARY, REPLICA, dsn)
    await replica.read(lending.enter, failing_on_replica(ConnectionRefusedError()))
    with capture_logs() as logged:
        watch = asyncio.create_task(replica.run())
        async with asyncio.timeout(20):
            while replica.is_away:
                await asyncio.sleep(0)
        watch.cancel()
    assert [entry["event"] for entry in logged] == ["the read replica is back"]
    assert AWAY._value.get() == 0
    assert await replica.read(lending.enter, name_of) == "replica"


async def test_a_probe_that_reaches_nobody_notes_it() -> None:
    replica = ReadReplica(PRIMARY, REPLICA, DSN)
    await replica.probe()
    assert replica.is_away
