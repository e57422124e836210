"""A fast path for validating signers whose fields are plain.

The pydantic model in `inputs` defines what is valid; it takes milliseconds for 500 signers. `plain_signers` checks one
field of all signers at a time and accepts a subset of what the model accepts, with equal results. Everything else is
left to the model.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any, Final, NamedTuple, TypeGuard, cast

from bulksend.delivery.template_rendering import MAX_VALUES
from bulksend.delivery.translations import locales
from bulksend.resolvers import email_addresses
from bulksend.resolvers.inputs import (
    EXTERNAL_ID_LENGTH,
    FIELD_NAME_LENGTH,
    MESSAGE_LENGTH,
    NAME_LENGTH,
    PHONE_LENGTH,
    VALUE_LENGTH,
    SignerInput,
)
from bulksend.resolvers.visible_text import may_be_invisible

_FIELDS: Final = frozenset({"name", "email", "phone", "message", "externalId", "values", "locale"})
_VALUE_FIELDS: Final = {"field", "value"}
_FIELD_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BREAKS: Final = str.maketrans("", "", "\n\t")
_NO_VALUES: Final[Mapping[str, str]] = {}


class ValidSigner(NamedTuple):
    """A validated signer. `values`: by merge field, in the order of the input."""

    name: str
    email: str
    phone: str | None
    message: str | None
    external_id: str | None
    values: Mapping[str, str]
    locale: str | None = None


def valid_signer(given: SignerInput) -> ValidSigner:
    """Convert a signer that the model has validated."""
    values = {value.field: value.value for value in given.values}
    return ValidSigner(given.name, given.email, given.phone, given.message, given.external_id, values, given.locale)


def plain_signers(raw: Sequence[object]) -> list[ValidSigner] | None:
    """Return the signers if all have plain fields; None leaves all of them to the model."""
    if not _are_objects(raw):
        return None
    fields = frozenset().union(*raw)
    names, emails = _column(raw, fields, "name"), _column(raw, fields, "email")
    phones, messages = _column(raw, fields, "phone"), _column(raw, fields, "message")
    external_ids, languages = _column(raw, fields, "externalId"), _column(raw, fields, "locale")
    plain = (
        fields <= _FIELDS
        and _are_lines(names, NAME_LENGTH)
        and _are_texts(emails, email_addresses.MAXIMUM_LENGTH)
        and email_addresses.are_plain(emails)
        and _are_lines_or_none(phones, PHONE_LENGTH)
        and _are_lines_or_none(external_ids, EXTERNAL_ID_LENGTH)
        and _are_messages_or_none(messages)
        and _are_locales_or_none(languages)
    )
    values = _plain_values(_column(raw, fields, "values")) if plain else None
    if values is None:
        return None
    return list(map(ValidSigner, names, emails, phones, messages, external_ids, values, languages))


def _are_objects(raw: Sequence[object]) -> TypeGuard[Sequence[dict[str, Any]]]:
    return set(map(type, raw)) == {dict}


def _column(raw: Sequence[dict[str, Any]], fields: frozenset[str], name: str) -> list[Any]:
    return [one.get(name) for one in raw] if name in fields else [None] * len(raw)


def _are_lines(texts: Sequence[object], maximum: int) -> TypeGuard[Sequence[str]]:
    """Return whether each text is one line that is not blank."""
    # Printable is a subset of what a line may hold: no control characters, line breaks or lone surrogates.
    if not _are_texts(texts, maximum):
        return False
    joined = "".join(texts)
    return joined.isprintable() and not may_be_invisible(joined) and all(map(str.strip, texts))


def _are_lines_or_none(texts: Sequence[object], maximum: int) -> bool:
    given = [text for text in texts if text is not None]
    return not given or _are_lines(given, maximum)


def _are_messages_or_none(texts: Sequence[object]) -> bool:
    given = [text for text in texts if text is not None]
    return not given or (_are_texts(given, MESSAGE_LENGTH) and "".join(given).translate(_BREAKS).isprintable())


def _are_locales_or_none(texts: Sequence[object]) -> bool:
    return set(map(type, texts)) <= {str, NoneType} and {text for text in texts if text is not None} <= set(locales())


def _are_texts(texts: Sequence[object], maximum: int) -> TypeGuard[Sequence[str]]:
    return set(map(type, texts)) == {str} and max(map(len, cast(Sequence[str], texts))) <= maximum


def _plain_values(column: Sequence[object]) -> list[Mapping[str, str]] | None:
    """Return each signer's values by merge field; None if any of them is not plain."""
    if not set(map(type, column)) <= {list, NoneType}:
        return None
    lists = cast(Sequence[list[Any] | None], column)
    pairs = list(chain.from_iterable(filter(None, lists)))
    if not pairs:
        return [_NO_VALUES] * len(lists)
    if not _are_plain_pairs(pairs):
        return None
    values: list[Mapping[str, str]] = [{pair["field"]: pair["value"] for pair in given or ()} for given in lists]
    no_field_twice = sum(map(len, values)) == len(pairs)
    return values if no_field_twice and max(map(len, values)) <= MAX_VALUES else None


def _are_plain_pairs(pairs: Sequence[object]) -> bool:
    if not _are_objects(pairs) or frozenset().union(*pairs) != _VALUE_FIELDS:
        return False
    names = [pair.get("field") for pair in pairs]
    if not _are_texts(names, FIELD_NAME_LENGTH) or not all(map(_FIELD_NAME.fullmatch, set(names))):
        return False
    return _are_lines([pair.get("value") for pair in pairs], VALUE_LENGTH)
