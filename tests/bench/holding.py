"""Measure how long the largest valid operations block the event loop, at their first, second and third execution.

    .venv/bin/python tests/bench/holding.py [--rounds 3]

The gateway runs in this process, with a heartbeat in its event loop; requests come from a thread. Results are
milliseconds of processor time of the loop's thread between two beats, the longest of each execution, with new documents
in every round: the median of the rounds and, in brackets, the longest.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.gateways import open_gateway
from bench.peers import queries
from bench.peers.database import Database, Tenant, filled_database
from bench.peers.queries import ALL_FIELDS
from bench.peers.workloads import ALIASES, WORKLOADS, Requests
from graphql import get_introspection_query

from bulksend.db import ids

BEAT: Final = 0.0005
EXECUTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Operation:
    """A valid operation. `document` returns the text of a new document, given a name."""

    title: str
    document: Callable[[str], str]
    variables: dict[str, Any]


def operations(database: Database) -> list[Operation]:
    """Return the largest valid operations of each kind, preceded by a page of 25 for comparison."""
    tenant = database.tenants[0]
    create = Requests(WORKLOADS["M1"], "bulksend", database).compared()[0].body["variables"]
    largest = {"id": ids.encode(ids.BULK_SEND, tenant.large[0]), "documents": 500}
    return [
        Operation("25 bulk sends with templates", lambda name: queries.page(name, "bulksend", _Q1), {"first": 25}),
        Operation("8 aliases of pages", lambda name: queries.aliased_pages(name, "bulksend", 8), {}),
        Operation(f"{ALIASES} aliases of pages", lambda name: queries.aliased_pages(name, "bulksend", ALIASES), {}),
        Operation(
            "25 bulk sends with 50 documents",
            lambda name: queries.page(name, "bulksend", ALL_FIELDS),
            {"first": 25, "documents": 50},
        ),
        Operation("one with 500 documents", lambda name: queries.one(name, "bulksend", ALL_FIELDS), largest),
        Operation("400 fields of one bulk send", _many_fields, {"id": largest["id"]}),
        Operation("introspection", lambda name: get_introspection_query().replace("IntrospectionQuery", name), {}),
        Operation("a create with 500 signers", lambda name: queries.create(name, "bulksend"), create),
    ]


_Q1: Final = WORKLOADS["Q1"].selection


def _many_fields(name: str) -> str:
    return f"query {name}($id: ID!) {{ bulkSend(id: $id) {{ {'id name status ' * 133} }} }}"


@dataclass
class Beats:
    """The longest time between two beats, in milliseconds of the loop thread's processor time."""

    longest: float = 0


@asynccontextmanager
async def beating() -> AsyncIterator[Beats]:
    """Measure the event loop while the block runs."""
    beats = Beats()

    async def beat() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(BEAT)
            beats.longest = max(beats.longest, (time.thread_time() - before) * 1000)

    task = asyncio.create_task(beat())
    await asyncio.sleep(2 * BEAT)
    try:
        yield beats
    finally:
        task.cancel()


def post(url: str, tenant: Tenant, body: bytes) -> None:
    """Send a request from another thread. Raise `AssertionError` if the response has errors."""
    headers = {"Authorization": f"Bearer {tenant.key}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/graphql", body, headers)) as response:
        text = response.read()
    assert b'"errors"' not in text, text[:500]


async def measure(url: str, tenant: Tenant, operation: Operation, rounds: int) -> str:
    """Return the table row of one operation."""
    held: list[list[float]] = [[] for _ in range(EXECUTIONS)]
    for number in range(rounds):
        name = f"Round{number}_{time.monotonic_ns()}"
        text = {"query": operation.document(name), "operationName": name, "variables": operation.variables}
        body = json.dumps(text).encode()
        for execution in held:
            async with beating() as beats:
                await asyncio.to_thread(post, url, tenant, body)
            execution.append(beats.longest)
    cells = (f"{statistics.median(times):.0f} ({max(times):.0f})" for times in held)
    return f"| {operation.title} | {' | '.join(cells)} |"


async def main(rounds: int) -> None:
    """Measure every operation and print a table."""
    async with filled_database() as database, open_gateway(database) as gateway:
        print("| held the loop for, ms | first | second | third |\n| --- | --- | --- | --- |")
        for operation in operations(database):
            print(await measure(gateway.url, database.tenants[0], operation, rounds), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(given.rounds))
