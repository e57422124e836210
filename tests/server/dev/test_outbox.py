import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import TypeAlias

import aiosmtplib
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bulksend.server.dev.mail_catcher import mail_catcher
from bulksend.server.dev.outbox import routes
from bulksend.server.http.pages import message

Client: TypeAlias = TestClient[web.Request, web.Application]
LINK = "http://127.0.0.1:8000/sign/WyJkb2Mi.aB-_cd.x_-"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest_asyncio.fixture
async def client(folder: Path) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(routes(folder))
    async with TestClient(TestServer(app)) as client:
        yield client


def invitation(to: str = "Zoë <zoe@example.com>", subject: str = "Sign “Lease” & co") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Acme <sender@example.com>"
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content(f"Hello Zoë <b>not bold</b>,\n\n{LINK}\n")
    mail.add_alternative(f'<!doctype html><p class="hi">Zoë, <a href="{LINK}">sign</a></p>', subtype="html")
    return mail


def keep(folder: Path, name: str, mail: EmailMessage | bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.eml").write_bytes(mail if isinstance(mail, bytes) else mail.as_bytes())


def name_of(number: int) -> str:
    return f"20260102-030405-{number:06d}"


async def text_of(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as response:
        assert response.status == status
        return await response.text()


def listed(html: str) -> list[str]:
    return re.findall(r'<li><a href="/outbox/([^"]+)">', html)


async def test_an_empty_outbox_says_how_to_fill_it(client: Client) -> None:
    html = await text_of(client, "/outbox")
    assert "No mail yet" in html
    assert 'href="/graphql"' in html
    assert "createBulkSend" in html
    assert await (await client.get("/outbox/count")).json() == {"count": 0}


async def test_a_mail_sent_by_smtp_is_listed_and_opens(client: Client, folder: Path) -> None:
    async with mail_catcher(folder) as url:
        await aiosmtplib.send(invitation(), hostname="127.0.0.1", port=int(url.rpartition(":")[2]))
    html = await text_of(client, "/outbox")
    [name] = listed(html)
    assert "Zoë &lt;zoe@example.com&gt;" in html
    assert "Sign “Lease” &amp; co" in html
    shown = await text_of(client, f"/outbox/{name}")
    assert "Delivered-To</dt><dd>zoe@example.com</dd>" in shown


async def test_the_newest_mail_is_first_and_pages_walk_all(client: Client, folder: Path) -> None:
    names = [name_of(number) for number in range(250)]
    for name in names:
        keep(folder, name, invitation(subject=f"mail {name}"))
    pages, path = list[list[str]](), "/outbox"
    while path:
        html = await text_of(client, path)
        assert "250 mails" in html
        pages.append(listed(html))
        older = re.search(r'href="(/outbox\?before=[^"]+)"', html)
        path = older[1] if older else ""
    assert [len(shown) for shown in pages] == [100, 100, 50]
    assert [name for shown in pages for name in shown] == names[::-1]
    assert await (await client.get("/outbox/count")).json() == {"count": 250}


async def test_a_mail_shows_its_text_with_a_link_to_follow(client: Client, folder: Path) -> None:
    keep(folder, name_of(1), invitation())
    html = await text_of(client, f"/outbox/{name_of(1)}")
    assert f'<a href="{LINK}" rel="noopener noreferrer" target="_blank">{LINK}</a>' in html
    assert "Hello Zoë &lt;b&gt;not bold&lt;/b&gt;," in html
    assert '<time datetime="2026-01-02T03:04:05Z">2 January 2026, 03:04:05 UTC</time>' in html
    assert f'src="/outbox/{name_of(1)}/html"' in html
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html


async def test_the_html_part_is_served_without_any_rights(client: Client, folder: Path) -> None:
    keep(folder, name_of(1), invitation())
    async with client.get(f"/outbox/{name_of(1)}/html") as response:
        html = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert '<p class="hi">Zoë' in html
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "script-src" not in policy


async def test_the_raw_mail_is_the_file(client: Client, folder: Path) -> None:
    keep(folder, name_of(1), invitation())
    async with client.get(f"/outbox/{name_of(1)}.eml") as response:
        assert response.content_type == "message/rfc822"
        assert response.headers["Content-Disposition"] == f'attachment; filename="{name_of(1)}.eml"'
        assert await response.read() == (folder / f"{name_of(1)}.eml").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        f"/outbox/{name_of(7)}",
        f"/outbox/{name_of(7)}.eml",
        f"/outbox/{name_of(7)}/html",
        "/outbox/secret",
        "/outbox/..%2Fsecret",
        "/outbox/..%2Fsecret.eml",
        "/outbox/%2e%2e/secret.eml",
        "/outbox/٢٠٢٦٠١٠٢-٠٣٠٤٠٥-٠٠٠٠٠١",
        f"/outbox/{name_of(1)}%00",
        f"/outbox/{name_of(1)}%0a",
        "/outbox?before=../secret",
        f"/outbox?before={name_of(1)}%0a",
    ],
)
async def test_whatever_is_no_mail_is_not_found(client: Client, folder: Path, path: str) -> None:
    keep(folder, name_of(1), invitation())
    keep(folder, "secret", b"not a mail's name")
    (folder.parent / "secret.eml").write_text("outside")
    assert "outside" not in await text_of(client, path, status=404)


async def test_a_mail_without_html_has_no_frame(client: Client, folder: Path) -> None:
    keep(folder, name_of(1), b"To: a@example.com\r\n\r\nplain & simple\r\n")
    assert "<iframe" not in await text_of(client, f"/outbox/{name_of(1)}")
    await text_of(client, f"/outbox/{name_of(1)}/html", status=404)


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?!!!?=\r\nTo: <<<@,;:\r\nFrom: \xe9\r\n\r\n\xff",
        b"Content-Type: text/plain; charset=no-such-charset\r\n\r\nwords",
        b"Content-Type: text/html; charset=idna\r\n\r\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x",
        b'Message-ID: <\r\nReply-To: "\r\nTo: =?x?q?=?=\r\nContent-Disposition: ;;=\r\n\r\n',
        b'Subject: <script>alert(1)</script>\r\nTo: "<script>" <x@example.com>\r\n\r\n<script>',
    ],
)
async def test_a_malformed_mail_is_shown_as_well_as_it_goes(client: Client, folder: Path, mail: bytes) -> None:
    keep(folder, name_of(1), mail)
    for path in ("/outbox", f"/outbox/{name_of(1)}"):
        html = await text_of(client, path)
        assert "<script>" not in html


async def test_every_page_keeps_its_address_and_content_to_itself(client: Client, folder: Path) -> None:
    keep(folder, name_of(1), invitation())
    for path in ("", f"/{name_of(1)}", f"/{name_of(1)}/html", f"/{name_of(1)}.eml", f"/{name_of(2)}"):
        async with client.get(f"/outbox{path}") as response:
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_the_style_carries_the_nonce_of_its_own_response() -> None:
    nonces = set()
    for response in (message(410, "Gone", "This <link> was withdrawn."), message(404, "No", "Nothing")):
        html = str(response.text)
        [nonce] = re.findall(r'<style nonce="([^"]+)">', html)
        assert f"style-src 'nonce-{nonce}'" in response.headers["Content-Security-Policy"]
        nonces.add(nonce)
    assert len(nonces) == 2


def test_a_message_is_escaped_and_has_its_status() -> None:
    response = message(410, "Gone", "This <link> was withdrawn.")
    assert response.status == 410
    assert "This &lt;link&gt; was withdrawn." in str(response.text)
