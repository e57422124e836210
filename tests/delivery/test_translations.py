"""Translations: every catalogue contains every message, and the reader's language is selected."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bulksend.db.deliveries import MailKind
from bulksend.delivery.mail.wording import Names, wording
from bulksend.delivery.translations import DEFAULT_LOCALE, accepted_locale, locales

ROOT = Path(__file__).parents[2]
SOURCES = (
    ("server/signing", [("**.py", "python"), ("pages/**.html", "jinja2")]),
    ("delivery/mail", [("**.py", "python")]),
)
TRANSLATED = [locale for locale in locales() if locale != DEFAULT_LOCALE]
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def messages() -> Iterator[str]:
    """Yield every English text of a page or mail."""
    for folder, methods in SOURCES:
        for _, _, message, _, _ in extract_from_dir(str(ROOT / folder), method_map=methods):
            yield str(message)


def test_there_are_four_languages() -> None:
    assert set(locales()) >= {"en", "de", "es", "fr"}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_catalogue_is_complete_and_keeps_the_placeholders(locale: str) -> None:
    catalogue = read_po(BytesIO((ROOT / "delivery" / "locales" / f"{locale}.po").read_bytes()), locale)
    english = set(messages())
    assert len(english) > 80
    assert {str(message.id) for message in catalogue if message.id} == english
    for message in catalogue:
        if message.id:
            assert message.string, message.id
            assert sorted(PLACEHOLDER.findall(str(message.string))) == sorted(PLACEHOLDER.findall(str(message.id)))


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_says_what_it_is_about(locale: str, kind: MailKind) -> None:
    names = Names("Acme 100 %", "N%(x)sDA {0}", "Spring", "Ann", "ann@example.com")
    words = wording(kind, names, locale, None)
    assert names.document in words.subject
    assert names.document in words.lead
    assert names.organization in words.lead or kind is MailKind.COPY
    assert list(Formatter().parse(words.greeting))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("FR-ca", "fr"),
        ("nl, es;q=0.2, fr;q=0.7", "fr"),
        ("nl", None),
        ("", None),
        ("de;q=0", None),
        ("de;q=x, es", "es"),
        ("*", None),
        ("," * 10_000, None),
        ("../de", None),
    ],
)
def test_the_readers_language_is_found(header: str, expected: str | None) -> None:
    assert accepted_locale(header) == expected
