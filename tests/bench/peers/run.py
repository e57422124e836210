"""Measure Bulksend against its peers: the same workloads, the same database, one core each, in under 15 minutes.

    .venv/bin/python tests/bench/peers/run.py [--only Q1,Q2] [--servers bulksend,floor] [--rounds 2] [--seconds 3]
                                              [--warm-up 2] [--json FILE] [--markdown FILE]

README.md in this folder describes each server and what must be installed.
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
from bench.peers.servers import KINDS, PEERS, USUAL, Server, running
from bench.peers.workloads import WORKLOADS, Requests, Workload

LATER_WARM_UP = 1  # seconds, in every round but the first


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. Times are in seconds; with 0 `rounds`, only check that all servers return the same.

    `servers`: None for the default ones, which depend on the workload.
    """

    workloads: list[Workload]
    servers: list[str] | None
    rounds: int
    seconds: int
    warm_up: int


async def run(plan: Plan, measured: dict[str, report.Rounds]) -> None:
    """Measure everything into `measured`, and print each workload when it is complete."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(filled_database())
        servers = [await stack.enter_async_context(running(name, database)) for name in plan.servers or USUAL]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for workload in plan.workloads:
            chosen = [server for server in servers if _takes_part(server.name, workload, plan)]
            rounds = await _Bench(workload, chosen, database, folder, plan).measure()
            if plan.rounds:
                measured[workload.name] = rounds
            told = report.table(workload.name, rounds) if plan.rounds else f"{workload.name}: all answer the same"
            print(told, flush=True)


def _takes_part(server: str, workload: Workload, plan: Plan) -> bool:
    return plan.servers is not None or not workload.has_peers_only or server in PEERS


@dataclass(frozen=True, slots=True)
class _Bench:
    """One workload, measured with several servers alternately."""

    workload: Workload
    servers: list[Server]
    database: Database
    folder: Path
    plan: Plan

    async def measure(self) -> dict[str, list[Measured]]:
        """Return the rounds of each server. Raise `BadAnswer` for an unexpected response."""
        lengths = await equality.check(self.workload, self.servers, self.database)
        measured: dict[str, list[Measured]] = {server.name: [] for server in self.servers}
        for number in range(self.plan.rounds):
            for server in self.servers:
                measured[server.name].append(await self._round(server, lengths[server.name], number))
        return measured

    async def _round(self, server: Server, lengths: frozenset[int], number: int) -> Measured:
        if self.workload.writes:
            await self.database.forget_created()
        seconds = LATER_WARM_UP if number else self.plan.warm_up
        await warm_up(server, self._load(server, lengths, 2 * number), seconds=seconds)
        load = self._load(server, lengths, 2 * number + 1)
        return await measure(server, load, seconds=self.plan.seconds, database_process=self.database.process_id)

    def _load(self, server: Server, lengths: frozenset[int], run: int) -> Load:
        path = self.folder / server.name
        requests = Requests(self.workload, server.dialect, self.database)
        write_requests(path, requests.sent(run, 2 * self.plan.rounds))
        return Load(path, lengths, self.workload.connections)


async def _until_told(plan: Plan, measured: dict[str, report.Rounds]) -> None:
    # SIGINT already cancels; without a handler, SIGTERM would leave the child processes running.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await run(plan, measured)


def _choice(among: list[str], text: str) -> list[str]:
    chosen = [name for name in text.split(",") if name]
    if unknown := set(chosen) - set(among):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(among)}")
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: _choice(list(WORKLOADS), text), default=list(WORKLOADS))
    parser.add_argument("--servers", type=lambda text: _choice(list(KINDS), text))
    parser.add_argument("--rounds", type=int, default=2, help="0: only check that all answer the same")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run the measurements and write the results to the given files."""
    given = _arguments()
    if os.cpu_count() == 1:
        sys.exit("two cores are needed: one for the server, one for the database and the load")
    workloads = [workload for name, workload in WORKLOADS.items() if name in given.only]
    plan = Plan(workloads, given.servers, given.rounds, given.seconds, given.warm_up)
    # This process and the database, which inherits it, run on this core. Servers are moved to the other one.
    os.sched_setaffinity(0, {OTHER_CORE})
    measured: dict[str, report.Rounds] = {}
    try:
        asyncio.run(_until_told(plan, measured))
    except BadAnswer as error:
        sys.exit(str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("stopped")
    finally:
        _write(given, measured)


def _write(given: argparse.Namespace, measured: dict[str, report.Rounds]) -> None:
    """Write the measurements, even if an error occurred later."""
    if given.markdown:
        given.markdown.write_text(report.markdown(measured) + "\n")
    if given.json:
        given.json.write_text(json.dumps(report.as_json(measured), indent=2) + "\n")


if __name__ == "__main__":
    main()
