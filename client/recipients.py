"""Recipients of a bulk send, read from a CSV file.

The file is UTF-8, with or without a byte order mark; its columns are separated by commas, semicolons or tabs,
whichever its header shows. The header has `name` and `email`, in any case, and may have `phone`, `message` and
`external_id`. Every other column is a merge value of that name; `values.phone` is one that a column of ours would
hide. White space around a cell is not part of it, an empty cell is not given, and a line with nothing in it is no row.
"""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

REQUIRED: Final = ("name", "email")
OPTIONAL: Final = ("phone", "message", "external_id")
VALUE_PREFIX: Final = "values."

_OURS: Final = frozenset({*REQUIRED, *OPTIONAL})
_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the file; `line` counts from 1. Never repeats what stands in a cell."""

    line: int
    message: str


class UnreadableFile(Exception):
    """No row can be made out; `problems` tells everything that is known to be wrong."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(f"{len(problems)} problems")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One row. `line`: where it begins; `cells`: what it gives in our columns; `values`: in all others."""

    line: int
    cells: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipients:
    """A whole file: `header_line`, the headings of its merge values in their order, its rows, what is wrong with it."""

    header_line: int
    value_headings: Sequence[str]
    rows: Sequence[Recipient]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class _Header:
    line: int
    delimiter: str
    headings: Sequence[str]
    """Ours in lower case, those of merge values with their prefix, unnamed ones empty."""

    @property
    def required(self) -> int:
        return len(set(REQUIRED).intersection(self.headings))


def read_recipients(content: bytes) -> Recipients:
    """Read a file. Raises `UnreadableFile` where nothing after a problem could be trusted."""
    text = _decoded(content)
    header = _header(text)
    problems: list[Problem] = []
    rows: list[Recipient] = []
    for line, cells in _records(text, header.delimiter):
        if line <= header.line:
            continue
        problems += _misplaced(line, cells, header)
        rows.append(_recipient(line, cells, header))
    value_headings = [heading.removeprefix(VALUE_PREFIX) for heading in header.headings if _is_value(heading)]
    return Recipients(header.line, value_headings, rows, problems)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(Problem(line, "must be UTF-8; save the file as CSV UTF-8")) from None


def _header(text: str) -> _Header:
    headers: list[_Header] = []
    broken: list[UnreadableFile] = []
    for delimiter in _DELIMITERS:
        try:
            headers += _header_by(text, delimiter)
        except UnreadableFile as unreadable:
            broken.append(unreadable)
    best = max(headers, key=lambda header: (header.required, len(header.headings)), default=None)
    if broken and (best is None or best.required < len(REQUIRED)):
        raise broken[0]
    if best is None:
        raise UnreadableFile(Problem(1, f"must have a header row with the columns {' and '.join(REQUIRED)}"))
    if problems := _header_problems(best):
        raise UnreadableFile(*problems)
    return best


def _header_by(text: str, delimiter: str) -> list[_Header]:
    """Give the header if there is one. Raises `UnreadableFile`."""
    first = itertools.islice(_records(text, delimiter), 1)
    return [_Header(line, delimiter, [_heading(cell) for cell in cells]) for line, cells in first]


def _heading(cell: str) -> str:
    if cell.lower() in _OURS or not cell:
        return cell.lower()
    named = cell[: len(VALUE_PREFIX)].lower() == VALUE_PREFIX
    return VALUE_PREFIX + (cell[len(VALUE_PREFIX) :] if named else cell)


def _header_problems(header: _Header) -> list[Problem]:
    missing = [
        Problem(header.line, f"{name} is missing among the columns of the header")
        for name in REQUIRED
        if name not in header.headings
    ]
    lowered = [heading.lower() for heading in header.headings]
    twice = [
        Problem(header.line, f"column {position + 1} has the heading of a column before it")
        for position, heading in enumerate(lowered)
        if heading and heading in lowered[:position]
    ]
    return [*missing, *twice]


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each record that has anything in it, and the line where it begins. Raises `UnreadableFile`."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UnreadableFile(Problem(line, f"is not well-formed CSV from here on: {error}")) from None
        if cells is None:
            return
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, stripped


def _misplaced(line: int, cells: Sequence[str], header: _Header) -> list[Problem]:
    hint = f"a {_DELIMITERS[header.delimiter]} inside a cell needs double quotes around the cell"
    return [
        Problem(line, f"column {position + 1} has no heading ({hint})")
        for position, cell in enumerate(cells)
        if cell and not (position < len(header.headings) and header.headings[position])
    ]


def _recipient(line: int, cells: Sequence[str], header: _Header) -> Recipient:
    given = {heading: cell for heading, cell in zip(header.headings, cells, strict=False) if heading and cell}
    ours = {heading: cell for heading, cell in given.items() if heading in _OURS}
    values = {heading.removeprefix(VALUE_PREFIX): cell for heading, cell in given.items() if _is_value(heading)}
    return Recipient(line, ours, values)


def _is_value(heading: str) -> bool:
    return heading.startswith(VALUE_PREFIX)
