"""Recipients of a bulk send, read from a CSV file.

The header has `name` and `email`, and may have `phone`, `message` and `external_id`; upper and lower case, blanks, `-`
and `_` make no difference, and `Full name`, `E-mail` and `Email address` are known. Every other column is a merge value
of that name; `values.phone` is one that shares its name with a column above. White space around a cell is not part of
it, an empty cell is not given, and a line with nothing in it is no row.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bulksend.client.csv_text import Problem, UnreadableFile, decode, records, separator

REQUIRED: Final = ("name", "email")
OPTIONAL: Final = ("phone", "message", "external_id")
VALUE_PREFIX: Final = "values."

_COLUMNS: Final = (*REQUIRED, *OPTIONAL)
_OTHER_NAMES: Final = {
    "fullname": "name",
    "emailaddress": "email",
    "mail": "email",
    "phonenumber": "phone",
}
_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_MAKES_NO_DIFFERENCE: Final = re.compile(r"[\s_-]+")
# Invisible characters besides format and control characters: fillers, variation selectors, the blank braille cell.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


def folded(heading: str) -> str:
    """Return the form in which headings are compared: `external_id` for `External ID` and `externalId`."""
    return _MAKES_NO_DIFFERENCE.sub("", heading).casefold()


@dataclass(frozen=True, slots=True)
class Recipient:
    """A row. `line`: its first line; `cells`: those of known columns; `values`: those of all others."""

    line: int
    cells: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipients:
    """A file: the headings of its merge values in order, its rows, its problems, and notes."""

    header_line: int
    value_headings: Sequence[str]
    rows: Sequence[Recipient]
    problems: Sequence[Problem]
    notes: Sequence[Problem] = ()


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
    """Read a file. Raise `UnreadableFile` for a problem after which nothing is reliable."""
    text = decode(content)
    named, start = separator(text)
    header = _header(text, [named] if named else [*_DELIMITERS], start)
    problems: list[Problem] = []
    rows: list[Recipient] = []
    nameless: set[int] = set()
    for line, cells in records(text, header.delimiter, start):
        if line <= header.line:
            continue
        problems += _misplaced(line, cells, header)
        nameless |= set(_nameless_cells(cells, header))
        rows.append(_recipient(line, cells, header))
    value_headings = [heading.removeprefix(VALUE_PREFIX) for heading in header.headings if _is_value(heading)]
    notes = [_nameless(header.line, sorted(nameless))] if nameless else []
    return Recipients(header.line, value_headings, rows, problems, notes)


def _header(text: str, delimiters: Sequence[str], start: int) -> _Header:
    headers: list[_Header] = []
    broken: list[UnreadableFile] = []
    for delimiter in delimiters:
        try:
            first = next(records(text, delimiter, start), None)
        except UnreadableFile as unreadable:
            broken.append(unreadable)
            continue
        if first:
            headers.append(_Header(first[0], delimiter, _headings(first[1])))
    best = max(headers, key=lambda header: (header.required, len(header.headings)), default=None)
    if broken and (best is None or (not best.required and len(best.headings) == 1)):
        raise broken[0]
    if best is None:
        raise UnreadableFile(Problem(1, f"must have a header row with the columns {' and '.join(REQUIRED)}"))
    if problems := _header_problems(best):
        raise UnreadableFile(*problems)
    return best


def _headings(cells: Sequence[str]) -> list[str]:
    """Return each cell's heading: a known column, a merge value with its prefix, or an empty text."""
    shown = [_visible(cell) for cell in cells]
    ours = {folded(column): column for column in _COLUMNS}
    given = {ours[folded(cell)] for cell in shown if folded(cell) in ours}
    # An alternative name is used only if the column's own name is absent, and only once.
    others = {name: column for name, column in _OTHER_NAMES.items() if column not in given}
    headings: list[str] = []
    for cell in shown:
        column = ours.get(folded(cell)) or others.get(folded(cell))
        if column in headings and folded(cell) in others:
            column = None
        headings.append(column or _value_heading(cell))
    return headings


def _visible(cell: str) -> str:
    drawn = "".join(character for character in cell if unicodedata.category(character) not in ("Cf", "Cc"))
    return _INVISIBLE.sub("", drawn).strip()


def _value_heading(cell: str) -> str:
    named = cell[: len(VALUE_PREFIX)].lower() == VALUE_PREFIX
    return VALUE_PREFIX + (cell[len(VALUE_PREFIX) :] if named else cell) if cell else ""


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


def _nameless_cells(cells: Sequence[str], header: _Header) -> Iterator[int]:
    for position, (heading, cell) in enumerate(zip(header.headings, cells, strict=False)):
        if cell and not heading:
            yield position


def _nameless(line: int, positions: Sequence[int]) -> Problem:
    numbers = ", ".join(str(position + 1) for position in positions[:5])
    more = f" and {len(positions) - 5} more" if len(positions) > 5 else ""
    if len(positions) == 1:
        return Problem(line, f"column {numbers} has no heading and is not sent")
    return Problem(line, f"columns {numbers}{more} have no heading and are not sent")


def _misplaced(line: int, cells: Sequence[str], header: _Header) -> Iterator[Problem]:
    """Yield a problem for each cell beyond the header: a delimiter in an unquoted cell shifts the following ones."""
    delimiter = _DELIMITERS.get(header.delimiter, "delimiter")
    for position, cell in enumerate(cells[len(header.headings) :], len(header.headings) + 1):
        if cell:
            hint = f"a {delimiter} inside a cell needs double quotes around the cell"
            yield Problem(line, f"column {position} has no heading ({hint})")


def _recipient(line: int, cells: Sequence[str], header: _Header) -> Recipient:
    given = {heading: cell for heading, cell in zip(header.headings, cells, strict=False) if heading and cell}
    ours = {heading: cell for heading, cell in given.items() if heading in _COLUMNS}
    values = {heading.removeprefix(VALUE_PREFIX): cell for heading, cell in given.items() if _is_value(heading)}
    return Recipient(line, ours, values)


def _is_value(heading: str) -> bool:
    return heading.startswith(VALUE_PREFIX)
