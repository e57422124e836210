"""Measure latencies at 8, 16 and 64 connections, and whether requests are answered in order.

    .venv/bin/python tests/bench/fairness.py [--only Q1,Q3] [--seconds 4] [--rounds 2]

`bulksend serve` runs on one core, `wrk` and PostgreSQL on the other. Results are milliseconds per request and requests
per second; at 64 connections, p99 must be at most five times the median and at most 200 ms.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.cores import OTHER_CORE
from bench.peers.database import Database, filled_database
from bench.peers.load import Load, Measured, measure, warm_up, write_requests
from bench.peers.servers import Server, running
from bench.peers.workloads import WORKLOADS, Requests

CONNECTIONS: Final = (8, 16, 64)


async def run(names: list[str], seconds: int, rounds: int) -> None:
    """Measure each workload with each number of connections, in turn, and print a table."""
    head = ["", "connections", "req/s", "p50", "p99", "longest", "p99 / p50", "server ms", "its core"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    async with filled_database() as database, running("bulksend", database) as server:
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                await _workload(name, server, database, Path(folder), seconds, rounds)


async def _workload(name: str, server: Server, database: Database, folder: Path, seconds: int, rounds: int) -> None:
    path = folder / name
    write_requests(path, Requests(WORKLOADS[name], "bulksend", database).sent(0, 1))
    load = Load(path, frozenset(), CONNECTIONS[0])
    measured: dict[int, list[Measured]] = {connections: [] for connections in CONNECTIONS}
    await warm_up(server, load, seconds=1)
    for _ in range(rounds):
        for connections, results in measured.items():
            each = replace(load, connections=connections)
            results.append(await measure(server, each, seconds=seconds, database_process=database.process_id))
    for connections, results in measured.items():
        print(_line(name, connections, results), flush=True)


def _line(name: str, connections: int, results: list[Measured]) -> str:
    def median(field: str) -> float:
        return float(statistics.median(getattr(result, field) for result in results))

    p50, p99 = median("p50"), median("p99")
    return (
        f"| {name} | {connections} | {median('rate'):.0f} | {p50:.1f} | {p99:.1f} | {median('longest'):.0f} | "
        f"{p99 / p50:.1f} | {median('server_time'):.2f} | {median('server_busy'):.0%} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="Q1,Q2,Q3")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    os.sched_setaffinity(0, {OTHER_CORE})
    asyncio.run(run(given.only.split(","), given.seconds, given.rounds))
