"""Run the README's Deploy block in a clean virtual environment and send mail with what it starts.

The block is taken from the README's text. Only what names servers of an imaginary company is replaced: the values of
BULKSEND_DATABASE_URL and BULKSEND_SMTP_URL. It runs in a copy of the repository's tracked files, and what `pip install`
brings there must lack every package of the extras.
"""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import venv
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tracked_files import ROOT, copy_tracked_files

sys.path.insert(0, str(ROOT / "tests"))

from support.smtp.sink import SmtpSink

from bulksend.db.embedded.server import embedded_postgres

SERVES = re.compile(r"Bulksend serves (http://\S+)/graphql")
DELIVERS = re.compile(r"Bulksend delivers; (http://\S+)/readyz")
START_SECONDS = 600  # of them pip takes most
CREATE = """
mutation($input: CreateBulkSendInput!) {
  createBulkSend(input: $input) { bulkSend { status sentCount } userErrors { code message } }
}
"""


class Output:
    """The lines that a process has written, and its end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    async def until(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Return the first match in the output. Raise `RuntimeError` if the process ends without one."""
        assert self.process.stdout is not None
        while not (match := pattern.search(self.text)):
            line = await self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"ended without {pattern.pattern!r}:\n{self.text}")
            self.text += line.decode()
        return match


def deploy_block() -> str:
    """Return the shell block under `<!-- deploy -->` in the README."""
    match = re.search(r"<!-- deploy -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert match, "README.md has no block after <!-- deploy -->"
    return match[1]


def with_values(block: str, values: Mapping[str, str]) -> str:
    """Return the block with other values of these exported variables, each of which must be exported once."""
    for name, value in values.items():
        line = f"export {name}={shlex.quote(value)}".replace("\\", r"\\")
        block, count = re.subn(rf"^export {name}=.*$", line, block, flags=re.MULTILINE)
        assert count == 1, f"the block exports {name} {count} times"
    return block


@contextmanager
def clean_clone() -> Iterator[Path]:
    """Copy the tracked files as they are now, beside an empty virtual environment `.venv`."""
    with tempfile.TemporaryDirectory(prefix="bulksend-deploy-") as folder:
        clone = Path(folder)
        copy_tracked_files(clone)
        (clone / "agreement.md").write_text("# Agreement\n\nBetween us and {{ signer.name }}.\n", "utf-8")
        venv.create(clone / ".venv", with_pip=True)
        yield clone


def environment(clone: Path) -> dict[str, str]:
    """Return an environment with the clone's virtual environment activated and no setting of Bulksend's but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BULKSEND_", "PYTHON"))}
    path = f"{clone / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}"
    # Any free port; two creates in a row.
    settings = {"BULKSEND_PORT": "0", "BULKSEND_BULK_SEND_INTERVAL": "0"}
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(clone / ".venv"), "PIP_QUIET": "1", **settings}


@asynccontextmanager
async def running(clone: Path, script: str) -> AsyncIterator[Output]:
    """Run a script in a session of its own, and terminate what still runs of it at the end."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=clone,
        env=environment(clone),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output = Output(process)
    try:
        yield output
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 15)
        await asyncio.wait_for(process.communicate(), 60)


def check_packages(clone: Path) -> None:
    """Require that no package of an extra is installed, and that Bulksend is, not editable."""
    listed = subprocess.run(
        [str(clone / ".venv" / "bin" / "pip"), "list", "--format=json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
    ).stdout
    packages = {row["name"].lower().replace("_", "-"): row for row in json.loads(listed)}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {re.split(r"[\[<>=!~ ]", requirement)[0].lower() for group in extras.values() for requirement in group}
    brought = sorted(packages.keys() & (named - {"bulksend"}))
    assert not brought, f"installed without an extra: {brought}"
    assert "editable_project_location" not in packages["bulksend"]
    print(f"{len(packages)} packages, none of an extra")


def create(url: str, key: str, template: str, address: str) -> dict[str, Any]:
    """Create a bulk send with one signer, wait for its delivery and return it."""
    signers = [{"name": "Alice Johnson", "email": address}]
    body = {"query": CREATE, "variables": {"input": {"templateId": template, "name": "Deploy", "signers": signers}}}
    request = urllib.request.Request(
        f"{url}/graphql",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    payload = answer["data"]["createBulkSend"]
    assert payload["userErrors"] == [], answer
    return dict(payload["bulkSend"])


async def delivered(sink: SmtpSink, url: str, key: str, template: str, address: str) -> None:
    """Create a bulk send and require that its mail was accepted."""
    bulk_send = await asyncio.to_thread(create, url, key, template, address)
    assert bulk_send == {"status": "COMPLETED", "sentCount": 1}, bulk_send
    assert len(sink.accepted(address)) == 1
    print(f"delivered: {address}")


async def check(clone: Path, sink: SmtpSink, dsn: str) -> None:
    """Run the block to its `serve` and create; then the gateway and a worker as two processes, and create again."""
    values = {"BULKSEND_DATABASE_URL": dsn, "BULKSEND_SMTP_URL": sink.url}
    block = with_values(deploy_block(), values)
    async with running(clone, block) as serving:
        async with asyncio.timeout(START_SECONDS):
            url = (await serving.until(SERVES))[1]
        check_packages(clone)
        key = (await serving.until(re.compile(r"^isk_\S+", re.MULTILINE)))[0]
        template = (await serving.until(re.compile(r"^tpl_\S+", re.MULTILINE)))[0]
        await delivered(sink, url, key, template, "alice@example.com")
    exports = "\n".join(line for line in block.splitlines() if line.startswith("export "))
    async with (
        running(clone, f"{exports}\nexec bulksend work") as working,
        running(clone, f"{exports}\nexec bulksend serve --no-delivery") as serving,
        asyncio.timeout(60),
    ):
        await working.until(DELIVERS)
        url = (await serving.until(SERVES))[1]
        await delivered(sink, url, key, template, "bob@example.com")


async def main() -> None:
    """Check the README's Deploy block."""
    with clean_clone() as clone, tempfile.TemporaryDirectory() as home:
        async with embedded_postgres(Path(home)) as dsn, SmtpSink() as sink:
            await check(clone, sink, dsn)


asyncio.run(main())
