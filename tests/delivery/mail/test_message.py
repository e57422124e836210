import email
import email.policy
import re
from base64 import b64decode
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.delivery.mail.message import Letter, compose, envelope_address, subject, text

URL = "https://sign.example.com/sign/" + "aB3-_" * 18 + ".xyz"
LETTER = Letter(
    organization_name="Acme",
    template_name="Vendor agreement",
    bulk_send_name="Q3 vendors",
    email_message="Please sign by Friday.\n\nThank you.",
    signer_name="Ada Lovelace",
    signer_email="ada@example.com",
    signer_message="Nice to have met you.",
    document_id=UUID("0190163d-8694-739b-aea5-966c26f8ad91"),
    signing_url=URL,
)
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]


def sent(letter: Letter, mail_from: str = "Acme Signatures <no-reply@example.com>") -> bytes:
    return compose(letter, mail_from, "mail.example.com")


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def parts(raw: bytes) -> tuple[str, str]:
    plain, html = parsed(raw).iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return content(plain), content(html)


def content(part: Message) -> str:
    return cast("str", cast("EmailMessage", part).get_content()).replace("\r\n", "\n")


def addressee(raw: bytes) -> tuple[str, str]:
    """Use the older parser: Python 3.11's modern one inserts blanks between the encoded words of a name."""
    [(name, address)] = getaddresses([email.message_from_bytes(raw)["To"]])
    return str(make_header(decode_header(name))), address


class Texts(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str | None] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_headers() -> None:
    mail = parsed(sent(LETTER))
    assert mail.keys() == HEADERS
    assert mail["From"].addresses[0].display_name == "Acme Signatures"
    assert mail["From"].addresses[0].addr_spec == "no-reply@example.com"
    assert str(mail["To"]) == "Ada Lovelace <ada@example.com>"
    assert mail["Subject"] == subject(LETTER) == "Acme asks you to sign Vendor agreement"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<doc_01j0b3v1mmeedtx9cpdgkfhbch@mail.example.com>"
    assert parsedate_to_datetime(mail["Date"]).tzinfo is not None


def test_the_message_id_depends_on_the_document_alone() -> None:
    other = replace(LETTER, signer_name="Bob", signer_email="bob@example.com", signing_url="https://x.example.com")
    assert parsed(sent(other))["Message-ID"] == parsed(sent(LETTER))["Message-ID"]
    another = replace(LETTER, document_id=UUID("0190163d-8694-739b-aea5-966c26f8ad92"))
    assert parsed(sent(another))["Message-ID"] != parsed(sent(LETTER))["Message-ID"]


def test_both_parts_say_everything() -> None:
    plain, html = parts(sent(LETTER))
    shown = Texts(html)
    for said in ("Please sign by Friday.", "Nice to have met you.", "Acme", "Vendor agreement", "Q3 vendors"):
        assert said in plain
        assert said in shown.text
    assert shown.links == [URL, URL]
    assert plain == text(LETTER)


def test_a_letter_without_messages_has_no_gaps() -> None:
    bare = text(replace(LETTER, email_message=None, signer_message=None))
    assert "\n\n\n" not in bare
    assert "None" not in bare
    assert "\n\n\n" not in text(LETTER)


def test_a_plain_letter_shows_its_link_whole_in_the_raw_mail() -> None:
    raw = sent(LETTER)
    assert f"\r\n{URL}\r\n".encode() in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.count(b"Content-Transfer-Encoding: 7bit") == 2


awkward_letters = [
    replace(LETTER, signer_name="Zoë 😀"),
    replace(LETTER, email_message="x" * 1000),
    replace(LETTER, email_message="é" * 1000, signer_message="\N{PILE OF POO}" * 1000),
    replace(LETTER, email_message="\n".join([".", "From me", "--", "--=_doc", "=", " ", "\t"])),
]


@pytest.mark.parametrize("letter", awkward_letters)
def test_any_letter_has_its_link_on_a_line_of_its_own(letter: Letter) -> None:
    raw = sent(letter)
    plain, html = parts(raw)
    assert URL in plain.splitlines()
    assert Texts(html).links == [URL, URL]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert plain == text(letter)


def test_html_in_names_and_messages_stays_text() -> None:
    hostile = '<script>alert("x")</script>\n<b>&amp;</b>'
    letter = replace(LETTER, email_message=hostile, signer_name="<i>Ada</i>", template_name="{{ 7*7 }}")
    plain, html = parts(sent(letter))
    assert hostile in plain
    assert "script" not in Texts(html).tags
    assert "i" not in Texts(html).tags
    assert "<i>Ada</i>" in Texts(html).text
    assert "{{ 7*7 }}" in Texts(html).text


def test_line_breaks_of_a_message_are_kept() -> None:
    _, html = parts(sent(replace(LETTER, email_message="one\r\ntwo\rthree", signer_message=None)))
    assert re.search(r"one<br>\s+two<br>\s+three\s", html)


# Characters with which a caller might try to break out of a header field, among others.
AWKWARD = (
    *("\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\u202e", "\u200f", "\ud800", "\t", " "),
    *("\r\nBcc: eve@example.com\r\n", "\r\n\r\nbody", "=?utf-8?b?QmNjOg0K?=", "=?utf-8?q?=0D=0ABcc:?=", "=?"),
    *('"', "\\", '\\"', "<eve@example.com>", ",", ";", ":", "(", ")", "@", "Ada", "a" * 70, "a b " * 50),
    "\N{GRINNING FACE}" * 200,
    "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}" * 60,
)
awkward = st.lists(st.one_of(st.text(max_size=20), st.sampled_from(AWKWARD)), max_size=8).map("".join)


def legible(written: str) -> str:
    """Return the legible part on one line, computed differently than in the product."""
    visible = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in written)
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", visible).split())


@given(awkward, awkward, awkward, awkward)
@example("=?utf-8?b?QmNjOg0K?=", "=?utf-8?q?=0D=0ABcc:?=", "", "")
@example('"Ada" \\', "\N{GRINNING FACE}" * 200, "\r\nBcc: eve@example.com", "\r\n\r\n.\r\n")
def test_nothing_a_caller_writes_becomes_a_header(signer: str, template: str, bulk_send: str, message: str) -> None:
    letter = replace(
        LETTER,
        signer_name=signer,
        template_name=template,
        bulk_send_name=bulk_send,
        email_message=message,
        signer_message=message,
    )
    raw = sent(letter)
    mail = parsed(raw)
    assert mail.keys() == HEADERS
    assert addressee(raw) == (legible(signer), "ada@example.com")
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.com"]
    assert mail["Subject"] == legible(f"Acme asks you to sign {template}")
    assert mail["Message-ID"] == parsed(sent(LETTER))["Message-ID"]
    assert URL in parts(raw)[0].splitlines()
    assert not mail.defects
    assert raw.isascii()
    assert b"\0" not in raw
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78 + len("Content-Type: ")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


@given(awkward)
def test_each_encoded_word_is_short_and_holds_whole_characters(name: str) -> None:
    raw = sent(replace(LETTER, signer_name=f"é{name}", template_name=name))
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    words = re.findall(r"=\?utf-8\?b\?([^?]*)\?=", head)
    assert words
    assert all(len(word) <= 75 - len("=?utf-8?b??=") for word in words)
    assert "é" in "".join(b64decode(word).decode("utf-8") for word in words)


@given(awkward)
def test_a_message_arrives_in_both_parts(message: str) -> None:
    letter = replace(LETTER, email_message=message)
    plain, html = parts(sent(letter))
    assert plain == text(letter)
    assert legible(text(letter).partition("\n\nOpen your")[0].partition("met you.")[2]) in legible(Texts(html).text)


def test_letters_of_one_bulk_send_say_each_signers_own() -> None:
    signers = [("Ada", "ada@example.com"), ("Bob & Co", "bob@example.com"), ("Zoë", "zoe@example.com")]
    for number, (name, address) in enumerate(signers):
        url = f"https://sign.example.com/sign/{number}?a=1&b=2"
        raw = sent(replace(LETTER, signer_name=name, signer_email=address, signing_url=url))
        plain, html = parts(raw)
        others = [other for other in signers if other[0] != name]
        for shown in (plain, Texts(html).text):
            assert f"Hello {name}," in shown
            assert address in shown
            assert url in shown
            assert not any(other in shown for pair in others for other in pair)
        assert Texts(html).links == [url, url]


@pytest.mark.parametrize(
    "field", ["organization_name", "template_name", "bulk_send_name", "email_message", "signer_name", "signer_message"]
)
def test_nothing_a_caller_writes_is_replaced_by_the_signers_own(field: str) -> None:
    marks = "<\x01\x02\x03>"
    plain, html = parts(sent(replace(LETTER, **cast("dict[str, Any]", {field: marks}))))
    usual = parts(sent(replace(LETTER, **cast("dict[str, Any]", {field: "<>"}))))
    for mine in ("Ada Lovelace", "ada@example.com", URL):
        assert (plain.count(mine), html.count(mine)) == (usual[0].count(mine), usual[1].count(mine))


def test_a_sender_may_be_a_bare_address() -> None:
    assert str(parsed(sent(LETTER, "no-reply@example.com"))["From"]) == "no-reply@example.com"
    named = parsed(sent(LETTER, '"Müller, Söhne" <no-reply@müller.example>'))["From"].addresses[0]
    assert (named.display_name, named.addr_spec) == ("Müller, Söhne", "no-reply@xn--mller-kva.example")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@example.com", "ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@Straße.Example", "ada@xn--strae-oqa.example"),
        ("o'ada+x@example.com", "o'ada+x@example.com"),
        ("açai@example.com", "açai@example.com"),
    ],
)
def test_envelope_addresses(address: str, expected: str) -> None:
    assert envelope_address(address) == expected
    assert f"<{expected}>\r\n".encode() in sent(replace(LETTER, signer_email=address))


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "@example.com", "ada@", "a@b@example.com", "a b@example.com", "a,b@example.com"),
        *("<a@example.com>", "a@example.com>", "a@\u2028example.com", "a@example.com\0", "a@-ü.example"),
        "a@example.com\r\nBcc: e@example.com",
    ],
)
def test_what_is_no_address_is_refused_without_being_told(address: str) -> None:
    with pytest.raises(ValueError, match=r"^not an email address$"):
        envelope_address(address)
    with pytest.raises(ValueError, match=r"^not an email address$"):
        sent(replace(LETTER, signer_email=address))


def test_each_mail_of_a_document_has_a_message_id_of_its_own() -> None:
    mails = [("invitation", 1), ("invitation", 4), ("reminder", 2), ("reminder", 3), ("copy", 3)]
    written = [
        parsed(sent(replace(LETTER, mail_kind=kind, mail_number=number)))["Message-ID"] for kind, number in mails
    ]
    assert written[0] == written[1]
    assert len(set(written)) == len(mails) - 1


@pytest.mark.parametrize(
    "changed",
    [
        {"organization_name": "Umbrella"},
        {"template_name": "Another agreement"},
        {"bulk_send_name": "Q4 vendors"},
        {"email_message": "Another message for all."},
        {"signer_name": "Grace Hopper"},
        {"signer_email": "grace@example.com"},
        {"signer_message": "A message for Grace alone."},
        {"signing_url": "https://sign.example.com/sign/another"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_letter_has_nothing_of_the_letter_before(changed: dict[str, str]) -> None:
    """The texts of a bulk send are rendered once; none may leak into the mail of a signer with different texts."""
    ((name, value),) = changed.items()
    before = getattr(LETTER, name).split("\n")[0]
    other = replace(LETTER, **cast("dict[str, Any]", changed))
    first, second = parts(sent(LETTER)), parts(sent(other))
    assert not any(value in part for part in first)
    assert not any(before in part for part in second)
    assert any(value in part for part in (*second, subject(other)))
