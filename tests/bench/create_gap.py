"""Measure how long a create of 500 signers blocks the event loop.

    .venv/bin/python tests/bench/create_gap.py [--rounds 10]

A heartbeat task in the gateway's event loop records the longest gap between two beats while creates run, first without
delivery and then with it. The same heartbeat without a create shows the noise of the machine itself.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import json
import urllib.request

from support.gateway import CREATE, RunningGateway, Sending, Tenant, new_tenant, running_gateway

from bulksend.db.embedded.server import TEST_SETTINGS, embedded_postgres
from bulksend.db.migrations import migrate
from bulksend.server.dev.mail_catcher import mail_catcher

BEAT = 0.0005


async def worst_gap(work: Callable[[], Awaitable[object]]) -> float:
    """Return the longest time between two beats, in milliseconds, while `work` runs."""
    worst = 0.0
    done = asyncio.ensure_future(work())
    while not done.done():
        before = time.perf_counter()
        await asyncio.sleep(BEAT)
        worst = max(worst, time.perf_counter() - before - BEAT)
    await done
    return worst * 1000


def post(url: str, tenant: Tenant, body: bytes) -> None:
    """Send a request from another thread, as an outside client would."""
    headers = {**tenant.headers, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
        assert b'"errors"' not in response.read()


async def measure(gateway: RunningGateway, title: str, rounds: int) -> None:
    """Measure creates on one gateway and print the result."""
    tenant = await new_tenant(gateway.pool)
    body = json.dumps({"query": CREATE, "variables": Sending(tenant, 500).variables}).encode()
    url = f"{gateway.url}/graphql"
    gaps = [await worst_gap(lambda: asyncio.to_thread(post, url, tenant, body)) for _ in range(rounds)]
    idle = [await worst_gap(lambda: asyncio.sleep(0.2)) for _ in range(rounds)]
    print(
        f"{title:28} worst gap: median {statistics.median(gaps):5.1f} ms, most {max(gaps):5.1f} ms "
        f"(beside no create: {statistics.median(idle):.1f}, {max(idle):.1f})"
    )


async def main(rounds: int) -> None:
    """Measure without and with delivery."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        async with embedded_postgres(home / "pg", settings=TEST_SETTINGS) as dsn, mail_catcher(home / "out") as smtp:
            await migrate(dsn)
            for title, delivery in (("the create alone", False), ("the create and its delivery", True)):
                async with running_gateway(dsn, smtp, delivery=delivery, sync_wait=20 if delivery else 0) as gateway:
                    await measure(gateway, title, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    asyncio.run(main(parser.parse_args().rounds))
