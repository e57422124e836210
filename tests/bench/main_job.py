"""Time 500 signers from the call to the last mail: Bulksend against a bare script that does the same work.

    .venv/bin/python tests/bench/main_job.py [--rounds 7]

Both write the same rows to the same PostgreSQL (fsync on) and send the same mails over ten kept-alive connections to
the same mail catcher, alternately. The script composes mails with Bulksend's own `compose` and records no results.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import aiosmtplib

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.gateway import CREATE, Sending, Tenant, new_tenant
from support.processes import environment, running

from bulksend.db import bulk_sends, ids
from bulksend.db.bulk_sends import NewBulkSend
from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.migrations import migrate
from bulksend.db.pool import Pool, open_pool
from bulksend.delivery.mail.message import Letter, compose
from bulksend.delivery.signing_links import SigningLinks
from bulksend.delivery.smtp.server_url import SmtpServer
from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.server.dev.mail_catcher import mail_catcher

SIGNERS = 500
CONNECTIONS = 10


@dataclass
class Bare:
    """The script: insert rows, then send over several connections."""

    pool: Pool
    tenant: Tenant
    smtp: SmtpServer
    links: SigningLinks

    async def run(self, people: list[dict[str, str]]) -> None:
        """Insert the rows, then send the mails."""
        found = await self._write(people)
        waiting = iter(list(found))
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._send(waiting))

    async def _write(self, people: list[dict[str, str]]) -> list[tuple[UUID, str, str]]:
        template_id = ids.decode(ids.TEMPLATE, self.tenant.template_id)
        signers = [ValidSigner(person["name"], person["email"], None, None, None, {}) for person in people]
        text = bulk_sends.signers_text(signers)
        new = NewBulkSend(template_id, "Q3 Vendor Agreements", None, None, str(uuid4()), bytes(32), text)
        async with self.pool.acquire() as conn:
            row = await bulk_sends.create(
                conn, organization_id=self.tenant.organization_id, interval=timedelta(), new=new
            )
            assert row
            await conn.execute("UPDATE documents SET delivery_status = 'sent', next_attempt_at = NULL, sent_at = now()")
            return [
                (record["id"], record["signer_name"], record["signer_email"])
                for record in await conn.fetch(
                    "SELECT id, signer_name, signer_email FROM documents WHERE bulk_send_id = $1", row.id
                )
            ]

    async def _send(self, waiting: object) -> None:
        client = aiosmtplib.SMTP(hostname=self.smtp.host, port=self.smtp.port, start_tls=False, local_hostname="bench")
        async with client:
            for document_id, name, email in waiting:  # type: ignore[attr-defined]
                await client.sendmail("bulksend@example.com", [email], self._compose(document_id, name, email))

    def _compose(self, document_id: UUID, name: str, email: str) -> bytes:
        letter = Letter(
            organization_name="Acme",
            template_name="Agreement",
            bulk_send_name="Q3 Vendor Agreements",
            email_message=None,
            signer_name=name,
            signer_email=email,
            signer_message=None,
            document_id=document_id,
            signing_url=self.links.url(self.tenant.organization_id, document_id, 1),
        )
        return compose(letter, "Bulksend <bulksend@example.com>", "example.com")


async def main(rounds: int) -> None:
    """Run both alternately and print the medians and their ratio."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = await stack.enter_async_context(embedded_postgres(home / "postgres"))
        await migrate(dsn)
        smtp_url = await stack.enter_async_context(mail_catcher(home / "outbox"))
        pool = await stack.enter_async_context(open_pool(dsn))
        tenant = await new_tenant(pool)
        gateway = await stack.enter_async_context(running(["serve"], environment(dsn, smtp_url)))
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=tenant.headers))
        variables = Sending(tenant, SIGNERS).variables
        body = json.dumps({"query": CREATE, "variables": variables}).encode()
        bare = Bare(pool, tenant, SmtpServer.from_url(smtp_url), SigningLinks(["x" * 32], "http://sign.example.com"))

        async def ours() -> None:
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{gateway.url}/graphql", data=body, headers=headers) as response:
                payload = (await response.json())["data"]["createBulkSend"]
            assert payload["bulkSend"]["sentCount"] == SIGNERS, payload

        times: dict[str, list[float]] = {"bulksend": [], "bare script": []}
        for number in range(rounds + 1):
            for name, run in (("bulksend", ours()), ("bare script", bare.run(variables["input"]["signers"]))):
                started = time.perf_counter()
                await run
                if number:  # the first round is a warm-up
                    times[name].append(time.perf_counter() - started)
        for name, taken in times.items():
            print(f"{name:12} median {statistics.median(taken) * 1000:7.1f} ms   best {min(taken) * 1000:7.1f} ms")
        print(f"ratio of medians {statistics.median(times['bulksend']) / statistics.median(times['bare script']):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    asyncio.run(main(parser.parse_args().rounds))
