"""Canonical JSON (RFC 8785), restricted to what evidence holds: no floats, keys in ASCII."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class InvalidJson(ValueError):
    """Bytes are not JSON as RFC 8259 defines it, or name a member twice."""


def canonical_bytes(value: object) -> bytes:
    """Return the canonical JSON of `value`: sorted keys, no white space, UTF-8.

    `value` is made of dicts, lists, strings, integers, booleans and None. Raise TypeError for a lone surrogate
    and for an integer beyond ±(2⁵³ - 1), which JSON readers do not agree on.
    """
    return orjson.dumps(value, option=_OPTIONS)


def parse(data: bytes) -> Any:
    """Parse JSON. Raise InvalidJson if it is malformed, has two members of one name, or a number with a fraction."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_refuse_number, parse_constant=_refuse_number
        )
    except RecursionError:
        raise InvalidJson("nested too deep") from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise InvalidJson(str(error)) from None


def _unique(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise InvalidJson("two members of one object have the same name")
    return found


def _refuse_number(literal: str) -> NoReturn:
    raise InvalidJson(f"{literal[:40]} is not an integer")
