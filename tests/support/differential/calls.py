"""The arguments that a resolver received, in a form in which two executions can be compared."""

import re
from typing import Any, Final

import strawberry
from graphql import GraphQLResolveInfo, Node

Place = tuple[str | int, ...]

_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")


def told(info: Any) -> tuple[Any, ...]:
    """Return the contents of graphql-core's info."""
    raw: GraphQLResolveInfo[Any] = info._raw_info if isinstance(info, strawberry.Info) else info
    return (
        raw.field_name,
        tuple(map(_stands, raw.field_nodes)),
        str(raw.return_type),
        raw.parent_type.name,
        _typenames(raw.path),
        raw.schema.query_type is raw.schema.get_type("Query"),
        tuple((name, _stands(fragment)) for name, fragment in raw.fragments.items()),
        type(raw.root_value).__name__,
        _stands(raw.operation),
        _ADDRESS.sub("", repr(raw.variable_values)),
        type(raw.context).__name__,
        raw.abort_signal,
        *(_told_by_strawberry(info) if isinstance(info, strawberry.Info) else ()),
    )


def place_of(info: Any) -> Place:
    """Return the path of a field."""
    return tuple(info.path.as_list())


def as_place(words: str) -> Place:
    """Return a path with dots, as `worlds` writes it."""
    return tuple(int(word) if word.isdigit() else word for word in words.split(".")) if words else ()


def _told_by_strawberry(info: strawberry.Info) -> tuple[Any, ...]:
    return (
        info.python_name,
        repr(info.return_type),
        repr(info.selected_fields),
        repr(info.variable_values),
        _stands(info.operation),
        info.query,
        type(info.schema).__name__,
        type(info.context).__name__,
        type(info.root_value).__name__,
        repr(info.input_extensions),
    )


def _typenames(path: Any) -> tuple[str | None, ...]:
    names = []
    while path is not None:
        names.append(path.typename)
        path = path.prev
    return tuple(names)


def _stands(node: Node) -> tuple[str, int, int]:
    assert node.loc is not None
    return node.kind, node.loc.start, node.loc.end
