"""Rendering a template's body as HTML for the signing page.

After the HTML is sanitised, each merge field's placeholder is replaced by escaped text: what stands in a value can
neither be Markdown, HTML nor a field.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup, escape

from bulksend.delivery.template_markdown import (
    MARKDOWN,
    PLACEHOLDER,
    FieldUse,
    InvalidTemplate,
    fill_in,
    first_line_with_value,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it.token import Token

MAX_VALUES = 50
"""How many different values a body may ask of each signer."""

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code"),
    *("strong", "em", "a", "ol", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
}


def merge_fields(body: str) -> tuple[str, ...]:
    """Return the names of the values that `body` uses, in order of first appearance.

    Raise InvalidTemplate unless everything in double braces is one of `{{ signer.name }}`,
    `{{ signer.email }}` and `{{ values.<name> }}` (a name is 1-64 ASCII letters, digits and `_`, not
    beginning with a digit) and each stands in text; for control characters other than tab and line ends; for
    images; and for a body longer than MAX_BODY_LENGTH, nested deeper than MAX_NESTING or with more than MAX_VALUES
    names.
    """
    found = (field.removeprefix("values.") for field in _form(body).fields if field.startswith("values."))
    names = tuple(dict.fromkeys(found))
    if len(names) > MAX_VALUES:
        raise InvalidTemplate(
            first_line_with_value(body, names[MAX_VALUES]), f"more than {MAX_VALUES} different values"
        )
    return names


def render(body: str, *, signer_name: str, signer_email: str, values: Mapping[str, str]) -> str:
    """Return `body` filled for one signer, as a sanitised HTML fragment.

    Whatever a value holds is shown as text, with its line breaks. Raise InvalidTemplate as `merge_fields` does, and
    KeyError with the field's name for a value that is missing.
    """
    form = _form(body)
    filling = {"signer.name": signer_name, "signer.email": signer_email}
    filling |= {f"values.{name}": value for name, value in values.items()}
    shown = {field: _shown(filling[field]) for field in set(form.fields)}
    filled = (piece + shown[field] for piece, field in zip(form.pieces, form.fields, strict=False))
    return "".join((*filled, form.pieces[-1]))


def _shown(value: str) -> Markup:
    return escape(fill_in(value)).replace("\n", Markup("<br>\n"))


@dataclass(frozen=True, slots=True)
class _Form:
    """A body as HTML, cut at its fields: `fields[i]` stands between `pieces[i]` and `pieces[i + 1]`."""

    pieces: tuple[Markup, ...]
    fields: tuple[str, ...]


@lru_cache(maxsize=128)
def _form(body: str) -> _Form:
    parsed = parse(body)
    pieces = PLACEHOLDER.split(_html(parsed.tokens))
    order = [int(index) for index in pieces[1::2]]
    _check_all_shown(parsed.fields, order)
    return _Form(tuple(map(Markup, pieces[0::2])), tuple(parsed.fields[index].name for index in order))


def _html(tokens: list[Token]) -> str:
    for token in tokens:
        _align_by_attribute(token)
    return _CLEANER.clean(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


def _align_by_attribute(token: Token) -> None:
    """Table cells have an inline style, which a strict Content-Security-Policy ignores."""
    if style := token.attrs.pop("style", None):
        token.attrs["align"] = str(style).removeprefix("text-align:")


def _check_all_shown(fields: tuple[FieldUse, ...], order: list[int]) -> None:
    hidden = set(range(len(fields))).difference(order)
    if hidden:
        raise InvalidTemplate(
            fields[min(hidden)].line,
            "a merge field stands where nothing is shown, such as a link's definition or a code block's language",
        )


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)
