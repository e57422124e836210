"""Measure the cost of execution without HTTP, for each executor, and profile it.

    .venv/bin/python tests/bench/execution.py [--only Q1,Q2] [--times 200] [--rounds 5] [--profile compiled]

The workloads, database and responses are those of `peers`. Results are milliseconds of this process's CPU time per
execution, from the text of a known document to the result, including PostgreSQL's client; medians of alternating
rounds.
"""

import argparse
import asyncio
import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.database import Database, filled_database
from bench.peers.workloads import Request, requests

from bulksend.resolvers.context import Context
from bulksend.resolvers.viewer import Viewer
from bulksend.schema.build import PublicSchema, build_schema
from bulksend.schema.operations.shadow_execution import Executors
from bulksend.server.process import Parts, open_parts
from bulksend.server.settings import Settings

Name = Literal["core", "compiled"]
NAMES: tuple[Name, ...] = get_args(Name)


@dataclass(frozen=True, slots=True)
class Bench:
    """The gateway, schemas and viewers to execute with, and the number of executions."""

    parts: Parts
    schemas: dict[Name, PublicSchema]
    viewers: dict[str, Viewer]
    times: int

    async def execute(self, name: Name, request: Request) -> None:
        """Execute one request. Raise `AssertionError` if the result has errors."""
        context = Context(self.parts.gateway, self.viewers[request.tenant.key], None, "bench")
        body: dict[str, Any] = request.body
        result = await self.schemas[name].execute(
            body["query"],
            variable_values=body["variables"],
            context_value=context,
            operation_name=body.get("operationName"),
        )
        assert not result.errors, result.errors

    async def milliseconds(self, name: Name, asked: list[Request]) -> float:
        """Return the CPU time of one execution."""
        for request in asked[:4]:
            await self.execute(name, request)
        begun = time.process_time()
        for number in range(self.times):
            await self.execute(name, asked[number % len(asked)])
        return (time.process_time() - begun) / self.times * 1000


async def run(works: list[str], times: int, rounds: int, profiled: Name | None) -> None:
    """Measure the workloads and print a line for each, and a profile of each if requested."""
    async with filled_database() as database, _bench(database, times) as bench:
        for work in works:
            asked = requests(work, "bulksend", database)
            found: dict[Name, list[float]] = {name: [] for name in NAMES}
            for _ in range(rounds):
                for name in NAMES:
                    found[name].append(await bench.milliseconds(name, asked))
            core, compiled = (statistics.median(found[name]) for name in NAMES)
            print(
                f"{work}  core {core:7.2f} ms   compiled {compiled:7.2f} ms   ratio {core / compiled:5.2f}", flush=True
            )
            if profiled:
                await _profile(bench, profiled, asked)


@asynccontextmanager
async def _bench(database: Database, times: int) -> AsyncIterator[Bench]:
    settings = Settings(
        database_url=database.dsn, secret_keys=("x" * 48,), public_url="http://localhost", bulk_send_interval=0
    )
    async with open_parts(settings, delivery=False) as parts:
        keys = [tenant.key for tenant in database.tenants]
        viewers = {key: await parts.authenticator.viewer(f"Bearer {key}") for key in keys}
        schemas = {name: build_schema(executors=Executors(name)) for name in NAMES}
        yield Bench(parts, schemas, viewers, times)


async def _profile(bench: Bench, name: Name, asked: list[Request]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for number in range(bench.times):
        await bench.execute(name, asked[number % len(asked)])
    profile.disable()
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(20)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="S1,Q1,Q2,Q3,M1")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", choices=NAMES)
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(given.only.split(","), given.times, given.rounds, given.profile))
