"""Mails per second of one and two workers, against two bare scripts; and the wait of small tenants beside a large one.

    .venv/bin/python tests/bench/delivery.py [--mails 3000] [--rounds 7] [--backlog 15000]

Everything sends over ten kept-alive connections per process to the same minimal SMTP server, which runs in a process of
its own; PostgreSQL runs with fsync on. The scripts compose each mail as the worker does and record nothing: one sends
each command by aiosmtplib and waits for its reply, the other pipelines as the worker does. All use the event loop of
the product's processes. Processor time is that of this process, without PostgreSQL.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid4

import aiosmtplib
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.bulk_sends import addresses, create, new_organization
from support.processes import environment, running

from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.migrations import migrate
from bulksend.db.notices import Notices
from bulksend.db.pool import Connection, Pool, open_pool
from bulksend.delivery.mail.message import Letter, compose
from bulksend.delivery.policy import Policy
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.server_url import SmtpServer
from bulksend.delivery.smtp.transaction import as_content
from bulksend.delivery.worker import Worker
from bulksend.server.garbage_collection import tune_garbage_collection

CONNECTIONS = 10
SMALL_TENANTS = 3
LINKS = SigningLinks(["k" * 40], "https://sign.example.com")
POLICY = Policy("Bulksend <bulksend@example.com>", "example.com")


class Speed(NamedTuple):
    """Mails per second, and milliseconds of processor time per mail."""

    mails: float
    milliseconds: float


class Stopwatch:
    """Measures mails per second, and milliseconds of this process's time per mail, from its creation on."""

    def __init__(self, mails: int) -> None:
        self._mails = mails
        self._started = time.perf_counter(), time.process_time()

    def read(self) -> Speed:
        """Return the speed up to now."""
        started, used = self._started
        return Speed(self._mails / (time.perf_counter() - started), (time.process_time() - used) / self._mails * 1000)


Script: TypeAlias = Callable[[int, Iterator[int]], Coroutine[None, None, None]]


async def bare(script: Script, port: int, mails: int) -> Speed:
    """Run the script once for each connection."""
    waiting = iter(range(mails))
    stopwatch = Stopwatch(mails)
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(script(port, waiting))
    return stopwatch.read()


async def _send_by_library(port: int, waiting: Iterator[int]) -> None:
    """Send MAIL, RCPT, DATA and the content one after the other: four round trips per mail."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="bench") as client:
        for number in waiting:
            await client.sendmail("bulksend@example.com", [f"signer{number}@example.com"], _mail(number, uuid4()))


async def _send_by_hand(port: int, waiting: Iterator[int]) -> None:
    """Pipeline MAIL, RCPT and DATA (RFC 2920), then send the content: two round trips per mail."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"EHLO bench\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    for number in waiting:
        mail = as_content(_mail(number, uuid4()))
        recipient = f"signer{number}@example.com".encode()
        writer.write(b"MAIL FROM:<bulksend@example.com>\r\nRCPT TO:<" + recipient + b">\r\nDATA\r\n")
        replies = [await reader.readline() for _ in range(3)]
        writer.write(mail)
        replies.append(await reader.readline())
        assert [reply[:1] for reply in replies] == [b"2", b"2", b"3", b"2"]
    writer.close()


def _mail(number: int, document_id: UUID) -> bytes:
    letter = Letter(
        organization_name="Acme",
        template_name="NDA",
        bulk_send_name="Spring",
        email_message="Please sign.",
        signer_name=f"Signer {number}",
        signer_email=f"signer{number}@example.com",
        signer_message=None,
        document_id=document_id,
        signing_url=LINKS.url(document_id, document_id, 1),
    )
    return compose(letter, POLICY.mail_from, POLICY.message_id_domain)


async def one_worker(pool: Pool, dsn: str, port: int, mails: int) -> Speed:
    """Deliver with a worker in this process, where the scripts run too."""
    await fill(pool, mails)
    mailer = Mailer(SmtpServer("127.0.0.1", port), connections=CONNECTIONS)
    worker = Worker(pool, Notices(pool, dsn), mailer, LINKS, POLICY)
    stopwatch = Stopwatch(mails)
    running_worker = asyncio.create_task(worker.run())
    await drained(pool)
    speed = stopwatch.read()
    await worker.stop(5)
    await running_worker
    await mailer.close()
    return speed


async def workers(pool: Pool, dsn: str, port: int, mails: int, count: int) -> float:
    """Deliver with several `bulksend work` processes and return mails per second, from the first mail to the last."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(running(["work"], environment(dsn, f"smtp://127.0.0.1:{port}")))
        # The first mails of a process include opening its connections.
        await fill(pool, 100)
        await drained(pool)
        async with pool.acquire() as conn, conn.transaction():
            await fill_in(conn, mails)
        started = time.perf_counter()
        await pool.execute("SELECT pg_notify('bulksend', 'work')")
        await drained(pool)
        return mails / (time.perf_counter() - started)


async def waits_of_small_tenants(pool: Pool, dsn: str, port: int, backlog: int) -> list[float]:
    """Return the waits, in milliseconds, of the mails of three small tenants while one large tenant has a backlog."""
    await fill(pool, backlog)
    async with running(["work"], environment(dsn, f"smtp://127.0.0.1:{port}")):
        small = []
        async with pool.acquire() as conn:
            tenants = [await new_organization(conn, f"Small {number}") for number in range(SMALL_TENANTS)]
            for _ in range(10):
                await asyncio.sleep(0.2)
                small += [await create(conn, *tenant, addresses(3)) for tenant in tenants]
            left = await conn.fetchval("SELECT count(*) FROM documents WHERE delivery_status = 'pending'")
        print(f"  ({left} of the backlog were left when the last small tenant asked)")
        ids = [one.id for one in small]
        while await pool.fetchval("SELECT count(*) FROM bulk_sends WHERE id = any($1) AND pending_count > 0", ids):
            await asyncio.sleep(0.05)
        rows = await pool.fetch("SELECT sent_at - created_at AS wait FROM documents WHERE bulk_send_id = any($1)", ids)
    return [row["wait"].total_seconds() * 1000 for row in rows]


async def fill(pool: Pool, mails: int) -> None:
    """Create this many pending documents for one organization."""
    async with pool.acquire() as conn:
        await fill_in(conn, mails)


async def fill_in(conn: Connection, mails: int) -> None:
    """Create the documents on this connection, so that all workers see them at once when its transaction commits."""
    tenant = await new_organization(conn)
    for start in range(0, mails, 500):
        await create(conn, *tenant, addresses(min(500, mails - start)))


async def drained(pool: Pool) -> None:
    """Wait until nothing is pending."""
    while await pool.fetchval("SELECT 1 FROM bulk_sends WHERE pending_count > 0 LIMIT 1"):
        await asyncio.sleep(0.02)


@asynccontextmanager
async def lean_sink() -> AsyncIterator[int]:
    """Run the SMTP sink in a process of its own and yield its port."""
    script = Path(__file__).with_name("lean_sink.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), "0", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def side_by_side(pool: Pool, dsn: str, port: int, mails: int) -> dict[str, Speed]:
    """Measure the scripts and a worker, one after another."""
    return {
        "script, command by command": await bare(_send_by_library, port, mails),
        "script, pipelining": await bare(_send_by_hand, port, mails),
        "one worker": await one_worker(pool, dsn, port, mails),
    }


def print_side_by_side(rounds: list[dict[str, Speed]]) -> None:
    """Print the medians of each, and the ratio of the worker to each."""
    for name in rounds[0]:
        mails, milliseconds = (statistics.median(values) for values in zip(*(row[name] for row in rounds), strict=True))
        ratios = sorted(row["one worker"].mails / row[name].mails for row in rounds)
        print(
            f"{name:27} {mails:6.0f} mails a second, {milliseconds:.2f} ms of processor time each; the worker is at"
            f" {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


async def main(mails: int, rounds: int, backlog: int) -> None:
    """Run all measurements and print them."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = await stack.enter_async_context(embedded_postgres(home / "postgres"))
        await migrate(dsn)
        port = await stack.enter_async_context(lean_sink())
        pool = await stack.enter_async_context(open_pool(dsn))
        rows = [await side_by_side(pool, dsn, port, mails) for _ in range(rounds + 1)][1:]
        print_side_by_side(rows)
        rounds_of = [[await workers(pool, dsn, port, 2 * mails, count) for count in (1, 2)] for _ in range(3)]
        for count, speeds in zip((1, 2), zip(*rounds_of, strict=True), strict=True):
            print(f"{count} processes  {statistics.median(speeds):6.0f} mails a second")
        waits = sorted(await waits_of_small_tenants(pool, dsn, port, backlog))
        print(
            f"beside a backlog of {backlog}, small tenants' mails wait {statistics.median(waits):.0f} ms in the median,"
        )
        print(f"{waits[-1]:.0f} ms at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--backlog", type=int, default=15_000)
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tune_garbage_collection()
        runner.run(main(arguments.mails, arguments.rounds, arguments.backlog))
