import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import aiosmtplib
import pytest
import pytest_asyncio

from bulksend.server.dev.mail_catcher import mail_catcher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "outbox"


@pytest_asyncio.fixture
async def url(folder: Path) -> AsyncIterator[str]:
    async with mail_catcher(folder) as url:
        yield url


@pytest_asyncio.fixture
async def client(url: str) -> AsyncIterator[aiosmtplib.SMTP]:
    async with smtp_client(url) as client:
        yield client


def smtp_client(url: str) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(hostname=urlsplit(url).hostname, port=urlsplit(url).port, timeout=20)


def mail(to: str = "alice@example.com", subject: str = "Please sign") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Bulksend <sender@example.com>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Hello\n.dot first\nbye\n")
    return message


def kept(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.glob("*.eml"))]


def subjects(folder: Path) -> list[str]:
    return [message_from_bytes(content)["Subject"] for content in kept(folder)]


async def test_a_mail_is_a_file_as_it_was_sent_once_it_is_accepted(client: aiosmtplib.SMTP, folder: Path) -> None:
    raw = mail().as_bytes().replace(b"\n", b"\r\n")
    await client.sendmail("sender@example.com", ["alice@example.com", "Bob@example.com"], raw)
    trace = b"Return-Path: <sender@example.com>\r\nDelivered-To: alice@example.com\r\nDelivered-To: Bob@example.com\r\n"
    assert kept(folder) == [trace + raw]


async def test_500_mails_over_10_connections_are_500_files(url: str, folder: Path) -> None:
    numbers = iter(range(500))

    async def send() -> None:
        async with smtp_client(url) as client:
            for number in numbers:
                await client.send_message(mail(subject=f"number {number}"))

    await asyncio.gather(*(send() for _ in range(10)))
    assert sorted(subjects(folder)) == sorted(f"number {number}" for number in range(500))


async def test_names_sort_by_arrival_across_restarts(folder: Path) -> None:
    for start in ("first", "second"):
        async with mail_catcher(folder) as url, smtp_client(url) as client:
            for number in range(3):
                await client.send_message(mail(subject=f"{start} {number}"))
    assert subjects(folder) == [f"{start} {number}" for start in ("first", "second") for number in range(3)]


async def test_a_clock_set_back_does_not_reorder_mails(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "29990101-000000-999999.eml").write_bytes(mail(subject="from the future").as_bytes())
    async with mail_catcher(folder) as url, smtp_client(url) as client:
        await client.send_message(mail(subject="later"))
    assert [file.name for file in sorted(folder.iterdir())][1] == "29990101-000001-000000.eml"
    assert subjects(folder) == ["from the future", "later"]


async def test_what_a_killed_catcher_left_half_written_is_cleared_away(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / ".20260101-000000-000000.part").write_bytes(b"half a ma")
    (folder / "notes.eml").write_bytes(b"not named by us, and left alone")
    async with mail_catcher(folder):
        assert [file.name for file in folder.iterdir()] == ["notes.eml"]


@pytest.mark.parametrize(
    ("recipient", "code", "words"),
    [
        ("bounce@example.com", 550, "5.1.1 Mailbox unavailable"),
        ("Bounce-7@example.com", 550, "5.1.1 Mailbox unavailable"),
        ("busy.bee@example.com", 450, "4.2.1 Mailbox busy"),
    ],
)
async def test_names_that_ask_for_it_are_refused(
    client: aiosmtplib.SMTP, folder: Path, recipient: str, code: int, words: str
) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await client.send_message(mail(to=recipient))
    [answer] = refused.value.recipients
    assert (answer.code, answer.message.startswith(words)) == (code, True)
    await client.send_message(mail(subject="the connection goes on"))
    assert subjects(folder) == ["the connection goes on"]


async def test_a_disk_error_is_a_temporary_refusal(client: aiosmtplib.SMTP, folder: Path) -> None:
    shutil.rmtree(folder)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await client.send_message(mail())
    assert refused.value.code == 452
    assert refused.value.message == "4.3.1 The outbox cannot be written: No such file or directory"
    folder.mkdir()
    await client.send_message(mail(subject="the disk is back"))
    assert subjects(folder) == ["the disk is back"]


async def test_a_reader_sees_only_whole_mails(client: aiosmtplib.SMTP, folder: Path) -> None:
    raw = b"Subject: long\r\n\r\n" + (b"x" * 900 + b"\r\n") * 5_000 + b"the end\r\n"

    async def send() -> None:
        for _ in range(3):
            await client.sendmail("sender@example.com", ["alice@example.com"], raw)

    sending = asyncio.create_task(send())
    while not sending.done():
        assert all(content.endswith(b"the end\r\n") for content in kept(folder))
        await asyncio.sleep(0)
    await sending
    assert len(kept(folder)) == 3


async def test_a_mail_over_10_mib_is_refused_for_good(client: aiosmtplib.SMTP, folder: Path) -> None:
    raw = b"Subject: too long\r\n\r\n" + (b"x" * 900 + b"\r\n") * 12_000
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await client.sendmail("sender@example.com", ["alice@example.com"], raw)
    assert refused.value.code == 552
    assert kept(folder) == []


async def test_addresses_may_be_utf_8(client: aiosmtplib.SMTP, folder: Path) -> None:
    await client.sendmail("sender@example.com", ["josé@example.com"], mail().as_bytes(), mail_options=["SMTPUTF8"])
    assert "Delivered-To: josé@example.com\r\n".encode() in kept(folder)[0]


async def test_nothing_is_logged(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with mail_catcher(folder) as url, smtp_client(url) as client:
        await client.send_message(mail())
        await client.execute_command(b"alice@example.com")
    assert capfd.readouterr() == ("", "")


async def test_it_ends_with_its_block_even_with_a_connection_open(folder: Path) -> None:
    async with mail_catcher(folder) as url:
        client = smtp_client(url)
        await client.connect()
    client.close()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await smtp_client(url).connect()


async def test_it_ends_when_its_parent_is_killed(folder: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from bulksend.server.dev.mail_catcher import mail_catcher\n"
        "async def main():\n"
        "    async with mail_catcher(Path(sys.argv[1])) as url:\n"
        "        print(url, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    async with smtp_client(url) as client:
        await client.send_message(mail())
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    async with asyncio.timeout(20):
        while await _answers(url):
            await asyncio.sleep(0.02)


async def _answers(url: str) -> bool:
    try:
        async with smtp_client(url):
            return True
    except (aiosmtplib.SMTPException, OSError):
        return False


async def test_a_catcher_that_cannot_start_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "outbox"
    taken.write_text("a file where the folder should be")
    with pytest.raises(RuntimeError, match="the mail catcher did not start"):
        async with mail_catcher(taken):
            pass
    assert "FileExistsError" in capfd.readouterr().err
