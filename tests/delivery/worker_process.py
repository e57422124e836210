"""A delivery worker as a separate process that tests can kill.

Arguments: DSN, port of the SMTP sink, seconds of a lease, mails per second or 0 for no limit.
"""

import asyncio
import signal
import sys

from bulksend.db.notices import Notices
from bulksend.db.pool import open_pool
from bulksend.delivery.policy import Policy
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.server_url import SmtpServer
from bulksend.delivery.worker import Worker


async def work(dsn: str, port: int, lease: float, rate: float) -> None:
    policy = Policy(
        "bulksend@example.com", "mail.example.com", lease=lease, retry_delays=(0.1,) * 8, probe_interval=0.1
    )
    mailer = Mailer(SmtpServer("127.0.0.1", port), connections=5, reply_timeout=lease / 2)
    async with open_pool(dsn) as pool:
        links = SigningLinks(["k" * 40], "https://sign.example.com")
        worker = Worker(pool, Notices(pool, dsn), mailer, links, policy)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop, worker)
        print("up", flush=True)
        await worker.run()
        await stopping[0]
        await mailer.close()


def stop(worker: Worker) -> None:
    stopping.append(asyncio.create_task(worker.stop(grace=10)))


stopping: list[asyncio.Task[bool]] = []


def main() -> None:
    dsn, port, lease, rate = sys.argv[1:]
    asyncio.run(work(dsn, int(port), float(lease), float(rate)))
