"""Measure how long hostile requests block the event loop, and how much memory they take.

    .venv/bin/python tests/bench/adversarial.py [--output results.json]

The gateway runs in this process, with a heartbeat in its event loop. Another process sends the attacks, one kind after
another, ten at a time. For the time between two beats, "loop" is the processor time of the loop's thread, which
excludes other processes and other threads of this one; "wall" is the elapsed time.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp
from support.gateway import Tenant, new_tenant, running_gateway
from support.hostile_requests import ATTACKS, ATTACKS_WITH_A_KEY, Attack

from bulksend.db.embedded.server import TEST_SETTINGS, embedded_postgres
from bulksend.db.migrations import migrate

BEAT = 0.001
AT_ONCE = 10
ROUNDS = 3
IDLE_SOCKETS = 1_000
NOTHING = "nothing"
SOCKETS = f"{IDLE_SOCKETS} idle WebSockets"


@dataclass
class Gap:
    """The longest gaps during one kind of attack, in milliseconds, and the memory after it, in MB."""

    name: str
    loop: float = 0
    wall: float = 0
    memory: float = 0


@asynccontextmanager
async def beating(gap: Gap) -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            wall, busy = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            gap.wall = max(gap.wall, (time.perf_counter() - wall - BEAT) * 1000)
            gap.loop = max(gap.loop, (time.thread_time() - busy) * 1000)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        gap.memory = memory()


def memory() -> float:
    """Return the current memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def measure(url: str, tenant: Tenant) -> list[Gap]:
    """Run the attacks in another process, and measure each kind between its start and end marks."""
    script = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--attack", url, "--key", tenant.key, stdout=asyncio.subprocess.PIPE
    )
    assert script.stdout
    gaps = []
    while begun := (await script.stdout.readline()).decode().strip():
        gap = Gap(begun)
        async with beating(gap):
            await script.stdout.readline()
        gaps.append(gap)
        print(f"{gap.loop:8.1f} ms loop {gap.wall:8.1f} ms wall {gap.memory:7.0f} MB  {gap.name}")
    await script.wait()
    return gaps


async def attack(url: str, key: str) -> None:
    """Send the attacks; runs in a process of its own."""
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        print(NOTHING, flush=True)
        await asyncio.sleep(2)
        print(flush=True)
        for kind, sent in ((ATTACKS, {}), (ATTACKS_WITH_A_KEY, headers)):
            for one in kind:
                await _attack(session, url, one, sent)
        print(SOCKETS, flush=True)
        await _sockets(session, url, headers)
        print("done", flush=True)


async def _attack(session: aiohttp.ClientSession, url: str, one: Attack, headers: dict[str, str]) -> None:
    body = one.body()
    print(one.name, flush=True)
    for _ in range(ROUNDS):
        await asyncio.gather(*(_post(session, url, body, headers) for _ in range(AT_ONCE)))
    print("done", flush=True)
    await asyncio.sleep(0.1)


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> None:
    sent = {"Content-Type": "application/json", **headers}
    async with session.post(f"{url}/graphql", data=body, headers=sent) as response:
        await response.read()


async def _sockets(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
    sockets = []
    for _ in range(IDLE_SOCKETS):
        socket = await session.ws_connect(f"{url}/graphql", protocols=("graphql-transport-ws",), headers=headers)
        await socket.send_json({"type": "connection_init"})
        sockets.append(socket)
    await asyncio.gather(*(socket.receive() for socket in sockets))
    await asyncio.sleep(2)
    await asyncio.gather(*(socket.close() for socket in sockets))


async def main(output: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder), settings=TEST_SETTINGS) as dsn:
            await migrate(dsn)
            async with running_gateway(dsn, "smtp://127.0.0.1:9", delivery=False) as gateway:
                gaps = await measure(gateway.url, await new_tenant(gateway.pool))
    worst = max(gaps, key=lambda gap: gap.loop)
    print(f"worst: {worst.loop:.1f} ms, {worst.name}")
    if output:
        output.write_text(json.dumps([asdict(gap) for gap in gaps], indent=1) + "\n")


def arguments(given: Sequence[str] | None = None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--attack", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    return parser.parse_args(given)


if __name__ == "__main__":
    options = arguments()
    asyncio.run(attack(options.attack, options.key) if options.attack else main(options.output))
