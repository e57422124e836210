"""Kill gateways, workers and PostgreSQL at random during delivery, and count lost, misreported and duplicate mails.

    .venv/bin/python tests/bench/kills.py [--kills 60] [--lease 180] [--seed 1] [--victims …]

Two gateways and two workers, each a process that delivers, send to an SMTP server on loopback that takes some
milliseconds per mail. Every kill is a SIGKILL of one of them, or of PostgreSQL's postmaster, in the middle of a bulk
send; the victim is restarted once every mail that was waiting at the kill has arrived. Prints a row for each kind of
victim. PostgreSQL is restarted immediately, and its recovery time is not counted because nothing can be claimed
meanwhile.
"""

import argparse
import asyncio
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.bulk_sends import addresses, create, miscounted, new_organization
from support.processes import Process, environment, running
from support.smtp.sink import Mail, SmtpSink

from bulksend.db import ids
from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.migrations import migrate
from bulksend.db.pool import open_pool

POSTGRES: Final = "PostgreSQL"
COMMANDS: Final = {
    "gateway 1": ["serve"],
    "gateway 2": ["serve"],
    "worker 1": ["work"],
    "worker 2": ["work"],
}
MESSAGE_ID: Final = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE)
SIGNERS: Final = 300
SECONDS_A_MAIL: Final = 0.01
LONGEST_WAIT: Final = 240.0
DUE: Final = "SELECT id FROM documents WHERE delivery_status = 'pending'"
IN_FLIGHT: Final = "SELECT id FROM documents WHERE lease_id IS NOT NULL"


class SlowSink(SmtpSink):
    """An SMTP server that delays each mail and records when it arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: dict[UUID, list[float]] = defaultdict(list)
        self.message_ids: dict[UUID, set[str]] = defaultdict(set)

    async def take(self, mail: Mail) -> None:
        """Record the arrival of the mail without keeping it."""
        await asyncio.sleep(SECONDS_A_MAIL)
        found = MESSAGE_ID.search(mail.message)
        assert found
        message_id = found[1].decode()
        document_id = ids.decode(ids.DOCUMENT, message_id.partition("@")[0])
        self.arrivals[document_id].append(time.monotonic())
        self.message_ids[document_id].add(message_id)


@dataclass
class Kill:
    """One kill: the mails in flight, and how long the last of the waiting mails took to arrive.

    `restarted`: seconds until PostgreSQL was available again, not included in `wait`.
    """

    victim: str
    at: float
    waiting: set[UUID]
    in_flight: set[UUID]
    wait: float = 0.0
    restarted: float = 0.0


@dataclass
class Cluster:
    """The processes that run and can be killed."""

    home: Path
    dsn: str
    sink: SlowSink
    lease: str
    postgres: AsyncExitStack = field(default_factory=AsyncExitStack)
    processes: dict[str, tuple[AsyncExitStack, Process]] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        """Start one of the processes, or PostgreSQL."""
        if name == POSTGRES:
            await self.postgres.enter_async_context(embedded_postgres(self.home))
            return
        stack = AsyncExitStack()
        settings = environment(self.dsn, self.sink.url, LEASE=self.lease, SEALING="off")
        process = await stack.enter_async_context(running(COMMANDS[name], settings))
        self.processes[name] = stack, process

    async def kill(self, name: str) -> None:
        """Kill one of the processes immediately."""
        if name == POSTGRES:
            os.kill(int((self.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            await self.postgres.aclose()
            return
        stack, process = self.processes.pop(name)
        await process.ended(signal.SIGKILL)
        await stack.aclose()


@asynccontextmanager
async def running_cluster(lease: str) -> AsyncIterator[Cluster]:
    """Run PostgreSQL, the SMTP server, two gateways and two workers."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "postgres"
        async with SlowSink() as sink:
            stack = AsyncExitStack()
            dsn = await stack.enter_async_context(embedded_postgres(home))
            await migrate(dsn)
            cluster = Cluster(home, dsn, sink, lease, stack)
            try:
                for name in COMMANDS:
                    await cluster.start(name)
                yield cluster
            finally:
                for processes, _ in cluster.processes.values():
                    await processes.aclose()
                await cluster.postgres.aclose()


async def kill_one(cluster: Cluster, chance: random.Random, victim: str, tenants: Sequence[tuple[UUID, UUID]]) -> Kill:
    """Create bulk sends, kill the victim during delivery, wait until all mail has arrived, and restart the victim."""
    async with open_pool(cluster.dsn) as pool:
        for tenant in tenants:
            async with pool.acquire() as conn:
                await create(conn, *tenant, addresses(SIGNERS))
        await pool.execute("SELECT pg_notify('bulksend', 'work')")
        await _arrived(cluster.sink, chance.uniform(0.1, 0.8) * SIGNERS * len(tenants))
        waiting, in_flight = [{row["id"] for row in await pool.fetch(query)} for query in (DUE, IN_FLIGHT)]
    killed = Kill(victim, time.monotonic(), waiting, in_flight)
    await cluster.kill(victim)
    if victim == POSTGRES:
        await cluster.start(victim)
        killed.restarted = time.monotonic() - killed.at
    await _all_out(cluster, killed)
    await _settled(
        cluster.dsn
    )  # a duplicate may arrive after the last first copy, and must not count for the next kill
    if victim != POSTGRES:
        await cluster.start(victim)
    return killed


async def _arrived(sink: SlowSink, more: float) -> None:
    """Wait until this many more mails have arrived."""
    wanted = len(sink.arrivals) + more
    while len(sink.arrivals) < wanted:
        await asyncio.sleep(0.005)


async def _all_out(cluster: Cluster, killed: Kill) -> None:
    """Wait until every mail that was waiting at the kill has arrived, and record when the last one did."""
    end = time.monotonic() + LONGEST_WAIT
    while not killed.waiting <= cluster.sink.arrivals.keys():
        if time.monotonic() > end:
            break
        await asyncio.sleep(0.05)
    firsts = [cluster.sink.arrivals[one][0] for one in killed.waiting if one in cluster.sink.arrivals]
    killed.wait = max(0.0, max(firsts, default=killed.at) - killed.at - killed.restarted)


async def _settled(dsn: str) -> None:
    """Wait until all results are recorded."""
    conn = await asyncpg.connect(dsn)
    while await conn.fetchval("SELECT EXISTS (SELECT FROM documents WHERE delivery_status = 'pending')"):
        await asyncio.sleep(0.1)
    await conn.close()


def copies(sink: SlowSink, kill: Kill, end: float) -> int:
    """Return how many duplicates arrived between this kill and the next."""
    return sum(1 for times in sink.arrivals.values() for moment in times[1:] if kill.at <= moment < end)


def report(kills: Sequence[Kill], sink: SlowSink) -> None:
    """Print a row for each kind of victim."""
    ends = [*(kill.at for kill in kills[1:]), float("inf")]
    doubled = {id(kill): copies(sink, kill, end) for kill, end in zip(kills, ends, strict=True)}
    print("| killed | kills | in flight (mean) | second copies (mean, most) | longest wait: median, most |")
    print("|---|---|---|---|---|")
    for victim in [*COMMANDS, POSTGRES]:
        group = [kill for kill in kills if kill.victim == victim]
        if not group:
            continue
        waits = [kill.wait for kill in group]
        second = [doubled[id(kill)] for kill in group]
        print(
            f"| {victim} | {len(group)} | {statistics.mean(len(kill.in_flight) for kill in group):.0f} "
            f"| {statistics.mean(second):.1f}, {max(second)} | {statistics.median(waits):.1f} s, {max(waits):.1f} s |"
        )
    excessive = [kill.victim for kill in kills if doubled[id(kill)] > len(kill.in_flight)]
    print(f"kills with more second copies than mails in flight: {len(excessive)} {excessive or ''}")


async def check(dsn: str, sink: SlowSink) -> bool:
    """Compare the database with the mails that arrived, print the result, and return whether they match."""
    conn = await asyncpg.connect(dsn)
    rows = await conn.fetch("SELECT id, delivery_status FROM documents")
    wrong_counts = await miscounted(conn)
    await conn.close()
    lost = [row["id"] for row in rows if row["id"] not in sink.arrivals]
    misreported = [row["id"] for row in rows if row["delivery_status"] != "sent"]
    second = Counter(len(times) for times in sink.arrivals.values())
    message_ids = max((len(known) for known in sink.message_ids.values()), default=0)
    print(f"{len(rows)} documents: lost {len(lost)}, misreported {len(misreported)}, miscounted {len(wrong_counts)},")
    print(f"copies of a mail: {dict(sorted(second.items()))}, Message-IDs a mail: {message_ids}")
    return not (lost or misreported or wrong_counts) and message_ids == 1


async def main(kills: int, lease: str, seed: int, victims: Sequence[str]) -> bool:
    """Perform the requested number of kills, and report."""
    chance = random.Random(seed)
    order = [victims[number % len(victims)] for number in range(kills)]
    chance.shuffle(order)
    async with running_cluster(lease) as cluster:
        conn = await asyncpg.connect(cluster.dsn)
        tenants = [await new_organization(conn, name) for name in ("Acme", "Globex")]
        await conn.close()
        done = []
        for number, victim in enumerate(order, 1):
            killed = await kill_one(cluster, chance, victim, tenants)
            done.append(killed)
            restarted = f", itself back after {killed.restarted:.1f} s" if killed.restarted else ""
            in_flight = len(killed.in_flight)
            print(
                f"{number}. {victim}: {in_flight} in flight, all out after {killed.wait:.1f} s{restarted}", flush=True
            )
        await _settled(cluster.dsn)
        report(done, cluster.sink)
        return await check(cluster.dsn, cluster.sink)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--lease", default="180")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--victims", nargs="+", default=[*COMMANDS, POSTGRES], choices=[*COMMANDS, POSTGRES])
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(main(given.kills, given.lease, given.seed, given.victims)) else 1)
