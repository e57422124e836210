"""Measure how much memory 20,000 different documents retain, and how long the garbage collections take.

    .venv/bin/python tests/bench/memory.py [--documents 20000]

Each document queries one bulk send by an id written as a literal, as clients without variables do; every tenth document
is executed three times, so that it is compiled. Runs like `bulksend serve`, without HTTP. Prints a line for every 2,500
documents: resident memory, and the longest collection since the previous line, in processor time.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.gateways import open_gateway
from bench.peers import queries
from bench.peers.database import Database, filled_database

from bulksend.db import ids
from bulksend.resolvers.context import Context, Gateway
from bulksend.resolvers.viewer import Viewer
from bulksend.schema.build import PublicSchema, build_schema

BEGUN: Final = 500
LINE: Final = 2_500
EVERY_TENTH: Final = 10
AGAIN: Final = 3


@dataclass
class Collections:
    """The durations of garbage collections, in milliseconds."""

    longest: float = 0
    begun: float = field(default=0, repr=False)

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Record a collection; called by `gc` at its start and its end."""
        if phase == "start":
            self.begun = time.thread_time()
        else:
            self.longest = max(self.longest, (time.thread_time() - self.begun) * 1000)

    def taken(self) -> float:
        """Return the longest duration since the last call."""
        longest, self.longest = self.longest, 0
        return longest


@contextmanager
def noted_collections() -> Iterator[Collections]:
    """Record every garbage collection within the block."""
    collections = Collections()
    gc.callbacks.append(collections)
    try:
        yield collections
    finally:
        gc.callbacks.remove(collections)


def resident() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


@dataclass(frozen=True, slots=True)
class Asking:
    """The viewer that queries, and the bulk sends to query."""

    schema: PublicSchema
    gateway: Gateway
    viewer: Viewer
    bulk_sends: list[UUID]

    async def ask(self, number: int) -> None:
        """Execute a document that was not executed before. Raise `AssertionError` if a result has errors."""
        identifier = ids.encode(ids.BULK_SEND, self.bulk_sends[number % len(self.bulk_sends)])
        text = queries.one_in_literals(f"Document{number}", "bulksend", identifier)
        for _ in range(AGAIN if number % EVERY_TENTH == 0 else 1):
            result = await self.schema.execute(text, context_value=Context(self.gateway, self.viewer, None, "bench"))
            assert not result.errors, result.errors


async def run(asking: Asking, documents: int) -> None:
    """Execute the documents and print the memory they retain."""
    before = 0.0
    with noted_collections() as collections:
        for number in range(1, documents + 1):
            await asking.ask(number)
            if number == BEGUN or number % LINE == 0:
                before = before or resident()
                pause = collections.taken()
                print(f"{number:6} documents: {resident():6.0f} MB, longest collection {pause:5.0f} ms", flush=True)
        grown = resident() - before
        gc.collect()
        print(f"grown by {grown:.0f} MB since {BEGUN} documents; a full collection now {collections.taken():.0f} ms")


@asynccontextmanager
async def open_asking(database: Database) -> AsyncIterator[Asking]:
    """Open a gateway and a viewer from one of the small tenants."""
    tenant, _ = database.unseen[0]
    # Built before the gateway, which freezes all existing objects for the garbage collector.
    schema = build_schema()
    async with open_gateway(database) as gateway:
        viewer = await gateway.parts.authenticator.viewer(f"Bearer {tenant.key}")
        mine = [bulk_send_id for owner, bulk_send_id in database.unseen if owner is tenant]
        yield Asking(schema, gateway.parts.gateway, viewer, mine)


async def main(documents: int) -> None:
    """Run over the database of `peers`."""
    async with filled_database() as database, open_asking(database) as asking:
        await run(asking, documents)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(given.documents))
