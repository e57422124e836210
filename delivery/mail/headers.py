"""Header fields of a mail from texts that strangers wrote (RFC 5322, RFC 2047).

`email.headerregistry` takes 2 ms a mail for it, twenty times what the whole mail takes here.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_LENGTH = 76
_WORD_BYTES = 39  # 52 characters of base64: with its brackets, an encoded word and `Subject: ` fit one line

_NOT_TEXT = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_QUOTED = re.compile(r'["\\]')
_PRINTABLE = re.compile(r"[ -~]*")


def one_line(text: str) -> str:
    """`text` without control characters: they, line ends and runs of blanks become one space."""
    return _NOT_TEXT.sub(" ", _SURROGATE.sub("\ufffd", text)).strip()


def unstructured(text: str) -> str:
    """`text` as the value of a field like Subject, in as many encoded words as it takes."""
    text = one_line(text)
    return text if _is_plain(text) else _encoded(text)


def mailbox(name: str, address: str) -> str:
    """`name <address>` as the value of a field like To; `address` must be an address already."""
    name = one_line(name)
    if not name:
        return address
    if not _is_plain(name):
        return f"{_encoded(name)}\r\n <{address}>"
    quoted = '"' + _QUOTED.sub(r"\\\g<0>", name) + '"'
    return _folded(quoted, f"<{address}>")


def _is_plain(text: str) -> bool:
    """Whether `text` can stand as it is; what only looks like an encoded word would be decoded."""
    return _PRINTABLE.fullmatch(text) is not None and "=?" not in text and len(text) < _LINE_LENGTH - 10


def _folded(first: str, second: str) -> str:
    separator = " " if len(first) + len(second) < _LINE_LENGTH - 10 else "\r\n "
    return f"{first}{separator}{second}"


def _encoded(text: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{_base64(chunk)}?=" for chunk in _chunks(text.encode("utf-8")))


def _base64(chunk: bytes) -> str:
    return binascii.b2a_base64(chunk, newline=False).decode("ascii")


def _chunks(data: bytes) -> Iterator[bytes]:
    """`data` cut between characters, each of which an encoded word must hold whole."""
    start = 0
    while start < len(data):
        end = min(start + _WORD_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[start:end]
        start = end
