"""Parsing and validation of a template's Markdown and its merge fields.

A body is data, never a program: before Markdown sees it, each merge field becomes a placeholder. No expression is
ever evaluated, so there is no sandbox to break out of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

MAX_BODY_LENGTH = 100_000
"""Code points of the longest body."""

MAX_NESTING = 16
"""How deep quotes, lists and emphasis may stand in one another, counted in HTML elements."""

_FIELD = re.compile(
    r"\{\{[ \t]*(?:(?P<signer>signer\.(?:name|email))|values\.(?P<value>[A-Za-z_][A-Za-z0-9_]{0,63}))[ \t]*\}\}"
)
_SYNTAX = re.compile(r"\{[{%#]")
_SYNTAX_RULES = {
    "{%": r"statements ({% … %}) are not allowed; write \{% for the characters themselves",
    "{#": r"comments ({# … #}) are not allowed; write \{# for the characters themselves",
    "{{": "only {{ signer.name }}, {{ signer.email }} and {{ values.some_name }} are merge fields; "
    r"write \{\{ for the characters themselves",
}
_REFUSED_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]")
_LINE_BREAK = re.compile(r"\r\n?")
_ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)

# Markdown takes the two noncharacters for letters, so `**{{ signer.name }}**` is bold as its author means it.
# They cannot occur otherwise: bodies that hold them are refused, and a character reference cannot stand for one.
_BEGIN, _END = "\ufdd0", "\ufdd1"
PLACEHOLDER = re.compile(f"{_BEGIN}([0-9]+){_END}")

# What is written out cannot reach this: a cell of two characters, `a|`, is three tokens.
_MAX_TOKENS = 2 * MAX_BODY_LENGTH


class InvalidTemplate(ValueError):
    """A template's body breaks a rule; the message names the line (from 1) and the rule."""

    def __init__(self, line: int, rule: str) -> None:
        super().__init__(f"line {line}: {rule}")
        self.line = line
        self.rule = rule


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A use of a merge field in a body: its name, such as `values.company`, and the line, from 1."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """A body's tokens, in whose text a placeholder with the index into `fields` stands for each merge field."""

    tokens: list[Token]
    fields: tuple[FieldUse, ...]


def parse(body: str) -> ParsedBody:
    """Parse and check `body`. Raise InvalidTemplate for what `template_rendering.merge_fields` lists."""
    source = body.replace("\r\n", "\n")
    _check_characters(source)
    fields = tuple(_fields(source))
    tokens = MARKDOWN.parse(_with_placeholders(source))
    for token, line in _with_lines(tokens):
        _check_token(token, line)
    return ParsedBody(tokens, fields)


def first_line_with_value(body: str, name: str) -> int:
    """Return the line, from 1, that first uses `{{ values.<name> }}`."""
    places = (match.start() for match in _FIELD.finditer(body) if match["value"] == name)
    return _line(body, next(places, 0))


def fill_in(value: str) -> str:
    """Return `value` as it is shown in place of its field: every line break is `\\n`."""
    return _LINE_BREAK.sub("\n", value)


def _check_characters(source: str) -> None:
    if len(source) > MAX_BODY_LENGTH:
        raise InvalidTemplate(_line(source, MAX_BODY_LENGTH), f"longer than {MAX_BODY_LENGTH:,} characters")
    if refused := _REFUSED_CHARACTER.search(source):
        raise InvalidTemplate(_line(source, refused.start()), "a control character or noncharacter")


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _fields(source: str) -> Iterator[FieldUse]:
    for number, line in enumerate(source.split("\n"), start=1):
        if refused := _SYNTAX.search(_FIELD.sub(" ", line)):
            raise InvalidTemplate(number, _SYNTAX_RULES[refused[0]])
        for field in _FIELD.finditer(line):
            yield FieldUse(field["signer"] or f"values.{field['value']}", number)


def _with_placeholders(source: str) -> str:
    pieces = _FIELD.split(source)[:: _FIELD.groups + 1]
    marked = (f"{piece}{_BEGIN}{index}{_END}" for index, piece in enumerate(pieces[:-1]))
    return "".join((*marked, pieces[-1]))


def _with_lines(tokens: list[Token]) -> Iterator[tuple[Token, int]]:
    line = 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        yield token, line
        for child in token.children or ():
            yield child, line


def _check_token(token: Token, line: int) -> None:
    if token.type == "image":
        raise InvalidTemplate(line, "images are not allowed")
    if token.level > MAX_NESTING:
        raise InvalidTemplate(line, f"nested deeper than {MAX_NESTING} levels")
    if any(isinstance(value, str) and _BEGIN in value for value in token.attrs.values()):
        raise InvalidTemplate(line, "a merge field may not stand in a link's address or title")


def _bounded_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """markdown-it fills short rows up with empty cells: 1.5 kB become 65,000 of them, in each table anew."""
    found = table(state, start_line, end_line, silent)
    if len(state.tokens) > _MAX_TOKENS:
        raise InvalidTemplate(start_line + 1, "a table with too many missing cells")
    return found


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Anything but a web or mail address stays text; with a field in it, _check_token refuses it."""
        return _BEGIN in url or _ADDRESS.match(url) is not None

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """Percent-encode `url`, but leave a field in it recognisable."""
        return url if _BEGIN in url else super().normalizeLink(url)


# markdown-it silently drops blocks beyond its own limit: it must lie beyond ours, which refuses them aloud.
MARKDOWN = _Markdown("commonmark", {"html": False, "maxNesting": MAX_NESTING + 4}).enable("table")
MARKDOWN.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
