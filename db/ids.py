"""Public ids are TypeIDs: a type prefix, and a UUID as a ULID is written, in lower case.

Source: the TypeID specification, https://github.com/jetify-com/typeid/tree/main/spec (version 0.3).
"""

import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from ulid_transform import bytes_to_ulid, ulid_to_bytes

ORGANIZATION: Final = "org"
API_KEY: Final = "key"
TEMPLATE: Final = "tpl"
BULK_SEND: Final = "bs"
DOCUMENT: Final = "doc"

# The first character carries only three of the 128 bits, so it is at most 7. The library takes more: Crockford's
# look-alikes (o for 0) would give one row several ids.
_SUFFIX: Final = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_TYPE_ID: Final = re.compile(rf"([a-z]{{1,16}})_({_SUFFIX})", re.ASCII)


class InvalidId(ValueError):
    """The text is not an id of the expected type."""


def pattern(prefix: str) -> str:
    """Return the regular expression (ECMA-262, anchored) of the public ids of one type."""
    return f"^{prefix}_{_SUFFIX}$"


def encode(prefix: str, value: UUID) -> str:
    """Return the public id of `value`: `encode("bs", uuid)` is `bs_…`, 29 characters."""
    return f"{prefix}_{bytes_to_ulid(value.bytes).lower()}"


def encoder(prefix: str) -> Callable[[UUID], str]:
    """Return a function that encodes ids of one type."""
    start = f"{prefix}_"

    def encode_value(value: UUID) -> str:
        return start + bytes_to_ulid(value.bytes).lower()

    return encode_value


def decode(prefix: str, text: str) -> UUID:
    """Return the UUID in a public id of this type. Raise `InvalidId` for any other text."""
    found, value = split(text)
    if found != prefix:
        raise InvalidId
    return value


def split(text: str) -> tuple[str, UUID]:
    """Return the prefix and the UUID of a public id of any type. Raise `InvalidId`."""
    match = _TYPE_ID.fullmatch(text)
    if match is None:
        raise InvalidId
    return match[1], UUID(bytes=ulid_to_bytes(match[2]))
