"""Measure how much each optimization of the read and create paths saves, by switching it off.

    .venv/bin/python tests/bench/ablations.py [--only "the pool"] [--workloads Q1,M1] [--rounds 15]

Each variant is a gateway in this process, without sockets (`in_process.py`), over the database of `peers`; the variants
take turns in every round. Results are milliseconds of the server's processor time per request: the lowest of the
rounds, since other load on the machine only adds to it, and in brackets the ratio to "nothing".
"""

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import asyncpg
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.gateways import settings
from bench.in_process import Callers, as_http, open_callers
from bench.peers.database import Database, filled_database
from bench.peers.workloads import requests

from bulksend.db import pool, timestamps
from bulksend.execution import list_completion, row_expressions, row_mapping, variables
from bulksend.resolvers import signer_validation
from bulksend.schema import prefetch
from bulksend.schema.operations import cache
from bulksend.schema.prefetch import Below
from bulksend.server import garbage_collection
from bulksend.server.http import authentication, json_codec, request_limit

Switch = Callable[[], AbstractContextManager[None]]
NOTHING: Final = "nothing"
TIMES: Final = {"M1": 5}
USUAL_TIMES: Final = 24


@contextmanager
def swapped(*places: tuple[Any, str, Any]) -> Iterator[None]:
    """Replace the given attributes of modules or classes within the block."""
    before = [(module, name, getattr(module, name)) for module, name, _ in places]
    for module, name, value in places:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


@contextmanager
def pythons_own_collections() -> Iterator[None]:
    """Use Python's default garbage collection thresholds within the block."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def without(*places: tuple[Any, str, Any]) -> Switch:
    """Return a switch that replaces these attributes."""
    return partial(swapped, *places)


def dumps(value: Any) -> bytes:
    """Write JSON with the standard library."""
    return json.dumps(value, separators=(",", ":")).encode()


def nothing_below(_asked: object) -> Below:
    """Select nothing to prefetch."""
    return Below(templates=False, documents=None)


SWITCHES: Final[Mapping[str, Switch]] = {
    NOTHING: without(),
    "the pool: asyncpg's own": without((pool, "FairPool", asyncpg.Pool)),
    "generic plans": without((pool, "_begin_session", timestamps.keep_microseconds)),
    "fast validation of signers": without((signer_validation, "plain_signers", lambda raw: None)),
    "remembered keys": without((authentication, "REMEMBER_SECONDS", 0.0), (authentication, "UNPOLLED_SECONDS", 0.0)),
    "the request limit's own window": without((request_limit, "_is_local", lambda storage: False)),
    "times from tables": without((row_mapping, "_shortcuts", {})),
    "row expressions": without((list_completion, "row_reader", lambda plan, type_, field: None)),
    "literals lifted": without((cache, "split", lambda text: None)),
    "batch resolvers": without((row_expressions, "batch_resolution_of", lambda field, converter: None)),
    "inputs of texts at once": without((variables, "_recogniser_of_texts", lambda type_: None)),
    "prefetch": without((prefetch, "_of_bulk_send", nothing_below)),
    "orjson": without((json_codec, "write", dumps), (json_codec, "read", json.loads)),
    "few garbage collections": pythons_own_collections,
}
EXECUTOR: Final = "compiled execution: graphql-core"
_EXECUTORS: Final[Mapping[str, Literal["compiled", "core"]]] = {EXECUTOR: "core"}
ALL: Final = (*SWITCHES, EXECUTOR)


def switched_off(name: str) -> AbstractContextManager[None]:
    """Return a context manager that switches an optimization off."""
    return SWITCHES.get(name, SWITCHES[NOTHING])()


@asynccontextmanager
async def gateways(database: Database, names: list[str]) -> AsyncIterator[dict[str, Callers]]:
    """Open a gateway for each optimization, with that one switched off."""
    async with AsyncExitStack() as stack:
        opened = {}
        for name in names:
            given = settings(database).model_copy(update={"executor": _EXECUTORS.get(name, "compiled")})
            with switched_off(name):
                opened[name] = await stack.enter_async_context(open_callers(given))
        garbage_collection.tune_garbage_collection()
        yield opened


async def measure(database: Database, opened: dict[str, Callers], workload: str, rounds: int) -> dict[str, float]:
    """Return the milliseconds per request of a workload, without each optimization."""
    asked = [as_http(request) for request in requests(workload, "bulksend", database)]
    found: dict[str, list[float]] = {name: [] for name in opened}
    for number in range(rounds + 1):
        for name, callers in opened.items():
            with switched_off(name):
                if number == 0:
                    await callers.check(asked[:4])
                    continue
                # Continue with the next tenants in each round, so that no caches of the thousand tenants are warm.
                times = TIMES.get(workload, USUAL_TIMES)
                found[name].append(await callers.milliseconds(asked, times, start=number * times))
    return {name: min(times) for name, times in found.items()}


async def run(names: list[str], workloads: list[str], rounds: int) -> None:
    """Measure all variants and print a table."""
    async with filled_database() as database, gateways(database, names) as opened:
        columns = {workload: await measure(database, opened, workload, rounds) for workload in workloads}
    print(f"| off | {' | '.join(columns)} |\n|{' --- |' * (len(columns) + 1)}")
    for name in names:
        cells = (f"{column[name]:.2f} ({column[name] / column[NOTHING]:.2f})" for column in columns.values())
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=ALL)
    parser.add_argument("--workloads", default="S1,Q1,Q2,Q3,M1")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    chosen = [NOTHING, *given.only] if given.only else list(ALL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(chosen, given.workloads.split(","), given.rounds))
