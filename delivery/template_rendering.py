"""A template's body: Markdown with merge fields, checked once and filled for each signer.

A body is data, never a program: before Markdown sees it, each merge field becomes a placeholder, and after
the HTML is sanitised the placeholders are replaced by escaped text. No expression is ever evaluated, so
there is no sandbox to break out of, and what stands in a value can neither be Markdown, HTML nor a field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markdown_it.token import Token

MAX_BODY_LENGTH = 100_000
"""Code points of the longest body."""

MAX_VALUES = 50
"""How many different values a body may ask of each signer."""

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
_LINE_BREAKS = re.compile(r"[\r\n]+")
_ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)

# Markdown takes the two noncharacters for letters, so `**{{ signer.name }}**` is bold as its author means it.
# They cannot occur otherwise: bodies that hold them are refused, and a character reference cannot stand for one.
_BEGIN, _END = "\ufdd0", "\ufdd1"
_PLACEHOLDER = re.compile(f"{_BEGIN}([0-9]+){_END}")

# What is written out cannot reach this: a cell of two characters, `a|`, is three tokens.
_MAX_TOKENS = 2 * MAX_BODY_LENGTH

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code"),
    *("strong", "em", "a", "ol", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
}


class InvalidTemplate(ValueError):
    """A template's body breaks a rule; the message names the line (from 1) and the rule."""

    def __init__(self, line: int, rule: str) -> None:
        super().__init__(f"line {line}: {rule}")
        self.line = line
        self.rule = rule


def merge_fields(body: str) -> tuple[str, ...]:
    """Names of the values `body` asks of each signer, in order of first appearance.

    Raises InvalidTemplate unless everything in double braces is one of `{{ signer.name }}`,
    `{{ signer.email }}` and `{{ values.<name> }}` (a name is 1-64 ASCII letters, digits and `_`, not
    beginning with a digit) and each stands in text; for control characters other than tab and line ends; for
    images; and for a body longer than MAX_BODY_LENGTH, nested deeper than MAX_NESTING or with more than MAX_VALUES
    names.
    """
    found = (field.removeprefix("values.") for field in _form(body).fields if field.startswith("values."))
    names = tuple(dict.fromkeys(found))
    if len(names) > MAX_VALUES:
        raise InvalidTemplate(_line_of_value(body, names[MAX_VALUES]), f"more than {MAX_VALUES} different values")
    return names


def _line_of_value(body: str, name: str) -> int:
    places = (match.start() for match in _FIELD.finditer(body) if match["value"] == name)
    return _line(body, next(places, 0))


def render(body: str, *, signer_name: str, signer_email: str, values: Mapping[str, str]) -> str:
    """`body` filled for one signer, as a sanitised HTML fragment.

    Whatever a value holds is shown as text; a line break in it becomes a space. Raises InvalidTemplate as
    `merge_fields` does, and KeyError with the field's name for a value that is missing.
    """
    form = _form(body)
    filling = {"signer.name": signer_name, "signer.email": signer_email}
    filling |= {f"values.{name}": value for name, value in values.items()}
    shown = {field: escape(_LINE_BREAKS.sub(" ", filling[field])) for field in set(form.fields)}
    filled = (piece + shown[field] for piece, field in zip(form.pieces, form.fields, strict=False))
    return "".join((*filled, form.pieces[-1]))


@dataclass(frozen=True, slots=True)
class _Form:
    """A body as HTML, cut at its fields: `fields[i]` stands between `pieces[i]` and `pieces[i + 1]`."""

    pieces: tuple[Markup, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    line: int


@lru_cache(maxsize=128)
def _form(body: str) -> _Form:
    source = body.replace("\r\n", "\n")
    _check_characters(source)
    fields = tuple(_fields(source))
    pieces = _PLACEHOLDER.split(_html(_with_placeholders(source)))
    order = [int(index) for index in pieces[1::2]]
    _check_all_shown(fields, order)
    return _Form(tuple(map(Markup, pieces[0::2])), tuple(fields[index].name for index in order))


def _check_characters(source: str) -> None:
    if len(source) > MAX_BODY_LENGTH:
        raise InvalidTemplate(_line(source, MAX_BODY_LENGTH), f"longer than {MAX_BODY_LENGTH:,} characters")
    if refused := _REFUSED_CHARACTER.search(source):
        raise InvalidTemplate(_line(source, refused.start()), "a control character or noncharacter")


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _fields(source: str) -> Iterator[_Field]:
    for number, line in enumerate(source.split("\n"), start=1):
        if refused := _SYNTAX.search(_FIELD.sub(" ", line)):
            raise InvalidTemplate(number, _SYNTAX_RULES[refused[0]])
        for field in _FIELD.finditer(line):
            yield _Field(field["signer"] or f"values.{field['value']}", number)


def _with_placeholders(source: str) -> str:
    pieces = _FIELD.split(source)[:: _FIELD.groups + 1]
    marked = (f"{piece}{_BEGIN}{index}{_END}" for index, piece in enumerate(pieces[:-1]))
    return "".join((*marked, pieces[-1]))


def _html(source: str) -> str:
    tokens = _MARKDOWN.parse(source)
    for token, line in _with_lines(tokens):
        _check_token(token, line)
        _align_by_attribute(token)
    return _CLEANER.clean(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


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


def _align_by_attribute(token: Token) -> None:
    """Table cells come with an inline style, which a strict Content-Security-Policy would ignore."""
    if style := token.attrs.pop("style", None):
        token.attrs["align"] = str(style).removeprefix("text-align:")


def _check_all_shown(fields: tuple[_Field, ...], order: list[int]) -> None:
    hidden = set(range(len(fields))).difference(order)
    if hidden:
        raise InvalidTemplate(
            fields[min(hidden)].line,
            "a merge field stands where nothing is shown, such as a link's definition or a code block's language",
        )


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
_MARKDOWN = _Markdown("commonmark", {"html": False, "maxNesting": MAX_NESTING + 4}).enable("table")
_MARKDOWN.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)
