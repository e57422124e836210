"""Composing the mail of a document as bytes (RFC 5322)."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING

import idna
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import escape

from bulksend.db import ids
from bulksend.db.deliveries import MailKind
from bulksend.delivery.mail import headers
from bulksend.delivery.mail.wording import Names, wording
from bulksend.delivery.translations import DEFAULT_LOCALE, direction

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

_MAX_LINE = 998
"""Characters of a mail's longest line, without its end (RFC 5322, 2.1.1)."""

_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ADDRESS = re.compile(r"""[^\x00-\x20\x7f-\x9f\s"(),:;<>@\[\\\]]+@[^\x00-\x20\x7f-\x9f\s"(),:;<>@\[\\\]]+""")

# Control characters, which texts of a letter do not contain.
_NAME, _EMAIL, _URL = "\x01", "\x02", "\x03"

_TEMPLATES = Environment(
    loader=PackageLoader("bulksend.delivery", "mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
)
_TEXT = _TEMPLATES.get_template("letter.txt")
_HTML = _TEMPLATES.get_template("letter.html")


@dataclass(frozen=True, slots=True)
class Letter:
    """The contents of a document's mail; `email_message` is the same for the whole bulk send."""

    organization_name: str
    template_name: str
    bulk_send_name: str
    email_message: str | None
    signer_name: str
    signer_email: str
    signer_message: str | None
    document_id: UUID
    signing_url: str
    mail_kind: str = MailKind.INVITATION
    mail_number: int = 1
    locale: str = DEFAULT_LOCALE
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The texts of a letter with `_NAME`, `_EMAIL` and `_URL` in place of the signer's values."""

    subject: str
    text: str
    html: str


def subject(letter: Letter) -> str:
    """The mail's subject, one line."""
    return headers.one_line(_filled(_form_of(letter).subject, letter))


def text(letter: Letter) -> str:
    """Return the text part: lines end with `\n`, and the signing link is on a line of its own."""
    return _filled(_form_of(letter).text, letter)


def _html(letter: Letter) -> str:
    return _filled(_form_of(letter).html, letter, escape)


def _filled(form: str, letter: Letter, written: Callable[[str], str] = str) -> str:
    name, email = headers.one_line(letter.signer_name), headers.one_line(letter.signer_email)
    filled = form.replace(_NAME, written(name)).replace(_EMAIL, written(email))
    return filled.replace(_URL, written(letter.signing_url))


def _form_of(letter: Letter) -> Form:
    return _form(
        letter.mail_kind,
        letter.locale,
        letter.expires_at,
        letter.organization_name,
        letter.template_name,
        letter.bulk_send_name,
        letter.email_message,
        letter.signer_message,
    )


# Most signers of a bulk send receive the same letter, and rendering it takes longer than the rest of a mail.
@lru_cache(maxsize=128)
def _form(
    kind: str,
    locale: str,
    expires_at: datetime | None,
    organization_name: str,
    template_name: str,
    bulk_send_name: str,
    email_message: str | None,
    signer_message: str | None,
) -> Form:
    names = Names(
        organization=headers.one_line(organization_name),
        document=headers.one_line(template_name),
        bulk_send=headers.one_line(bulk_send_name),
        signer=_NAME,
        email=_EMAIL,
    )
    words = wording(kind, names, locale, expires_at)
    said = {
        "words": words,
        "names": names,
        "email_message": _lines(email_message),
        "signer_message": _lines(signer_message),
        "signing_url": _URL,
    }
    html = _HTML.render(said, locale=locale, direction=direction(locale))
    return Form(words.subject, _TEXT.render(said), html)


def compose(letter: Letter, mail_from: str, message_id_domain: str) -> bytes:
    """Return the mail for SMTP, with CRLF line ends.

    `mail_from` is `address` or `Name <address>`. Two mails of the same document differ only in their Date. The mail is
    ASCII unless an address has a non-ASCII local part, which requires SMTPUTF8. Raise ValueError for an invalid
    address.
    """
    name = mail_id(letter.document_id, letter.mail_kind, letter.mail_number)
    boundary = f"=_{name}"
    head = (
        f"From: {_sender(mail_from)}",
        f"To: {headers.mailbox(letter.signer_name, envelope_address(letter.signer_email))}",
        f"Subject: {headers.unstructured(subject(letter))}",
        f"Date: {format_datetime(datetime.now(UTC))}",
        f"Message-ID: <{name}@{_ascii_domain(message_id_domain)}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    )
    parts = (_part("plain", text(letter)), _part("html", _html(letter)))
    body = "".join(f"\r\n--{boundary}\r\n{part}" for part in parts)
    return "\r\n".join((*head, f"{body}\r\n--{boundary}--\r\n")).encode("utf-8")


def mail_id(document_id: UUID, kind: str, number: int) -> str:
    """Return the left part of the Message-ID, the same for each copy of a document's mail."""
    document = ids.encode(ids.DOCUMENT, document_id)
    return document if kind == MailKind.INVITATION else f"{document}.{kind}.{number}"


def envelope_address(email: str) -> str:
    """Return `email` for MAIL FROM and RCPT TO, with its domain in A-labels. Raise ValueError if it is invalid."""
    if not _ADDRESS.fullmatch(email):
        raise ValueError("not an email address")
    local_part, _, domain = email.rpartition("@")
    return f"{local_part}@{_ascii_domain(domain)}"


@lru_cache(maxsize=1024)
def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:  # it would quote the domain
        raise ValueError("not an email address") from None


@lru_cache(maxsize=8)
def _sender(mail_from: str) -> str:
    name, address = parseaddr(mail_from)
    return headers.mailbox(name, envelope_address(address))


def _lines(message: str | None) -> str | None:
    return message and _CONTROL.sub("\ufffd", _LINE_END.sub("\n", message)).strip()


def _part(subtype: str, content: str) -> str:
    encoding, encoded = _transfer_encoded(content)
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n" + encoded.replace("\n", "\r\n")
    )


def _transfer_encoded(content: str) -> tuple[str, str]:
    """Return the text unencoded if possible, so that links are readable in the raw mail."""
    if content.isascii() and max(map(len, content.split("\n"))) <= _MAX_LINE:
        return "7bit", content
    return "quoted-printable", binascii.b2a_qp(content.encode("utf-8"), istext=True).decode("ascii")
