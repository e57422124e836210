"""Bulksend beside its peers: the same work, the same database, one core each.

    .venv/bin/python tests/bench/peers/run.py [--only Q1,Q2] [--servers bulksend,floor] [--rounds 3] [--seconds 5]
                                              [--warm-up 4] [--json FILE]

README.md beside this file says what each server is and what must be installed.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers import equality, report
from bench.peers.cores import OTHER_CORE
from bench.peers.database import Database, filled_database
from bench.peers.load import BadAnswer, Load, Measured, measure, warm_up, write_requests
from bench.peers.servers import KINDS, USUAL, Server, running
from bench.peers.workloads import WORKLOADS, requests

LATER_WARM_UP = 1  # seconds, in every round but the first


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured. Times in seconds; 0 `rounds`: only whether all answer the same."""

    workloads: list[str]
    servers: list[str]
    rounds: int
    seconds: int
    warm_up: int


async def run(plan: Plan) -> dict[str, report.Rounds]:
    """Measure everything and print each workload when it is done. What writes comes last."""
    measured: dict[str, report.Rounds] = {}
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(filled_database())
        servers = [await stack.enter_async_context(running(name, database)) for name in plan.servers]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for workload in sorted(plan.workloads, key=lambda name: name == equality.CREATES):
            rounds = await _workload(workload, servers, database, plan, folder)
            if plan.rounds:
                measured[workload] = rounds
            print(report.table(workload, rounds) if plan.rounds else f"{workload}: all answer the same", flush=True)
    return measured


async def _workload(
    workload: str, servers: list[Server], database: Database, plan: Plan, folder: Path
) -> dict[str, list[Measured]]:
    lengths = await equality.check(workload, servers, database)
    loads = {}
    for server in servers:
        loads[server.name] = Load(folder / f"{workload}-{server.name}", lengths[server.name])
        write_requests(loads[server.name].requests, requests(workload, server.dialect, database))
    measured: dict[str, list[Measured]] = {server.name: [] for server in servers}
    for number in range(plan.rounds):
        for server in servers:
            if workload == equality.CREATES:
                await database.forget_created()
            load = loads[server.name]
            await warm_up(server, load, seconds=LATER_WARM_UP if number else plan.warm_up)
            each = await measure(server, load, seconds=plan.seconds, database_process=database.process_id)
            measured[server.name].append(each)
    return measured


async def _until_told(plan: Plan) -> dict[str, report.Rounds]:
    # SIGINT cancels already; SIGTERM would leave what we started to the kernel.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan)


def _choice(among: list[str], text: str) -> list[str]:
    chosen = [name for name in text.split(",") if name]
    if unknown := set(chosen) - set(among):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(among)}")
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: _choice(list(WORKLOADS), text), default=list(WORKLOADS))
    parser.add_argument("--servers", type=lambda text: _choice(list(KINDS), text), default=list(USUAL))
    parser.add_argument("--rounds", type=int, default=3, help="0: only check that all answer the same")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=4)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run, and write the results down."""
    given = _arguments()
    if os.cpu_count() == 1:
        sys.exit("two cores are needed: one for the server, one for the database and the load")
    # What we start inherits it: the database, and we ourselves. The servers are put on the other core.
    os.sched_setaffinity(0, {OTHER_CORE})
    try:
        measured = asyncio.run(_until_told(Plan(given.only, given.servers, given.rounds, given.seconds, given.warm_up)))
    except BadAnswer as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("stopped")
    if given.json:
        given.json.write_text(json.dumps(report.as_json(measured), indent=2) + "\n")


if __name__ == "__main__":
    main()
