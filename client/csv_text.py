"""Reading CSV files (RFC 4180) as spreadsheets write them: decoding, delimiters, and records with line numbers."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?(\r\n|\r|\n|\Z)', re.IGNORECASE)
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of the file; `line` counts from 1. The message never contains the text of a cell."""

    line: int
    message: str


class UnreadableFile(Exception):
    """The file cannot be read as recipients; `problems` lists every reason."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(f"{len(problems)} problems")


def decode(content: bytes) -> str:
    """Return the text of UTF-8, or of UTF-16 with a byte order mark. Raise `UnreadableFile`."""
    mark, encoding = next((found for found in _BYTE_ORDER_MARKS if content.startswith(found[0])), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        before = content[len(mark) : len(mark) + error.start].decode(encoding, "replace")
        raise _not_utf8(before) from None
    if "\0" in text:
        # It is UTF-16 without a byte order mark.
        raise _not_utf8(text.partition("\0")[0])
    return text


def _not_utf8(before: str) -> UnreadableFile:
    return UnreadableFile(Problem(_line_ends(before) + 1, "must be UTF-8; save the file as CSV UTF-8"))


def separator(text: str) -> tuple[str | None, int]:
    """Return the delimiter set by a first line such as `sep=;`, or None, and the start of the table."""
    found = _SEPARATOR_LINE.match(text)
    return (found[1], found.end()) if found else (None, 0)


def records(text: str, delimiter: str, start: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not empty, with the number of its first line; cells are stripped of white space.

    A line ends with LF, CRLF or CR. Raise `UnreadableFile` for unmatched quotes, because nothing after them is
    reliable.
    """
    cell = _cell(delimiter)
    line = 1 + _line_ends(text[:start])
    while start < len(text):
        cells: list[str] = []
        end = start
        while True:
            found = cell.match(text, end)
            if found is None:
                raise UnreadableFile(Problem(line, "is not well-formed CSV from here on: quotes do not match"))
            quoted = found["quoted"]
            cells.append((found["plain"] if quoted is None else quoted.replace('""', '"')).strip())
            end = found.end()
            if found["end"] != delimiter:
                break
        if any(cells):
            yield line, cells
        line += _line_ends(text[start:end])
        start = end


@lru_cache(maxsize=16)
def _cell(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a cell and its end: the delimiter, a line end, or the end of the text."""
    stop = re.escape(delimiter)
    blank = rf"[^\S\r\n{stop}]*+"
    return re.compile(
        rf'{blank}(?:"(?P<quoted>(?:[^"]|"")*+)"{blank}|(?P<plain>(?!")[^{stop}\r\n]*+))(?P<end>{stop}|\r\n|\r|\n|\Z)'
    )


def _line_ends(text: str) -> int:
    return sum(1 for _ in _LINE_END.finditer(text))
