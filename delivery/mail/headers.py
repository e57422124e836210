"""Encoding of untrusted text in header fields of a mail (RFC 5322, RFC 2047).

`email.headerregistry` takes 2 ms per mail, twenty times as long as composing the whole mail here.
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
    """Return `text` in one line: runs of control characters, line ends and blanks become a space."""
    return _NOT_TEXT.sub(" ", _SURROGATE.sub("\ufffd", text)).strip()


def unstructured(text: str) -> str:
    """Return `text` as the value of a field like Subject, in encoded words if necessary."""
    text = one_line(text)
    return text if _is_plain(text) else _encoded(text)


def mailbox(name: str, address: str) -> str:
    """Return `name <address>` as the value of a field like To; `address` must be valid."""
    name = one_line(name)
    if not name:
        return address
    if not _is_plain(name):
        return f"{_encoded(name)}\r\n <{address}>"
    quoted = '"' + _QUOTED.sub(r"\\\g<0>", name) + '"'
    return _folded(quoted, f"<{address}>")


def _is_plain(text: str) -> bool:
    """Return whether `text` needs no encoding; text that looks like an encoded word would be decoded."""
    return _PRINTABLE.fullmatch(text) is not None and "=?" not in text and len(text) < _LINE_LENGTH - 10


def _folded(first: str, second: str) -> str:
    separator = " " if len(first) + len(second) < _LINE_LENGTH - 10 else "\r\n "
    return f"{first}{separator}{second}"


def _encoded(text: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{_base64(chunk)}?=" for chunk in _chunks(text.encode("utf-8")))


def _base64(chunk: bytes) -> str:
    return binascii.b2a_base64(chunk, newline=False).decode("ascii")


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield parts of `data`, split between characters, because an encoded word may not contain part of a character."""
    start = 0
    while start < len(data):
        end = min(start + _WORD_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[start:end]
        start = end
