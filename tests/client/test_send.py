"""`bulksend send` as a separate process, against a gateway over real HTTP."""

import asyncio
import csv
import io
import os
import pty
import re
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.forking import ForkedProcess, start
from support.gateway import RunningGateway, Tenant, new_tenant, running_gateway
from support.processes import inherited
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool

HEADER = ["line", "name", "email", "document_id", "delivery_status", "error_code", "error_message"]
BODY = "Between {{ values.company }} and {{ signer.name }}."


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a finished run."""

    status: int | None
    stdout: str
    stderr: str

    @property
    def rows(self) -> list[list[str]]:
        header, *rows = csv.reader(io.StringIO(self.stdout))
        assert header == HEADER
        return rows


@dataclass
class Client:
    """A user in a shell, with a folder of their own and a key in the environment."""

    folder: Path
    url: str
    tenant: Tenant
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, text: str, name: str = "recipients.csv") -> None:
        (self.folder / name).write_text(text, encoding="utf-8", newline="")

    async def start(
        self, *options: str, stderr: int = PIPE, file: str = "recipients.csv", stdin: str = ""
    ) -> ForkedProcess:
        given = {"BULKSEND_URL": self.url, "BULKSEND_API_KEY": self.tenant.key, **self.environment}
        command = ["send", "--template", self.tenant.template_id, "--name", "Q3", *options, file]
        return await start(
            *command, environment={**inherited(), **given}, folder=self.folder, given=stdin.encode(), stderr=stderr
        )

    async def run(self, *options: str, file: str = "recipients.csv", stdin: str = "") -> Ended:
        return await self.end(await self.start(*options, file=file, stdin=stdin))

    async def end(self, process: ForkedProcess) -> Ended:
        stdout, stderr = await asyncio.wait_for(process.communicate(), 30)
        ended = Ended(process.returncode, stdout.decode(), stderr.decode())
        assert self.tenant.key not in ended.stdout + ended.stderr
        assert "/sign/" not in (ended.stdout + ended.stderr).replace("/sign/example", "")
        assert "Traceback" not in ended.stderr
        return ended


@pytest.fixture
async def client(gateway: RunningGateway, pool: Pool, tmp_path: Path) -> Client:
    """A client with a template that requires a company."""
    return Client(tmp_path, gateway.url, await new_tenant(pool, body=BODY))


def csv_of(count: int, *, company: str = "Acme") -> str:
    rows = (f"Signer {number},signer{number}@example.com,{company}\n" for number in range(count))
    return "Name,Email,Company\n" + "".join(rows)


async def test_everybody_in_the_file_gets_a_mail_and_a_row(client: Client, sink: SmtpSink) -> None:
    client.write(
        "\ufeffEmail;Name;Company;Message\r\na@example.com;Zoë;Vendor A;\r\n\r\nb@example.com;Bob;B;Hi Bob\r\n"
    )
    ended = await client.run("--message", "Please sign.")
    assert ended.status == 0, ended.stderr
    first, second = ended.rows
    assert [first[:3], second[:3]] == [["2", "Zoë", "a@example.com"], ["4", "Bob", "b@example.com"]]
    assert [first[4:], second[4:]] == [["SENT", "", ""]] * 2
    assert first[3].startswith("doc_")
    assert "2 of 2 sent, 0 failed." in ended.stderr
    assert "@" not in ended.stderr
    (mail,) = sink.accepted("b@example.com")
    assert "Hi Bob" in mail.message.decode()


async def test_a_refused_recipient_is_told_in_its_row_and_in_the_exit_status(client: Client, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 =No such user", recipient="signer1@*")
    client.write(csv_of(3))
    ended = await client.run()
    assert ended.status == 1
    assert [row[4:] for row in ended.rows] == [
        ["SENT", "", ""],
        ["FAILED", "MAILBOX_UNAVAILABLE", "5.1.1 =No such user"],
        ["SENT", "", ""],
    ]
    assert "2 of 3 sent, 1 failed." in ended.stderr
    assert "example.com" not in ended.stderr


async def test_the_same_command_sends_once_and_again_sends_again(client: Client, sink: SmtpSink) -> None:
    client.write(csv_of(2))
    first = await client.run()
    # Only the data counts, not how the spreadsheet wrote it.
    client.write(csv_of(2).replace(",", ";") + "\n")
    second = await client.run()
    assert (first.status, second.status) == (0, 0)
    assert first.stdout == second.stdout
    assert "nothing is sent twice" in second.stderr
    assert len(sink.mails) == 2
    again = await client.run("--again")
    other = await client.run("--external-id", "Q3-b")
    assert (again.status, other.status) == (0, 0)
    assert len({run.stdout for run in (first, again, other)}) == 3
    assert len(sink.mails) == 6


async def test_a_key_of_one_s_own_sends_once_and_refuses_another_file(client: Client, sink: SmtpSink) -> None:
    client.write(csv_of(1))
    assert (await client.run("--idempotency-key", "june")).status == 0
    client.write(csv_of(2))
    ended = await client.run("--idempotency-key", "june")
    assert (ended.status, ended.stdout) == (1, "")
    assert "--idempotency-key: idempotencyKey was used before with another input" in ended.stderr
    assert len(sink.mails) == 1
    assert (await client.run("--idempotency-key", "june", "--again")).status == 2


async def test_all_problems_of_a_file_are_told_at_once_and_nothing_is_sent(client: Client, sink: SmtpSink) -> None:
    client.write(
        "Name,Email,Company,External_ID\n"
        "A,a@example.com,Acme,\n"
        "B,not an address,Acme,\n"
        "\n"
        ",c@example.com,,\n"
        f"D,d@example.com,{'x' * 1001},{'e' * 256}\n"
        "E,e@example.com,Acme,1,Inc\n"
    )
    ended = await client.run("--name", "")
    assert (ended.status, ended.stdout) == (1, "")
    assert sorted(ended.stderr.splitlines()) == [
        "--name: name must not be empty",
        "recipients.csv:3: email must be a well-formed email address",
        "recipients.csv:5: Company must not be empty; the template's text asks for it",
        "recipients.csv:5: name must not be empty",
        "recipients.csv:6: Company: value must have at most 1000 characters",
        "recipients.csv:6: external_id must have at most 255 characters",
        "recipients.csv:7: column 5 has no heading (a comma inside a cell needs double quotes around the cell)",
    ]
    assert sink.mails == []


async def test_a_missing_column_is_an_error_and_one_too_many_a_note(client: Client, sink: SmtpSink) -> None:
    client.write("name,email,region\nA,a@example.com,EU\n")
    ended = await client.run()
    assert ended.status == 1
    assert ended.stderr.splitlines() == [
        "Note: the column 'region' is not sent: the template's text does not ask for it.",
        "recipients.csv:1: company is missing among the columns of the header; the template's text asks for it",
    ]
    client.write("name,email,region,COMPANY\nA,a@example.com,EU,Acme\nB,A@example.com,EU,Acme\n")
    ended = await client.run()
    assert ended.status == 0
    assert "Note: the column 'region' is not sent" in ended.stderr
    assert "recipients.csv:3: another line has this email address too" in ended.stderr
    assert len(sink.mails) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (csv_of(0), ":1: no recipient follows the header"),
        (csv_of(501), ":502: a bulk send has at most 500 recipients, and this file has 501"),
        ("company\nAcme\n", ":1: name is missing among the columns of the header"),
        ("", ":1: must have a header row with the columns name and email"),
    ],
)
async def test_a_file_that_is_no_bulk_send_is_refused(client: Client, sink: SmtpSink, content: str, told: str) -> None:
    client.write(content)
    ended = await client.run()
    assert (ended.status, ended.stdout, sink.mails) == (1, "", [])
    assert f"recipients.csv{told}" in ended.stderr


async def test_500_recipients_from_standard_input(client: Client, sink: SmtpSink) -> None:
    ended = await client.run(file="-", stdin=csv_of(500))
    assert ended.status == 0, ended.stderr
    assert [row[0] for row in ended.rows] == [str(line) for line in range(2, 502)]
    assert len(sink.mails) == 500


async def test_too_early_tells_when(dsn: str, pool: Pool, sink: SmtpSink, tmp_path: Path) -> None:
    async with running_gateway(dsn, sink.url, bulk_send_interval=300) as gateway:
        client = Client(tmp_path, gateway.url, await new_tenant(pool, body=BODY))
        client.write(csv_of(1))
        assert (await client.run()).status == 0
        early = await client.run("--again")
        assert (early.status, early.stdout) == (1, "")
        assert "one bulk send per 5 minutes and organization; try again in" in early.stderr
        assert "Nothing was sent. Run the same command again at " in early.stderr
        assert (await client.run()).status == 0
        assert "next bulk send may be at 20" in (await client.run("--dry-run")).stderr
    assert len(sink.mails) == 1


async def test_a_dry_run_shows_the_first_mail_and_sends_nothing(gateway: RunningGateway, client: Client) -> None:
    client.write(csv_of(3))
    ended = await client.run("--dry-run", "--message", "Please sign.")
    assert ended.status == 0, ended.stderr
    assert ended.stdout.startswith("Subject: ")
    assert "Please sign." in ended.stdout
    assert "Nothing was sent. There would be 3 mails" in ended.stderr
    assert await gateway.pool.fetchval("SELECT count(*) FROM bulk_sends") == 0
    client.write("name,email,company\nA,nobody,Acme\n")
    assert (await client.run("--dry-run")).status == 1


async def test_a_lost_answer_is_asked_for_again_and_sends_nothing_twice(client: Client, sink: SmtpSink) -> None:
    client.write(csv_of(2))
    async with losing_answers(client.url, after=b"mutation CreateBulkSend", times=2) as proxy:
        client.url = proxy.url
        ended = await client.run()
    assert proxy.lost == 2
    assert ended.status == 0, ended.stderr
    assert [row[4] for row in ended.rows] == ["SENT", "SENT"]
    assert len(sink.mails) == 2


async def test_interrupted_it_tells_how_to_go_on_and_the_same_command_does(client: Client, sink: SmtpSink) -> None:
    gate = sink.hold(Phase.MESSAGE)
    client.write(csv_of(2))
    process = await client.start()
    await gate.reached()
    process.send_signal(signal.SIGINT)
    ended = await client.end(process)
    assert (ended.status, ended.stdout) == (1, "")
    assert "The gateway goes on sending bs_" in ended.stderr
    assert "The same command again follows it" in ended.stderr
    gate.open()
    followed = await client.run()
    assert followed.status == 0
    assert [row[4] for row in followed.rows] == ["SENT", "SENT"]
    assert len(sink.mails) == 2


async def test_interrupted_before_the_answer_it_says_that_nobody_knows(client: Client, sink: SmtpSink) -> None:
    client.write(csv_of(1))
    async with losing_answers(client.url, after=b"mutation CreateBulkSend", times=100) as proxy:
        there, client.url = client.url, proxy.url
        process = await client.start("--again")
        await asyncio.wait_for(proxy.has_lost.wait(), 20)
        process.send_signal(signal.SIGINT)
        ended = await client.end(process)
    assert (ended.status, ended.stdout) == (1, "")
    assert "Whether it is being sent is not known." in ended.stderr
    found = re.search(
        r"The same command with (--idempotency-key) (\S+) \(and without --again\) finds out", ended.stderr
    )
    assert found is not None, ended.stderr
    client.url = there
    assert (await client.run(*found.groups())).status == 0
    assert len(sink.mails) == 1


async def test_a_terminal_gets_a_progress_bar(client: Client, sink: SmtpSink) -> None:
    client.write(csv_of(2))
    ours, theirs = pty.openpty()
    process = await client.start(stderr=theirs)
    os.close(theirs)
    shown = asyncio.create_task(asyncio.to_thread(read_terminal, ours))
    ended = await client.end(process)
    assert ended.status == 0
    terminal = await shown
    assert "Sending  [####" in terminal
    assert "2/2" in terminal
    assert len(ended.rows) == 2


async def test_the_outcome_goes_to_a_file_and_is_no_formula(client: Client, sink: SmtpSink) -> None:
    client.write("name,email,company\n=1+1,-a@example.com,x\n@b,b@example.com,x\n")
    ended = await client.run("--output", "outcome.csv")
    assert (ended.status, ended.stdout) == (0, "")
    written = Ended(0, (client.folder / "outcome.csv").read_text(), "")
    assert [row[1:3] for row in written.rows] == [["'=1+1", "'-a@example.com"], ["'@b", "b@example.com"]]
    assert (await client.run("--output", "recipients.csv")).status == 2
    assert (await client.run("--output", "nowhere/outcome.csv")).status == 2
    assert (client.folder / "recipients.csv").read_text().startswith("name,email")


async def test_the_key_comes_from_a_file_or_the_environment(client: Client, sink: SmtpSink) -> None:
    client.write(csv_of(1))
    client.write(f"{client.tenant.key}\n", "key.txt")
    client.environment["BULKSEND_API_KEY"] = ""
    missing = await client.run()
    assert missing.status == 2
    assert "BULKSEND_API_KEY" in missing.stderr
    assert "--key-file" in missing.stderr
    assert (await client.run("--key-file", "key.txt")).status == 0
    client.write("two words", "key.txt")
    assert (await client.run("--key-file", "key.txt")).status == 2


@pytest.mark.parametrize(
    "wrong",
    [
        ["--template", "tpl_1"],
        ["--url", "ftp://127.0.0.1"],
        ["--url", "http://user:secret-word@127.0.0.1"],
        ["--url", "http://127.0.0.1:99999"],
    ],
)
async def test_wrong_usage_is_told_before_anything_is_asked(client: Client, wrong: list[str]) -> None:
    client.write(csv_of(1))
    ended = await client.run(*wrong)
    assert (ended.status, ended.stdout) == (2, "")
    assert "secret-word" not in ended.stderr
    assert (await client.run(file="absent.csv")).status == 2


async def test_what_the_key_may_not_do_is_told_before_anything_is_sent(
    gateway: RunningGateway, pool: Pool, client: Client, sink: SmtpSink
) -> None:
    client.write(csv_of(1))
    told = {}
    for scopes in (("templates.read", "bulk_sends.create"), ("bulk_sends.*",)):
        client.tenant = await new_tenant(pool, *scopes, body=BODY)
        told[scopes] = (await client.run()).stderr
    stranger = await new_tenant(pool, body=BODY)
    client.tenant = Tenant(stranger.organization_id, stranger.key, client.tenant.template_id)
    foreign = await client.run()
    assert told[("templates.read", "bulk_sends.create")] == "The API key lacks bulk_sends.read.\n"
    assert (
        told[("bulk_sends.*",)] == "The gateway refused this: This needs the scope templates.read.\nNothing was sent.\n"
    )
    assert foreign.stderr == "--template: there is no such template in the organization of this API key\n"
    client.tenant = Tenant(stranger.organization_id, f"isk_{'x' * 44}", stranger.template_id)
    unknown = await client.run()
    assert unknown.status == 1
    assert "Send a valid API key" in unknown.stderr
    assert sink.mails == []


async def test_an_address_where_no_gateway_is(client: Client, gateway: RunningGateway) -> None:
    client.write(csv_of(1))
    other = client.url
    client.url = f"{other}/elsewhere"
    elsewhere = await client.run()
    assert elsewhere.status == 1
    assert "What answers there is no gateway (status 404)" in elsewhere.stderr
    async with losing_answers(other, after=b"POST", times=100) as proxy:
        client.url = proxy.url
        nobody = await client.run()
    assert nobody.status == 1
    assert "The gateway cannot be reached" in nobody.stderr
    assert "Nothing was sent." in nobody.stderr


def read_terminal(descriptor: int) -> str:
    shown = b""
    with suppress(OSError):  # EIO: the other side is closed
        while chunk := os.read(descriptor, 4096):
            shown += chunk
    os.close(descriptor)
    return shown.decode()


@dataclass
class LosingProxy:
    """A proxy to a gateway that drops responses after the gateway has processed the request."""

    url: str
    after: bytes
    times: int
    lost: int = 0
    has_lost: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def losing_answers(url: str, *, after: bytes, times: int) -> AsyncIterator[LosingProxy]:
    """Drop the responses to the first `times` requests that contain `after`."""
    there = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await asyncio.open_connection(there.hostname, there.port)
        asked = b""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked = head + await reader.readexactly(content_length(head))
                onward.write(asked)
                head = await onward_reader.readuntil(b"\r\n\r\n")
                answer = head + await onward_reader.readexactly(content_length(head))
                if proxy.after in asked and proxy.lost < proxy.times:
                    proxy.lost += 1
                    proxy.has_lost.set()
                    break
                writer.write(answer)
        onward.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = LosingProxy(f"http://127.0.0.1:{port}", after, times)
    try:
        yield proxy
    finally:
        server.close()


def content_length(head: bytes) -> int:
    (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return int(length.partition(b":")[2])
