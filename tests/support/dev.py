"""`bulksend dev` as a process: tests create bulk sends with it, kill it and restart it on the same data."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from support.processes import Process, running

KEY: Final = re.compile(r"isk_[A-Za-z0-9_-]{44}")
TEMPLATE: Final = re.compile(r"Template\s+(tpl_\w+)")
CREATE: Final = "mutation($input: CreateBulkSendInput!) { createBulkSend(input: $input) { bulkSend { id } } }"
COUNTS: Final = "query($id: ID!) { bulkSend(id: $id) { sentCount failedCount pendingCount } }"
PATIENCE: Final = 60


class Dev:
    """A running `bulksend dev`."""

    def __init__(self, process: Process, session: aiohttp.ClientSession) -> None:
        self.process = process
        self._session = session

    async def create(self, addresses: list[str]) -> str:
        """Create a bulk send with the demo's template, and return its id without waiting for its mail."""
        signers = [{"name": address, "email": address} for address in addresses]
        template = await said(self.process, TEMPLATE)
        new = {"templateId": template, "name": "Restart", "signers": signers, "waitForDelivery": False}
        return str((await self._ask(CREATE, input=new))["createBulkSend"]["bulkSend"]["id"])

    async def finished(self, bulk_send_id: str) -> dict[str, int]:
        """Wait until nothing of the bulk send is pending, and return its counts."""
        async with asyncio.timeout(PATIENCE):
            while (counts := (await self._ask(COUNTS, id=bulk_send_id))["bulkSend"])["pendingCount"]:
                await asyncio.sleep(0.05)
        return dict(counts)

    async def _ask(self, query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        async with self._session.post(f"{self.process.url}/graphql", json=body) as response:
            return (await response.json())["data"]


@asynccontextmanager
async def running_dev(folder: Path, smtp_url: str) -> AsyncIterator[Dev]:
    """Run `bulksend dev` with its data in a folder, and stop it at the end."""
    settings = {"DATA_DIR": str(folder / "data"), "SMTP_URL": smtp_url, "PORT": "0", "SEALING": "off"}
    async with running(["dev"], {f"BULKSEND_{name}": value for name, value in settings.items()}) as process:
        key = await said(process, KEY)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
            yield Dev(process, session)


async def said(process: Process, pattern: re.Pattern[str]) -> str:
    """Wait until the process prints a match of the pattern, and return the matched text."""
    async with asyncio.timeout(PATIENCE):
        while not (match := pattern.search("".join(process.said))):
            await asyncio.sleep(0.02)
    return match[match.lastindex or 0]
