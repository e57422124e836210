"""`/outbox`: pages with the mails stored by the mail catcher of `bulksend dev`.

Anyone who can reach the mail catcher can send mail, so no content is trusted: text is escaped, and HTML is shown in a
frame without scripts, network access or access to the enclosing page.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import default as modern_headers
from functools import partial
from pathlib import Path
from re import fullmatch

from aiohttp import web

from bulksend.server.dev.mail_catcher import ARRIVAL_FORMAT
from bulksend.server.http.pages import PRIVATE_HEADERS, message, page

PAGE_SIZE = 100
HEADER_BYTES = 32 * 1024
NAME = "[0-9]{8}-[0-9]{6}-[0-9]{6}"
"""What a mail's name looks like, in routes too: nothing else ever becomes part of a path."""

SHOWN_HEADERS = (
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID"),
    *("Auto-Submitted", "Delivered-To", "Return-Path"),
)

# `allow-popups` lets links open in a new tab, without the restrictions of the frame.
HTML_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
RAW_POLICY = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class Summary:
    """A mail in the list."""

    name: str
    arrived_at: datetime
    to: str
    subject: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list: at most PAGE_SIZE mails, newest first, and the total number."""

    mails: Sequence[Summary]
    count: int
    next_before: str | None


@dataclass(frozen=True, slots=True)
class Mail:
    """The contents of a mail; `text` and `html` are None if it has no such part."""

    name: str
    arrived_at: datetime
    headers: Sequence[tuple[str, str]]
    subject: str
    text: str | None
    html: str | None


def routes(folder: Path) -> list[web.RouteDef]:
    """Return the routes of the pages for the mails in `folder`, which need not exist yet."""
    return [
        web.get("/outbox", partial(_list, folder)),
        web.get("/outbox/count", partial(_count, folder)),
        web.get(f"/outbox/{{name:{NAME}}}", partial(_show, folder)),
        web.get(f"/outbox/{{name:{NAME}}}/html", partial(_html, folder)),
        web.get(f"/outbox/{{name:{NAME}}}.eml", partial(_raw, folder)),
    ]


async def _list(folder: Path, request: web.Request) -> web.Response:
    before = request.query.get("before")
    if before is not None and not fullmatch(NAME, before):
        return _no_such_mail()
    listing = await asyncio.to_thread(read_listing, folder, before)
    return page("outbox.html", listing=listing, first_page=before is None)


async def _count(folder: Path, request: web.Request) -> web.Response:
    count = len(await asyncio.to_thread(_names, folder))
    return web.json_response({"count": count}, headers=PRIVATE_HEADERS)


async def _show(folder: Path, request: web.Request) -> web.Response:
    mail = await asyncio.to_thread(read_mail, folder, request.match_info["name"])
    return _no_such_mail() if mail is None else page("mail.html", mail=mail)


async def _html(folder: Path, request: web.Request) -> web.Response:
    mail = await asyncio.to_thread(read_mail, folder, request.match_info["name"])
    if mail is None or mail.html is None:
        return _no_such_mail()
    return web.Response(
        # Links open outside the frame. The tag works at any position; at the end it does not precede the doctype.
        text=mail.html + '<base target="_blank">',
        content_type="text/html",
        headers={**PRIVATE_HEADERS, "Content-Security-Policy": HTML_POLICY},
    )


async def _raw(folder: Path, request: web.Request) -> web.Response:
    name = request.match_info["name"]
    content = await asyncio.to_thread(_read, folder, name)
    if content is None:
        return _no_such_mail()
    headers = {
        **PRIVATE_HEADERS,
        "Content-Security-Policy": RAW_POLICY,
        "Content-Disposition": f'attachment; filename="{name}.eml"',
    }
    return web.Response(body=content, content_type="message/rfc822", headers=headers)


def _no_such_mail() -> web.Response:
    return message(404, "No such mail", "The outbox holds no mail under this address.")


def read_listing(folder: Path, before: str | None) -> Listing:
    """Return the newest mails, or the newest that arrived before the one named `before`."""
    names = _names(folder)
    older = [name for name in names if before is None or name < before]
    shown = older[:PAGE_SIZE]
    more = len(older) > len(shown)
    mails = [summary for name in shown if (summary := _read_summary(folder, name))]
    return Listing(mails=mails, count=len(names), next_before=shown[-1] if more else None)


def read_mail(folder: Path, name: str) -> Mail | None:
    """Return the mail named `name`, or None if there is none."""
    content = _read(folder, name)
    if content is None:
        return None
    parsed = message_from_bytes(content)
    headers = BytesHeaderParser(policy=modern_headers).parsebytes(content)
    return Mail(
        name=name,
        arrived_at=_arrival(name),
        headers=[(label, value) for label in SHOWN_HEADERS if (value := _header(headers, label))],
        subject=_header(headers, "Subject"),
        text=_body(parsed, "text/plain"),
        html=_body(parsed, "text/html"),
    )


def _names(folder: Path) -> list[str]:
    names = [file.stem for file in folder.glob("*.eml") if fullmatch(NAME, file.stem)]
    return sorted(names, reverse=True)


def _read(folder: Path, name: str, limit: int = -1) -> bytes | None:
    try:
        with (folder / f"{name}.eml").open("rb") as file:
            return file.read(limit)
    except FileNotFoundError:
        return None


def _read_summary(folder: Path, name: str) -> Summary | None:
    content = _read(folder, name, HEADER_BYTES)
    if content is None:
        return None
    headers = BytesHeaderParser(policy=modern_headers).parsebytes(content)
    return Summary(name, _arrival(name), to=_header(headers, "To"), subject=_header(headers, "Subject"))


def _arrival(name: str) -> datetime:
    return datetime.strptime(name, ARRIVAL_FORMAT).replace(tzinfo=UTC)


def _header(headers: Message, name: str) -> str:
    try:
        values = headers.get_all(name, [])
    except Exception:  # the standard library's header parser raises various errors for malformed values
        return "(unreadable)"
    return ", ".join(str(value) for value in values)


def _body(mail: Message, content_type: str) -> str | None:
    parts = (part for part in mail.walk() if part.get_content_type() == content_type)
    part = next((part for part in parts if part.get_content_disposition() != "attachment"), None)
    return None if part is None else _decoded(part)


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, UnicodeError):
        return content.decode("utf-8", "replace")
