"""`bulksend dev`, killed amid its mail and started again by its user on the same data."""

import asyncio
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from support.processes import Process, running
from support.smtp.sink import Phase, SmtpSink

KEY: Final = re.compile(r"isk_[A-Za-z0-9_-]{44}")
TEMPLATE: Final = re.compile(r"Template\s+(tpl_\w+)")
CREATE: Final = "mutation($input: CreateBulkSendInput!) { createBulkSend(input: $input) { bulkSend { id } } }"
COUNTS: Final = "query($id: ID!) { bulkSend(id: $id) { sentCount failedCount pendingCount } }"
SIGNERS: Final = 40
# Less than the lease: what is out by then was taken over from the killed process.
PATIENCE: Final = 60


class Dev:
    """A running `bulksend dev`."""

    def __init__(self, process: Process, session: aiohttp.ClientSession) -> None:
        self.process = process
        self._session = session

    async def ask(self, query: str, **variables: Any) -> Any:
        async with self._session.post(
            f"{self.process.url}/graphql", json={"query": query, "variables": variables}
        ) as response:
            return (await response.json())["data"]


@asynccontextmanager
async def dev(folder: Path, sink: SmtpSink) -> AsyncIterator[Dev]:
    settings = {"DATA_DIR": str(folder / "data"), "SMTP_URL": sink.url, "PORT": "0", "SEALING": "off"}
    async with running(["dev"], {f"BULKSEND_{name}": value for name, value in settings.items()}) as process:
        key = await said(process, KEY)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
            yield Dev(process, session)


async def said(process: Process, pattern: re.Pattern[str]) -> str:
    """Wait until the process has said this, and return it."""
    async with asyncio.timeout(PATIENCE):
        while not (match := pattern.search("".join(process.said))):
            await asyncio.sleep(0.02)
    return match[match.lastindex or 0]


def signers() -> list[dict[str, str]]:
    return [{"name": f"Signer {number}", "email": f"signer{number}@restart.example"} for number in range(SIGNERS)]


async def test_what_a_killed_dev_had_claimed_is_out_soon_after_its_restart(tmp_path: Path, sink: SmtpSink) -> None:
    async with dev(tmp_path, sink) as killed:
        gate = sink.hold(Phase.MESSAGE, recipient="*@restart.example")
        template = await said(killed.process, TEMPLATE)
        new = {"templateId": template, "name": "Restart", "signers": signers(), "waitForDelivery": False}
        bulk_send_id = (await killed.ask(CREATE, input=new))["createBulkSend"]["bulkSend"]["id"]
        await gate.reached(10)
        await killed.process.ended(signal.SIGKILL)
    sink.forgive()
    gate.open()

    async with dev(tmp_path, sink) as restarted, asyncio.timeout(PATIENCE):
        while (counts := (await restarted.ask(COUNTS, id=bulk_send_id))["bulkSend"])["pendingCount"]:
            await asyncio.sleep(0.05)
        assert counts == {"sentCount": SIGNERS, "failedCount": 0, "pendingCount": 0}
    copies = Counter(mail.recipients[0] for mail in sink.mails if mail.recipients[0].endswith("@restart.example"))
    assert len(copies) == SIGNERS
    assert sum(copies.values()) - SIGNERS <= 10
