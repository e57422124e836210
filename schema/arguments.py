"""Reading arguments that GraphQL's own types do not check."""

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar
from uuid import UUID

from strawberry.types.unset import UnsetType

from bulksend.db import ids
from bulksend.db.pages import OLDEST
from bulksend.resolvers import email_addresses
from bulksend.resolvers.errors import BadUserInput
from bulksend.resolvers.pages import PageArguments

LONGEST_TEXT = 1000

Value = TypeVar("Value")


def given(value: Value | UnsetType | None) -> Value | None:
    """Return an argument's value; left out is the same as null."""
    return None if isinstance(value, UnsetType) else value


def text(value: str | UnsetType | None, *, field: str) -> str | None:
    """Return a text to search for. Raise `BadUserInput` for what no stored text can have."""
    found = given(value)
    if found is None:
        return None
    if len(found) > LONGEST_TEXT:
        raise BadUserInput(f"{field} must have at most {LONGEST_TEXT} characters.", field=field)
    if "\0" in found or any("\ud800" <= character <= "\udfff" for character in found):
        raise BadUserInput(f"{field} must have no NUL characters and no lone surrogates.", field=field)
    return found


def email(value: str | UnsetType | None, *, field: str) -> str | None:
    """Return an address to search for, in the spelling in which it is stored. Raise `BadUserInput` as `text` does."""
    found = text(value, field=field)
    return found and (email_addresses.normalize(found) or found)


def uuid(prefix: str, value: str) -> UUID | None:
    """Return the UUID in an id of this type; any other text is the id of nothing."""
    try:
        return ids.decode(prefix, value)
    except ids.InvalidId:
        return None


def known_uuid(prefix: str, value: str | UnsetType | None) -> UUID | None:
    """Return the UUID in an id to filter by. For any other text gives the UUID that no row has, so nothing is found."""
    found = given(value)
    return None if found is None else uuid(prefix, found) or OLDEST


def page(
    first: int | UnsetType | None,
    after: str | UnsetType | None,
    last: int | UnsetType | None,
    before: str | UnsetType | None,
) -> PageArguments:
    """Return a connection's arguments."""
    return PageArguments(given(first), given(after), given(last), given(before))


def values(members: Sequence[Enum] | UnsetType | None) -> tuple[str, ...] | None:
    """Return the stored values of enum members, in one order whatever the caller's."""
    found = given(members)
    return None if found is None else tuple(sorted({str(member.value) for member in found}))
