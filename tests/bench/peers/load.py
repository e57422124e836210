"""Generate load with wrk over kept-alive connections, and collect its counts and the kernel's."""

import asyncio
import json
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.peers.cores import OTHER_CORE, TICK, Busy, busy, on_core, used
from bench.peers.database import FOLDER
from bench.peers.servers import Server
from bench.peers.workloads import Request

IDLE_SECONDS: Final = 0.1  # without using more than a tick of its core
END_SECONDS: Final = 60


class BadAnswer(Exception):
    """A server did not respond as expected."""


@dataclass(frozen=True, slots=True)
class Load:
    """The requests sent to one server. `lengths`: the accepted response lengths in bytes; empty: any length."""

    requests: Path
    lengths: frozenset[int]
    connections: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of one run of a load.

    `rate`: requests per second. `p50`, `p99`, `longest`: milliseconds from a request to its response. `server_time`,
    `database_time`: milliseconds of processor time per request. The others are fractions (0-1) of a core: the usage of
    the server's core by the server, the usage of the other core in total, and by wrk. If a server uses less than 0.95
    of its core while the other core is near 1, PostgreSQL or the load limits it: then only its processor time is
    comparable.
    """

    rate: float
    p50: float
    p99: float
    longest: float
    server_time: float
    database_time: float
    server_busy: float
    other_busy: float
    load_busy: float


@dataclass(frozen=True, slots=True)
class _Used:
    """Processor time used so far, in milliseconds, and the ticks of the other core."""

    server: float
    database: float
    load: float
    other_core: Busy

    @classmethod
    def now(cls, server: Server, database_process: int) -> Self:
        # wrk is the only child that ends while a load is measured.
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        load = (ended.ru_utime + ended.ru_stime) * 1000
        return cls(used(server.process_id), used(database_process), load, busy(OTHER_CORE))


def write_requests(path: Path, requests: list[Request]) -> None:
    """Write requests for load.lua."""
    lines = (
        f"Bearer {request.tenant.key}\t{json.dumps(request.body, separators=(',', ':'))}\n" for request in requests
    )
    path.write_text("".join(lines))


async def warm_up(server: Server, load: Load, *, seconds: int) -> None:
    """Put a server under load without measuring. Raise `BadAnswer` for an unexpected response."""
    await _wrk(server, load, seconds)
    await _until_idle(server)


async def measure(server: Server, load: Load, *, seconds: int, database_process: int) -> Measured:
    """Put a server under load and measure. Raise `BadAnswer` for an unexpected response."""
    before = _Used.now(server, database_process)
    counted = await _wrk(server, load, seconds)
    after = _Used.now(server, database_process)
    await _until_idle(server)
    done = counted["requests"]
    if not done:
        raise BadAnswer(f"{server.name} answered nothing within {seconds} s")
    milliseconds = counted["microseconds"] / 1000
    return Measured(
        rate=done / milliseconds * 1000,
        p50=counted["p50"],
        p99=counted["p99"],
        longest=counted["max"],
        server_time=(after.server - before.server) / done,
        database_time=(after.database - before.database) / done,
        server_busy=(after.server - before.server) / milliseconds,
        other_busy=after.other_core.part_since(before.other_core),
        load_busy=(after.load - before.load) / milliseconds,
    )


async def _until_idle(server: Server) -> None:
    # Requests in progress when the load stopped are still being processed, on a core that the next server needs.
    async with asyncio.timeout(END_SECONDS):
        before, now = 0.0, used(server.process_id)
        while now > before + TICK:
            await asyncio.sleep(IDLE_SECONDS)
            before, now = now, used(server.process_id)


async def _wrk(server: Server, load: Load, seconds: int) -> dict[str, float]:
    lengths = ",".join(str(length) for length in load.lengths)
    wrk = ["wrk", "--threads=1", f"--connections={load.connections}", f"--duration={seconds}s", "--timeout=10s"]
    script = ["--script", str(FOLDER / "load.lua"), server.url, "--", str(load.requests), lengths]
    process = await asyncio.create_subprocess_exec(
        *on_core(OTHER_CORE, [*wrk, *script]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, counted = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise BadAnswer(f"wrk: {said.decode()}{counted.decode()}")
    result: dict[str, float] = json.loads(counted.decode().splitlines()[-1])
    if result["wrong"] or result["broken"]:
        raise BadAnswer(f"{server.name}: {result}\n{''.join(server.said)}")
    return result
