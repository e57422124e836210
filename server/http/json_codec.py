"""JSON by orjson, and by the standard library where orjson fails or differs.

A page of 25 bulk sends is written in 13 µs instead of 234.
"""

import json
from typing import Any, Final, NoReturn

import orjson

# orjson reads integers of more than 64 bits as floats; the smallest has 19 digits. They are searched for in the text
# with every digit replaced by 0, which takes a quarter of the time of parsing; a regular expression takes as long as
# parsing.
_LONG_NUMBER: Final = b"0" * 19
_DIGITS_AS_ZEROS: Final = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))


def read(text: bytes) -> Any:
    """Parse JSON (RFC 8259) in UTF-8. Raise ValueError, or RecursionError if it is nested too deeply."""
    if _LONG_NUMBER in text.translate(_DIGITS_AS_ZEROS):
        return _read_anything(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Lone surrogates, numbers such as 1e999, or invalid JSON.
        return _read_anything(text)


def write(value: Any) -> bytes:
    """Return JSON without white space. Raise TypeError for values that JSON cannot represent."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Lone surrogates, or an integer of more than 64 bits.
        return json.dumps(value, separators=(",", ":")).encode()


def _read_anything(text: bytes) -> Any:
    return json.loads(text.decode("utf-8"), parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    # NaN and Infinity, which Python accepts and RFC 8259 does not.
    raise ValueError(constant)
