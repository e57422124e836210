"""A template's body as a tree of nodes, filled for each signer, for the sealed PDF and for hashing.

It is made from the same tokens as the signing page's HTML, so that both show the same. `docs/evidence.md` lists
the nodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from markdown_it.tree import SyntaxTreeNode

from bulksend.delivery.template_markdown import PLACEHOLDER, fill_in, parse
from bulksend.evidence.content import Node

_NAMES: Final = {
    "em": "emphasis",
    "code_inline": "code",
    "fence": "code_block",
    "hr": "rule",
    "hardbreak": "line_break",
}


def content_nodes(body: str, *, signer_name: str, signer_email: str, values: Mapping[str, str]) -> list[Node]:
    """Return `body` filled for one signer.

    Raise InvalidTemplate as `template_markdown.parse` does, and KeyError with the field's name for a value that is
    missing.
    """
    fields, nodes = _outline(body)
    given = {"signer.name": signer_name, "signer.email": signer_email}
    given |= {f"values.{name}": value for name, value in values.items()}
    shown = [fill_in(given[field]) for field in fields]
    filled: list[Node] = _filled(nodes, lambda match: shown[int(match[1])])
    return filled


@lru_cache(maxsize=16)
def _outline(body: str) -> tuple[list[str], list[Node]]:
    parsed = parse(body)
    return [field.name for field in parsed.fields], _children(SyntaxTreeNode(parsed.tokens))


def _filled(value: Any, replacement: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(replacement, value)
    if isinstance(value, list):
        return [part for item in value for part in _lines(_filled(item, replacement))]
    if isinstance(value, dict):
        return {name: _filled(member, replacement) for name, member in value.items()}
    return value


def _lines(value: Any) -> list[Any]:
    """Return a text node as one for each of its lines, with line breaks between them; anything else as it is."""
    if not (isinstance(value, dict) and value.get("type") == "text" and "\n" in value["text"]):
        return [value]
    first, *others = value["text"].split("\n")
    following = ({"type": "text", "text": line} if line else None for line in others)
    parts = [{"type": "text", "text": first} if first else None]
    for line in following:
        parts += [{"type": "line_break"}, line]
    return [part for part in parts if part]


def _children(parent: SyntaxTreeNode) -> list[Node]:
    return [node for child in parent.children for node in _nodes(child)]


def _nodes(node: SyntaxTreeNode) -> list[Node]:
    """Return the nodes of one of the syntax tree: several if it is a wrapper, like a paragraph of a tight list."""
    if node.type == "inline" or (node.type == "paragraph" and node.hidden):
        return _children(node)
    if node.type == "text":
        return [{"type": "text", "text": node.content}] if node.content else []
    if node.type == "softbreak":
        return [{"type": "text", "text": " "}]
    return [{"type": _NAMES.get(node.type, node.type)} | _members(node)]


def _members(node: SyntaxTreeNode) -> Node:
    match node.type:
        case "code_inline" | "fence" | "code_block":
            return {"text": node.content}
        case "hr" | "hardbreak":
            return {}
        case "table":
            return _table(node)
        case "heading":
            return {"level": int(node.tag[1:]), "children": _children(node)}
        case "ordered_list":
            return {"start": int(node.attrs.get("start", 1)), "children": _children(node)}
        case "link":
            return {"url": str(node.attrs["href"]), "children": _children(node)}
    return {"children": _children(node)}


def _table(table: SyntaxTreeNode) -> Node:
    rows = [row.children for part in table.children for row in part.children]
    alignments = [str(cell.attrs.get("style", "")).removeprefix("text-align:") or None for cell in rows[0]]
    return {"alignments": alignments, "rows": [[_children(cell) for cell in row] for row in rows]}
