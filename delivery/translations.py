"""Translations of texts for signers: gettext catalogues in `locales/<locale>.po`, and dates by Babel.

English is in the templates and in the code; every other language is a file in `locales/`.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel import Locale, UnknownLocaleError, dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

DEFAULT_LOCALE: Final = "en"
_FOLDER: Final = files("bulksend.delivery") / "locales"


@cache
def locales() -> tuple[str, ...]:
    """Return every available locale, English first."""
    found = (entry.name.removesuffix(".po") for entry in _FOLDER.iterdir() if entry.name.endswith(".po"))
    return (DEFAULT_LOCALE, *sorted(found))


@cache
def translations(locale: str) -> NullTranslations:
    """Return the messages of an available locale. Raise FileNotFoundError for any other."""
    if locale == DEFAULT_LOCALE:
        return NullTranslations()
    compiled = BytesIO()
    with (_FOLDER / f"{locale}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale))
    compiled.seek(0)
    return Translations(compiled)


def accepted_locale(accept_language: str) -> str | None:
    """Return the available locale that an `Accept-Language` header (RFC 9110, 12.5.4) prefers, or None."""
    for tag in _by_preference(accept_language.split(",")):
        for locale in (tag, tag.partition("-")[0]):
            if locale in locales():
                return locale
    return None


def _by_preference(ranges: Iterable[str]) -> list[str]:
    weighted = [_weighted(part) for part in list(ranges)[:50]]
    return [tag for tag, weight in sorted(weighted, key=lambda pair: -pair[1]) if weight > 0]


def _weighted(part: str) -> tuple[str, float]:
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower(), weight


def format_date(moment: datetime, locale: str) -> str:
    """Return a date in the long format of a locale, such as `26 November 2026`."""
    return dates.format_date(moment, "long", locale=_babel(locale))


def format_time(moment: datetime, locale: str) -> str:
    """Return a date and time in UTC in the format of a locale."""
    return dates.format_datetime(moment, "long", locale=_babel(locale))


def direction(locale: str) -> str:
    """Return `ltr` or `rtl`, the direction in which a locale is written."""
    return _babel(locale).text_direction


@cache
def _babel(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(DEFAULT_LOCALE)
