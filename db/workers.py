"""Workers: one row for each running delivery worker, which proves by its beats that it is alive."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query

# A claim begun before its worker was declared dead may commit after it. It has ended, or its session has, by then.
DEAD_ROWS_KEPT: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker: `beats` grows every second while it lives."""

    id: UUID
    beats: int
    is_dead: bool


_REGISTER = command("workers", "register")
_BEAT = query("workers", "beat", WorkerRow)
_DECLARE_DEAD = command("workers", "declare_dead")
_RELEASE = command("workers", "release")
_REMOVE_DEAD = command("workers", "remove_dead")
_REMOVE = command("workers", "remove")


async def register(conn: Connection) -> UUID:
    """Add a living worker and return its id."""
    return cast(UUID, await _REGISTER.value(conn))


async def beat(conn: Connection, *, worker_id: UUID) -> list[WorkerRow]:
    """Count one more beat of a worker, and return all workers as they were before it.

    A worker without a living row of its own among them was declared dead: it must register anew.
    """
    return await _BEAT.all(conn, worker_id)


async def take_over(conn: Connection, silent: WorkerRow) -> int:
    """Declare a worker dead unless it has beaten since, and return how many of its documents were made due.

    Needs a transaction. What an earlier take-over left behind, because it was locked then, is released too.
    """
    await _DECLARE_DEAD.run(conn, silent.id, silent.beats)
    released = cast(int, await _RELEASE.value(conn))
    await _REMOVE_DEAD.run(conn, DEAD_ROWS_KEPT)
    return released


async def remove(conn: Connection, *, worker_id: UUID) -> None:
    """Remove a worker that has ended."""
    await _REMOVE.run(conn, worker_id)
