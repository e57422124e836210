"""What typst must be told about text: where a long word may break, and which way a block runs."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from bulksend.evidence.content import Node

_LONG_WORD: Final = re.compile(r"(\S{40})(?=\S)")
_ZERO_WIDTH_SPACE: Final = "\u200b"


def breakable(text: str) -> str:
    """Return `text` with a place to break in each word over 40 characters: it would run off the page otherwise."""
    return _LONG_WORD.sub(rf"\1{_ZERO_WIDTH_SPACE}", text)


def directed(node: Node) -> Node:
    """Return `node` with `right_to_left` in it and its children, by each one's first letter as in HTML's `dir=auto`."""
    if "children" not in node:
        return node
    children = [directed(child) for child in node["children"]]
    return node | {"children": children, "right_to_left": _is_right_to_left(_text(node))}


def map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """Return `value` with every string in it changed, except for URLs."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {name: member if name == "url" else map_strings(member, change) for name, member in value.items()}
    return value


def characters(value: Any) -> set[str]:
    """Return the characters of every string in `value`."""
    if isinstance(value, str):
        return set(value)
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(characters, value)) if isinstance(value, list) else set()


def _text(node: Node) -> str:
    text: str = node.get("text", "")
    return text + "".join(map(_text, node.get("children", ())))


def _is_right_to_left(text: str) -> bool:
    classes = (unicodedata.bidirectional(character) for character in text)
    return next((found for found in classes if found in ("L", "R", "AL")), "L") != "L"
