"""Show how the processor time of a request is distributed over the layers.

    .venv/bin/python tests/bench/layers.py [--workloads S1,Q1,Q2,Q3] [--requests 3000]

A gateway runs in this process, without sockets (`in_process.py`), over the database of `peers`. The table shows for
each layer its share of the samples, taken every millisecond of processor time and including C functions that it calls,
and the Python bytecode instructions that it executes per request. Instruction counts are nearly the same in every run,
no matter what else the machine does, so they show a difference of one percent between two commits.
"""

import argparse
import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.gateways import settings
from bench.in_process import Callers, as_http, open_callers
from bench.peers.database import Database, filled_database
from bench.peers.workloads import requests

from bulksend.server import garbage_collection

SAMPLE_SECONDS: Final = 0.001
COUNTED: Final = 20  # requests whose instructions are counted
_ROOT: Final = Path(__file__).parents[2]
# The first entry that is part of a file's path decides; our own paths are relative to the root.
_LIBRARIES: Final = {
    "site-packages/aiohttp": "aiohttp",
    "site-packages/multidict": "aiohttp",
    "site-packages/yarl": "aiohttp",
    "site-packages/aiosignal": "aiohttp",
    "site-packages/asyncpg": "asyncpg",
    "site-packages/strawberry": "Strawberry and graphql-core",
    "site-packages/graphql": "Strawberry and graphql-core",
    "site-packages": "other libraries",
    "<graphql operation": "execution/",
    "<string>": "dataclasses and named tuples",
    "<frozen": "Python's standard library",
    "tests/bench": "this bench",
}


def layer(file_name: str) -> str:
    """Return the layer that a code object's file belongs to."""
    for part, name in _LIBRARIES.items():
        if part in file_name:
            return name
    path = Path(file_name).resolve()
    return f"{path.relative_to(_ROOT).parts[0]}/" if path.is_relative_to(_ROOT) else "Python's standard library"


class Sampler:
    """Counts the layers that are running, every `SAMPLE_SECONDS` of processor time."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()

    def __enter__(self) -> "Sampler":
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            self.files[frame.f_code.co_filename] += 1


class InstructionCounter:
    """Counts the bytecode instructions of frames that start within the block."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()

    def __enter__(self) -> "InstructionCounter":
        sys.settrace(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _begin(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any]:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._count

    def _count(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        self.files[frame.f_code.co_filename] += event == "opcode"
        return self._count


def by_layer(files: Counter[str]) -> Counter[str]:
    """Return counts per layer, from counts per file."""
    layers: Counter[str] = Counter()
    for name, count in files.items():
        layers[layer(name)] += count
    return layers


async def measure(callers: Callers, asked: list[bytes], times: int) -> None:
    """Measure one workload and print its table."""
    await callers.check(asked[:4])
    await callers.milliseconds(asked, times // 4)
    with Sampler() as sampled:
        milliseconds = await callers.milliseconds(asked, times)
    # In a task of its own, because frames that are already running are not traced.
    with InstructionCounter() as counted:
        await asyncio.create_task(callers.check((asked * COUNTED)[:COUNTED]))
    samples, instructions = by_layer(sampled.files), by_layer(counted.files)
    print(f"{milliseconds:.3f} ms, {instructions.total() / COUNTED:,.0f} instructions")
    print("| layer | time | instructions |\n| --- | --- | --- |")
    for name, count in samples.most_common():
        print(f"| {name} | {count / samples.total():.0%} | {instructions[name] / COUNTED:,.0f} |")


async def run(database: Database, workloads: list[str], times: int) -> None:
    """Measure each workload."""
    async with open_callers(settings(database)) as callers:
        garbage_collection.tune_garbage_collection()
        for workload in workloads:
            print(f"\n{workload}: ", end="", flush=True)
            await measure(callers, [as_http(one) for one in requests(workload, "bulksend", database)], times)


async def main(workloads: list[str], times: int) -> None:
    """Fill the database, and measure."""
    async with filled_database() as database:
        await run(database, workloads, times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default="S1,Q1,Q2,Q3")
    parser.add_argument("--requests", type=int, default=3000)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(given.workloads.split(","), given.requests))
