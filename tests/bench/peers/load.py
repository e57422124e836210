"""The load: wrk over kept-alive connections, and what it and the kernel counted meanwhile."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.peers.cores import OTHER_CORE, TICK, busy, on_core, used
from bench.peers.database import FOLDER
from bench.peers.servers import Server
from bench.peers.workloads import Request

CONNECTIONS: Final = 16
IDLE_SECONDS: Final = 0.1  # without using more than a tick of its core
END_SECONDS: Final = 60


class BadAnswer(Exception):
    """A server did not do the work."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent to one server: the file of requests, and how many bytes a good answer may have."""

    requests: Path
    lengths: frozenset[int]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of a load gave. Times in milliseconds: `p50` and `p99` of a request, the others of processor time.

    `server_busy`: the part of its core that the server used. `other_busy`: the part of the other core that was used, by
    the database, the load and whoever else runs on it; near 1, it is what limits the rate.
    """

    rate: float
    p50: float
    p99: float
    server_time: float
    database_time: float
    server_busy: float
    other_busy: float


def write_requests(path: Path, requests: list[Request]) -> None:
    """Write requests for load.lua."""
    lines = (
        f"Bearer {request.tenant.key}\t{json.dumps(request.body, separators=(',', ':'))}\n" for request in requests
    )
    path.write_text("".join(lines))


async def warm_up(server: Server, load: Load, *, seconds: int) -> None:
    """Put a server under load and count nothing. Raises `BadAnswer`."""
    await _wrk(server, load, seconds)
    await _until_idle(server)


async def measure(server: Server, load: Load, *, seconds: int, database_process: int) -> Measured:
    """Put a server under load. Raises `BadAnswer`."""
    before = used(server.process_id), used(database_process), busy(OTHER_CORE)
    counted = await _wrk(server, load, seconds)
    after = used(server.process_id), used(database_process), busy(OTHER_CORE)
    await _until_idle(server)
    done = counted["requests"]
    if not done:
        raise BadAnswer(f"{server.name} answered nothing within {seconds} s")
    server_time, database_time = (after[0] - before[0]) / done, (after[1] - before[1]) / done
    rate = done / counted["microseconds"] * 1e6
    return Measured(
        rate=rate,
        p50=counted["p50"],
        p99=counted["p99"],
        server_time=server_time,
        database_time=database_time,
        server_busy=rate * server_time / 1000,
        other_busy=(after[2].at_work - before[2].at_work) / (after[2].all - before[2].all),
    )


async def _until_idle(server: Server) -> None:
    # What the load had asked for when it broke off is still worked on, on the core of whoever comes next.
    async with asyncio.timeout(END_SECONDS):
        before, now = 0.0, used(server.process_id)
        while now > before + TICK:
            await asyncio.sleep(IDLE_SECONDS)
            before, now = now, used(server.process_id)


async def _wrk(server: Server, load: Load, seconds: int) -> dict[str, float]:
    lengths = ",".join(str(length) for length in load.lengths)
    wrk = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s", "--timeout=10s"]
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
