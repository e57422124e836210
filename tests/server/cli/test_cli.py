"""The command line as a separate process: its output streams and exit statuses."""

import asyncio
import json
import re
import shlex
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from click.testing import CliRunner
from conftest import clone, scratch_database
from support.forking import ForkedProcess, start
from support.processes import inherited

from bulksend.schema.build import build_schema
from bulksend.server.cli.main import main

PATIENCE = 60.0
UNKNOWN = ("--organization", "org_01h455vb4pex5vsknk084sn02q")
KEY = re.compile(r"isk_[A-Za-z0-9_-]{44}")


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit status and output of a command."""

    status: int
    stdout: str
    stderr: str

    @property
    def result(self) -> str:
        """Return the single line of standard output of a command that succeeded."""
        assert self.status == 0, self.stderr
        (line,) = self.stdout.splitlines()
        return line


def environment(tmp_path: Path, settings: Mapping[str, str]) -> dict[str, str]:
    given = {f"BULKSEND_{name}": value for name, value in settings.items()}
    return {**inherited(), "BULKSEND_DATA_DIR": str(tmp_path / "data"), **given}


class CommandLine:
    """Runs `bulksend` with the given settings, in an arbitrary folder."""

    def __init__(self, tmp_path: Path, **settings: str) -> None:
        self._tmp_path = tmp_path
        self._environment = environment(tmp_path, settings)

    async def start(self, *arguments: str, stdin: bytes = b"") -> ForkedProcess:
        return await start(*arguments, environment=self._environment, folder=self._tmp_path, given=stdin)

    async def __call__(self, *arguments: str, stdin: bytes = b"") -> Ended:
        process = await self.start(*arguments, stdin=stdin)
        try:
            stdout, stderr = await asyncio.wait_for(process.communicate(), PATIENCE)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        assert "Traceback" not in stderr.decode(), stderr.decode()
        return Ended(process.returncode, stdout.decode(), stderr.decode())


@pytest.fixture
async def database(server_dsn: str, worker_name: str) -> AsyncIterator[str]:
    """A migrated database for one test."""
    async with clone(server_dsn, f"bulksend_cli_{worker_name}") as dsn:
        yield dsn


@pytest.fixture
def bulksend(tmp_path: Path, database: str) -> CommandLine:
    return CommandLine(tmp_path, DATABASE_URL=database)


async def test_from_an_organization_to_a_key_and_back(bulksend: CommandLine, database: str, tmp_path: Path) -> None:
    organization = (await bulksend("organizations", "create", "Acme GmbH")).result
    assert re.fullmatch(r"org_[0-9a-z]{26}", organization)

    of = ("--organization", organization)
    created = await bulksend("keys", "create", *of, "--name", "CI", "--scopes", "bulk_sends.read, templates.*")
    assert KEY.fullmatch(created.result)
    assert created.stderr == ""
    short = await bulksend("keys", "create", *of, "--name", "Short", "--scopes", "*", "--expires-in", "30")
    assert short.result != created.result

    (tmp_path / "nda.md").write_text("# NDA\n\n{{ signer.name }} of {{ values.company }}\n", "utf-8")
    template = (await bulksend("templates", "add", *of, "--name", "NDA", "nda.md")).result
    assert re.fullmatch(r"tpl_[0-9a-z]{26}", template)

    listed = [line.split("\t") for line in (await bulksend("keys", "list", *of)).stdout.splitlines()]
    assert [line[1:3] for line in listed] == [["Short", "*"], ["CI", "bulk_sends.read,templates.*"]]
    assert listed[0][3].startswith("until 20")
    assert [line[4] for line in listed] == ["never", "never"]
    assert created.result not in str(listed)

    revoked = await bulksend("keys", "revoke", *of, listed[1][0])
    assert (revoked.status, revoked.stdout) == (0, "")
    assert "revoked" in (await bulksend("keys", "list", *of)).stdout.splitlines()[1].split("\t")
    again = await bulksend("keys", "revoke", *of, listed[1][0])
    assert (again.status, again.stdout) == (1, "")

    conn = await asyncpg.connect(database)
    assert await conn.fetchval("SELECT merge_fields FROM templates") == ["company"]
    await conn.close()


async def test_a_template_comes_from_standard_input_too(bulksend: CommandLine) -> None:
    organization = (await bulksend("organizations", "create", "Acme")).result
    of = ("--organization", organization)
    added = await bulksend("templates", "add", *of, "--name", "NDA", "-", stdin="# é\n".encode())
    assert added.result.startswith("tpl_")


KEY_CREATE = ("keys", "create", "--name", "x", *UNKNOWN)
TEMPLATE_ADD = ("templates", "add", "--name", "x", *UNKNOWN)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Usage"),
        (("nonsense",), "nonsense"),
        (("organizations", "create"), "NAME"),
        (("organizations", "create", ""), "NAME"),
        (("organizations", "create", "x" * 201), "200"),
        (("organizations", "create", "two\nlines"), "line"),
        (("keys", "create", "--name", "x", "--scopes", "*"), "--organization"),
        (("keys", "create", "--name", "x", "--scopes", "*", "--organization", "nonsense"), "org_"),
        ((*KEY_CREATE, "--scopes", "all"), "--scopes"),
        ((*KEY_CREATE, "--scopes", ","), "--scopes"),
        ((*KEY_CREATE, "--scopes", "*", "--expires-in", "0"), "--expires-in"),
        (("keys", "revoke", *UNKNOWN, "bs_01h455vb4pex5vsknk084sn02q"), "key_"),
        ((*TEMPLATE_ADD, "missing.md"), "missing.md"),
        ((*TEMPLATE_ADD, "latin1.md"), "UTF-8"),
        ((*TEMPLATE_ADD, "--description", "d" * 1001, "fine.md"), "1000"),
    ],
)
def test_wrong_usage_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fine.md").write_text("# Fine\n", "utf-8")
    Path("latin1.md").write_bytes("é".encode("latin-1"))
    ended = CliRunner().invoke(main, arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert told in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*KEY_CREATE, "--scopes", "*"), "organization"),
        (("keys", "list", *UNKNOWN), "organization"),
        (("keys", "revoke", *UNKNOWN, "key_01h455vb4pex5vsknk084sn02q"), "no such key"),
        ((*TEMPLATE_ADD, "fine.md"), "organization"),
        ((*TEMPLATE_ADD, "wrong.md"), "line 1"),
    ],
)
async def test_failure_is_told(bulksend: CommandLine, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    (tmp_path / "fine.md").write_text("# Fine\n", "utf-8")
    (tmp_path / "wrong.md").write_text("{{ signer.nmae }}\n", "utf-8")
    ended = await bulksend(*arguments)
    assert (ended.status, ended.stdout) == (1, "")
    assert told in ended.stderr


async def test_schema_prints_the_schema(bulksend: CommandLine) -> None:
    ended = await bulksend("schema")
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout == build_schema().as_str() + "\n"


async def test_migrate_brings_a_database_up_to_date_and_leaves_it_there(
    server_dsn: str, worker_name: str, tmp_path: Path
) -> None:
    async with scratch_database(server_dsn, f"cli_{worker_name}") as dsn:
        bulksend = CommandLine(tmp_path, DATABASE_URL=dsn)
        early = await bulksend("organizations", "create", "Too early")
        assert (early.status, early.stdout) == (1, "")
        assert "bulksend migrate" in early.stderr

        first = await bulksend("migrate")
        assert (first.status, first.stdout) == (0, "")
        assert "0001 initial" in first.stderr
        second = await bulksend("migrate")
        assert (second.status, second.stdout) == (0, "")
        assert "0001" not in second.stderr
        assert (await bulksend("organizations", "create", "In time")).status == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1:1/nothing",
        "postgresql://nowhere.invalid/nothing",
    ],
)
async def test_a_database_that_is_not_there_is_told(tmp_path: Path, url: str) -> None:
    ended = await CommandLine(tmp_path, DATABASE_URL=url)("organizations", "create", "Acme")
    assert (ended.status, ended.stdout) == (1, "")
    assert "database" in ended.stderr


async def test_a_wrong_setting_is_wrong_usage(tmp_path: Path) -> None:
    ended = await CommandLine(tmp_path, DATABASE_URL="nonsense")("organizations", "create", "Acme")
    assert (ended.status, ended.stdout) == (2, "")
    assert "BULKSEND_DATABASE_URL: must begin with postgresql://" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_missing_database_is_told(tmp_path: Path, database: str) -> None:
    missing = re.sub(r"bulksend_cli_\w+", "bulksend_missing", database)
    ended = await CommandLine(tmp_path, DATABASE_URL=missing)("keys", "list", *UNKNOWN)
    assert (ended.status, ended.stdout) == (1, "")
    assert "database" in ended.stderr


@pytest.mark.parametrize("command", ["serve", "work"])
async def test_without_settings_names_all_that_is_missing(tmp_path: Path, command: str) -> None:
    ended = await CommandLine(tmp_path)(command)
    assert (ended.status, ended.stdout) == (2, "")
    for name in ("DATABASE_URL", "SMTP_URL", "MAIL_FROM", "PUBLIC_URL", "SECRET_KEYS"):
        assert f"BULKSEND_{name}: must be set" in ended.stderr
    assert not (tmp_path / "data").exists()


async def test_a_wrong_setting_is_named_and_not_repeated(tmp_path: Path) -> None:
    ended = await CommandLine(tmp_path, PORT="hush-1", SECRET_KEYS="hush-2", SMTP_URL="smtp://a:hush-3@:x")("serve")
    assert (ended.status, ended.stdout) == (2, "")
    for name in ("PORT", "SECRET_KEYS", "SMTP_URL"):
        assert f"BULKSEND_{name}: " in ended.stderr
    assert "hush" not in ended.stderr


def test_help_and_version() -> None:
    for arguments in (("--help",), ("-h",), ("--version",), ("keys", "create", "--help")):
        ended = CliRunner().invoke(main, arguments)
        assert (ended.exit_code, ended.stderr) == (0, "")
        assert ended.stdout


# Processes that run until they are stopped


@asynccontextmanager
async def running(bulksend: CommandLine, *arguments: str, until: str) -> AsyncIterator[tuple[int, str]]:
    """Run a command; yield its process id and output once it printed `until`. Then send SIGTERM and expect exit 0."""
    process = await bulksend.start(*arguments)
    assert process.stderr is not None
    said = ""
    try:
        async with asyncio.timeout(PATIENCE):
            while until not in said:
                line = (await process.stderr.readline()).decode()
                assert line, f"it ended: {said}"
                said += line
        yield process.pid, said
        process.send_signal(signal.SIGTERM)
        stdout, stderr = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0, stderr.decode()
        assert stdout == b""
        assert b"Traceback" not in stderr
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_dev_prints_what_works_and_keeps_it(tmp_path: Path) -> None:
    bulksend = CommandLine(tmp_path, PORT="0")
    async with running(bulksend, "dev", until="Ctrl-C") as (_, said):
        (key,) = set(KEY.findall(said))
        graphql = re.findall(r"http://127\.0\.0\.1:\d+/graphql", said)[0]
        assert ":0/" not in graphql
        assert graphql.replace("/graphql", "/console/") in said
        assert graphql.replace("/graphql", "/outbox") in said
        curl = said[said.index("curl ") :].partition("}'")[0] + "}'"
        process = await asyncio.create_subprocess_exec(
            *shlex.split(curl.replace("\\\n", " ")), stdout=asyncio.subprocess.PIPE
        )
        stdout, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert json.loads(stdout)["data"]["createBulkSend"]["bulkSend"] | {"id": ""} == {
            "id": "",
            "status": "COMPLETED",
            "sentCount": 3,
            "failedCount": 0,
        }

        # Its signing links contain the actual port.
        mails = [mail.read_text() for mail in (tmp_path / "data" / "outbox").glob("*.eml")]
        assert sum(mail.splitlines()[1].endswith("@example.com") for mail in mails) == 3
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
            query = {"query": "{ documents(first: 1) { nodes { signingUrl signer { name } } } }"}
            async with session.post(graphql, json=query) as response:
                (document,) = (await response.json())["data"]["documents"]["nodes"]
            async with session.get(document["signingUrl"]) as response:
                assert response.status == 200
                assert document["signer"]["name"] in await response.text()
            async with session.get(graphql.replace("/graphql", "/outbox")) as response:
                assert response.status == 200

        # The administrative commands work on its data while it runs.
        organization = (await bulksend("organizations", "create", "Beside")).result
        of = ("--organization", organization)
        beside = (await bulksend("keys", "create", *of, "--name", "Beside", "--scopes", "*")).result
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {beside}"}) as session:
            query = {"query": "{ viewer { organization { name } } }"}
            async with session.post(graphql, json=query) as response:
                assert (await response.json())["data"]["viewer"] == {"organization": {"name": "Beside"}}

    async with running(bulksend, "dev", until="Ctrl-C") as (_, said):
        assert set(KEY.findall(said)) == {key}
        graphql = re.findall(r"http://127\.0\.0\.1:\d+/graphql", said)[0]
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
            query = {"query": "{ bulkSends { nodes { name totalCount sentCount failedCount pendingCount } } }"}
            async with session.post(graphql, json=query) as response:
                _, demo = (await response.json())["data"]["bulkSends"]["nodes"]
        assert (demo.pop("name"), demo) == (
            "Demo: vendor agreements 2026",
            {"totalCount": 12, "sentCount": 9, "failedCount": 2, "pendingCount": 1},
        )
    for secret in ("demo_key", "secret_key"):
        assert (tmp_path / "data" / secret).stat().st_mode & 0o077 == 0


async def test_serve_and_work_run_until_stopped(tmp_path: Path, database: str) -> None:
    bulksend = CommandLine(
        tmp_path,
        DATABASE_URL=database,
        SMTP_URL="smtp://127.0.0.1:1",
        MAIL_FROM="bulksend@example.com",
        PUBLIC_URL="https://sign.example.com",
        SECRET_KEYS="k" * 32,
        SEALING="off",
        PORT="0",
    )
    for arguments in (("serve",), ("serve", "--no-delivery"), ("work",)):
        async with running(bulksend, *arguments, until="http://127.0.0.1:") as (_, said):
            (base,) = re.findall(r"http://127\.0\.0\.1:\d+", said)
            async with aiohttp.ClientSession() as session, session.get(f"{base}/readyz") as response:
                assert (response.status, await response.json()) == (200, {"status": "ready"})


async def test_serve_on_every_address_tells_one_that_leads_there(tmp_path: Path, database: str) -> None:
    bulksend = CommandLine(
        tmp_path,
        DATABASE_URL=database,
        SMTP_URL="smtp://127.0.0.1:1",
        MAIL_FROM="bulksend@example.com",
        PUBLIC_URL="https://sign.example.com",
        SECRET_KEYS="k" * 32,
        SEALING="off",
        HOST="0.0.0.0",
        PORT="0",
    )
    async with running(bulksend, "serve", until="/graphql") as (_, said):
        (base,) = re.findall(r"http://localhost:\d+", said)
        async with aiohttp.ClientSession() as session, session.get(f"{base}/readyz") as response:
            assert response.status == 200


async def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", "utf-8")
    ended = await CommandLine(tmp_path, PORT="0")("dev")
    assert (ended.status, ended.stdout) == (1, "")
    assert f"{tmp_path / 'data'}: File exists" in ended.stderr
    assert "database" not in ended.stderr


async def test_a_port_in_use_is_told(tmp_path: Path, database: str) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bulksend = CommandLine(
        tmp_path,
        DATABASE_URL=database,
        SMTP_URL="smtp://127.0.0.1:1",
        MAIL_FROM="bulksend@example.com",
        PUBLIC_URL="https://sign.example.com",
        SECRET_KEYS="k" * 32,
        SEALING="off",
        PORT=str(port),
    )
    # uvloop cannot close a loop on which a server still listens, so the server must be closed even if the test fails.
    async with server:
        for command in ("serve", "work", "dev"):
            ended = await bulksend(command)
            assert (ended.status, ended.stdout) == (1, ""), ended.stderr
            assert f"127.0.0.1:{port}" in ended.stderr
            assert "in use" in ended.stderr


async def test_an_organization_has_its_own_consent_text(bulksend: CommandLine, database: str, tmp_path: Path) -> None:
    organization_id = (await bulksend("organizations", "create", "Acme")).result
    command = ("organizations", "consent", "--organization", organization_id)
    path = tmp_path / "consent.txt"
    conn = await asyncpg.connect(database)
    try:
        for text, status, stored in [
            ("We agree.\n", 0, "We agree."),
            ("x" * 10_001, 2, "We agree."),
            (" ", 2, "We agree."),
        ]:
            path.write_text(text)
            assert (await bulksend(*command, str(path))).status == status
            assert await conn.fetchval("SELECT consent_text FROM organizations WHERE name = 'Acme'") == stored
        assert (await bulksend(*command)).status == 0
        assert await conn.fetchval("SELECT consent_text FROM organizations WHERE name = 'Acme'") is None
    finally:
        await conn.close()
    assert (await bulksend("organizations", "consent", *UNKNOWN)).status == 1
