"""Front matter of a template's Markdown file: YAML between two lines of `---` at its beginning.

    ---
    fields:
      company: { maxLength: 80 }
      start_date: { type: date, label: Start date }
      newsletter: { type: checkbox, filledBy: signer, required: false }
    ---

Only plain YAML is read: no anchors, aliases or tags, at most 16 KiB, 2,000 nodes and 6 levels. Scalars are text, so
that `no` and `2026-01-01` stay what they are.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

MAXIMUM_LENGTH: Final = 16 * 1024
MAXIMUM_NODES: Final = 2_000
MAXIMUM_DEPTH: Final = 6

_FRONT_MATTER: Final = re.compile(r"---[ \t]*\n(?P<yaml>.*?\n)??---[ \t]*(?:\n|\Z)", re.DOTALL)
_NODE: Final = (yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent)
_BEGIN: Final = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_END: Final = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


class InvalidFrontMatter(ValueError):
    """The front matter breaks a rule; the message names it, and the line where it is known."""


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template's text in its two parts. `first_line`: the body's first line within the text, from 1."""

    front_matter: dict[str, Any] | None
    body: str
    first_line: int


def split(text: str) -> TemplateFile:
    """Split a text into its front matter, None if it has none, and its body. Raise `InvalidFrontMatter`."""
    source = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found = _FRONT_MATTER.match(source)
    if found is None:
        return TemplateFile(None, source, 1)
    body = source[found.end() :].lstrip("\n")
    return TemplateFile(_mapping(found["yaml"] or ""), body, source.count("\n", 0, len(source) - len(body)) + 1)


def _mapping(text: str) -> dict[str, Any]:
    if len(text) > MAXIMUM_LENGTH:
        raise InvalidFrontMatter(f"front matter must have at most {MAXIMUM_LENGTH:,} characters")
    try:
        _check_size(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise InvalidFrontMatter(_described(error)) from None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise InvalidFrontMatter("front matter must be a mapping such as `fields: …`")
    value: dict[str, Any] = _value(root)
    return value


def _check_size(text: str) -> None:
    nodes = depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidFrontMatter(f"line {_line(event)}: anchors and aliases are not allowed")
        if getattr(event, "tag", None):
            raise InvalidFrontMatter(f"line {_line(event)}: tags are not allowed")
        nodes += isinstance(event, _NODE)
        depth += isinstance(event, _BEGIN) - isinstance(event, _END)
        if nodes > MAXIMUM_NODES or depth > MAXIMUM_DEPTH:
            raise InvalidFrontMatter(
                f"line {_line(event)}: front matter may have {MAXIMUM_NODES:,} values, {MAXIMUM_DEPTH} levels deep"
            )


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if not name or name in mapping:
            raise InvalidFrontMatter(f"line {_line(key)}: every key must be text and stand once")
        mapping[name] = _value(value)
    return mapping


def _line(marked: yaml.Event | yaml.Node) -> int:
    # The first line of the file is the opening `---`.
    mark = marked.start_mark
    return 2 + (mark.line if mark else 0)


def _described(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 2}: " if mark else ""
    return f"{place}front matter must be YAML"
