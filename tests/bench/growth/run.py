"""Measure how the cost of list, read, create and claim grows with the number of documents and tenants.

    .venv/bin/python tests/bench/growth/run.py [--sizes 1e4,1e6,1e7] [--tenants 1,10000] [--keep DIR] [--rounds 30]
        [--setting shared_buffers=3GB]

Writes growth.json and growth.svg into --output (this folder) and prints a table. See README.md in this folder.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.growth import plot, report
from bench.growth.filling import FILL_SETTINGS, fill
from bench.growth.measuring import measure
from bench.growth.shape import Shape

from bulksend.db.embedded.server import embedded_postgres

# The product's own settings, except for autovacuum, which would run in some rounds and not in others.
MEASURE_SETTINGS = {"autovacuum": "off"}
MEBIBYTE = 1 << 20


async def fill_all(home: Path, shapes: list[Shape]) -> None:
    """Create the databases that do not exist yet."""
    async with embedded_postgres(home, settings=FILL_SETTINGS, attach=False) as dsn:
        for shape in shapes:
            before = time.monotonic()
            if await fill(dsn, shape):
                seconds = f"{time.monotonic() - before:.0f} s"
                print(f"{shape.documents:,} documents of {shape.tenants:,} tenants: filled in {seconds}", flush=True)


def warm(home: Path) -> None:
    """Read all files once, so that they are cached in memory as far as they fit and no disk access is measured."""
    for path in (home / "data" / "base").rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(MEBIBYTE):
                    pass


async def run(home: Path, shapes: list[Shape], *, rounds: int, settings: dict[str, str], output: Path) -> None:
    """Fill, measure and report."""
    await fill_all(home, shapes)
    warm(home)
    async with embedded_postgres(home, settings=MEASURE_SETTINGS | settings, attach=False) as dsn:
        measured = await measure(dsn, shapes, rounds)
    report.print_table(measured)
    report.save(measured, output / "growth.json")
    plot.draw(output / "growth.json", output / "growth.svg")


def numbers(text: str) -> list[int]:
    """Return the whole numbers in a list such as `1e4,1e6`."""
    return [int(float(part)) for part in text.split(",")]


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default="1e4,1e6,1e7", help="documents in all")
    parser.add_argument("--tenants", type=numbers, default="1,10000")
    parser.add_argument("--keep", type=Path, help="keep the filled databases here and use them the next time")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="of PostgreSQL's")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    shapes = [Shape(documents, tenants) for tenants in given.tenants for documents in given.sizes]
    settings = dict(setting.split("=", 1) for setting in given.setting)
    with ExitStack() as stack:
        home = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(run(home, shapes, rounds=given.rounds, settings=settings, output=given.output))


if __name__ == "__main__":
    main()
