"""How large an operation may be: everything here costs time linear in the document, whatever its fragments do.

A fragment is measured once and its measure added wherever it is spread, so the numbers are those of the operation
written out in full, while no operation ever is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from bulksend.resolvers.errors import ErrorCode

# Their depth is a matter of types and not of data, and tools write them deep.
_INTROSPECTION: Final = frozenset({"__schema", "__type"})
# Doubled in each of many fragments a number grows without end; beyond this one it is only "too many".
MOST_COUNTED: Final = 1_000_000_000

_NOUNS: Final = {
    "characters": "characters",
    "tokens": "tokens",
    "depth": "levels of fields",
    "aliases": "aliases",
    "directives": "directives",
    "mergedFields": "fields, each counted wherever it is merged",
    "cost": "points of cost",
    "listItems": "items in one list of its variables",
    "values": "values in its variables",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each that one operation may have.

    `merged_fields`: how many fields may have to be looked at to check that they can be merged; some 50 ms.
    `cost`: fields, connections multiplied by their page size; see `cost.py`. `list_items` and `values` are about
    variables: the longest list, and all values within them (500 signers with 50 merge values each have 78,000).
    """

    characters: int = 100_000
    tokens: int = 5_000
    depth: int = 15
    aliases: int = 50
    directives: int = 100
    merged_fields: int = 20_000
    cost: int = 20_000
    list_items: int = 1_000
    values: int = 100_000


def too_complex(limit: str, maximum: int, actual: int | None = None) -> GraphQLError:
    """Make the error that names the limit and the number. `actual`: None where counting stopped at the limit."""
    has = "more" if actual is None else f"at least {actual}" if actual >= MOST_COUNTED else str(actual)
    extensions: dict[str, object] = {
        "code": ErrorCode.QUERY_TOO_COMPLEX.value,
        "limit": limit,
        "maximum": maximum,
    }
    if actual is not None:
        extensions["actual"] = actual
    return GraphQLError(
        f"An operation may have at most {maximum} {_NOUNS[limit]}; this one has {has}.", extensions=extensions
    )


def is_too_complex(error: GraphQLError) -> bool:
    """Return whether an error is one of `too_complex`."""
    return (error.extensions or {}).get("code") == ErrorCode.QUERY_TOO_COMPLEX.value


def check_document(document: DocumentNode, limits: Limits) -> GraphQLError | None:
    """Measure every operation of a document and give the error about the first limit that one exceeds."""
    fragments = fragments_of(document)
    try:
        order = list(TopologicalSorter({name: _spreads(found) for name, found in fragments.items()}).static_order())
    except CycleError:
        return None  # Validation tells of cycles; nothing is executed.
    measured: dict[str, _Measure] = {}
    for name in order:
        if name in fragments:
            measured[name] = _measure(fragments[name].selection_set, measured)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            found = _measure(definition.selection_set, measured)
            if error := _exceeded(found, limits):
                return error
    return None


def check_variables(variables: Mapping[str, Any] | None, limits: Limits) -> GraphQLError | None:
    """Return the error about variables, as JSON is read, that are too large to be looked at."""
    count = 0
    # All that are equally deep.
    objects: list[dict[str, Any]] = [dict(variables or {})]
    lists: list[list[Any]] = []
    while objects or lists:
        longest = max(map(len, lists), default=0)
        if longest > limits.list_items:
            return too_complex("listItems", limits.list_items, longest)
        count += sum(map(len, objects)) + sum(map(len, lists))
        if count > limits.values:
            return too_complex("values", limits.values)
        inner = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]
        classes = set(map(type, inner))
        objects = [found for found in inner if found.__class__ is dict] if dict in classes else []
        lists = [found for found in inner if found.__class__ is list] if list in classes else []
    return None


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return a document's fragments by name."""
    return {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}


class _Measure(NamedTuple):
    depth: int
    aliases: int
    directives: int


def _exceeded(found: _Measure, limits: Limits) -> GraphQLError | None:
    for name, actual in found._asdict().items():
        maximum = getattr(limits, name)
        if actual > maximum:
            return too_complex(name, maximum, actual)
    return None


def _measure(selection_set: SelectionSetNode, fragments: Mapping[str, _Measure]) -> _Measure:
    """Measure with the measures of what is spread; `depth` counts fields, without those of introspection."""
    deepest = aliases = directives = 0
    for selection, depth in _walk(selection_set):
        directives += len(selection.directives or ())
        if isinstance(selection, FieldNode):
            aliases += selection.alias is not None
            deepest = max(deepest, depth)
        elif isinstance(selection, FragmentSpreadNode) and (spread := fragments.get(selection.name.value)):
            deepest = max(deepest, depth - 1 + spread.depth if depth else 0)
            aliases += spread.aliases
            directives += spread.directives
    return _Measure(min(deepest, MOST_COUNTED), min(aliases, MOST_COUNTED), min(directives, MOST_COUNTED))


def _spreads(fragment: FragmentDefinitionNode) -> set[str]:
    walked = _walk(fragment.selection_set)
    return {selection.name.value for selection, _ in walked if isinstance(selection, FragmentSpreadNode)}


def _walk(selection_set: SelectionSetNode) -> Iterator[tuple[SelectionNode, int]]:
    """Return every selection with its depth, from 1; within introspection that is 0."""
    waiting = [(selection_set, 1)]
    while waiting:
        inner, depth = waiting.pop()
        for selection in inner.selections:
            yield selection, depth
            if isinstance(selection, FragmentSpreadNode) or not (nested := getattr(selection, "selection_set", None)):
                continue
            if not isinstance(selection, FieldNode):
                waiting.append((nested, depth))
            elif depth and selection.name.value not in _INTROSPECTION:
                waiting.append((nested, depth + 1))
            else:
                waiting.append((nested, 0))
