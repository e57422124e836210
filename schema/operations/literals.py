"""Queries that differ in literals alone are one document: the literals become variables.

Clients that write ids and page sizes into their queries send a document never seen before with every request, and it
is parsed, validated and compiled each time. The second time that all but the literals is the same, a document with
variables in their places is made and validated, and what comes from then on uses that one. It is right because

- the regular expression finds exactly the literals that the parser found, so what surrounds them means the same
  whatever their values are;
- each literal is of a type for which a literal and a variable of this value are coerced alike, and is checked here;
- the document with variables is valid with each literal in a variable of its own, so no rule, such as the one on
  merging fields, held only because two literals were equal.

Whatever is not so goes the usual way. Errors get their locations in the text that was sent (`relocated`).
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    IntValueNode,
    NamedTypeNode,
    NameNode,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    Source,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    visit,
)

from bulksend.schema.types.scalars import read_datetime

# Comments, block strings and escapes: texts with any of them go the usual way.
_UNUSUAL: Final = re.compile(r'[#\\]|"""')
_LITERAL: Final = re.compile(r'"[^"\x00-\x08\x0a-\x1f\ud800-\udfff]*"|(?<![\w.+$@-])-?(?:0|[1-9][0-9]*)(?![\w.])')
_INTS: Final = range(-(2**31), 2**31)
_PREFIX: Final = "_literal"

Read: TypeAlias = Callable[[str], Any]


class Split(NamedTuple):
    """A text taken apart. `shape`: what is left without its literals, with a mark for the kind of each."""

    shape: str
    literals: list[str]


@dataclass(frozen=True, slots=True)
class LiftedDocument:
    """A valid document whose literals are variables, with what reads the value of each."""

    document: DocumentNode
    reads: tuple[Read, ...]

    def values(self, literals: Sequence[str]) -> dict[str, Any] | None:
        """Return the literals as variables by their names; None if one is no valid value."""
        try:
            values = [read(text) for read, text in zip(self.reads, literals, strict=True)]
        except (ValueError, GraphQLError):
            return None
        return {_name(number): value for number, value in enumerate(values)}


def split(text: str) -> Split | None:
    """Take a text apart; return None for one that has no literals or that goes the usual way."""
    if _UNUSUAL.search(text):
        return None
    literals = _LITERAL.findall(text)
    return Split(_LITERAL.sub(_mark, text), literals) if literals else None


def lifted(schema: GraphQLSchema, document: DocumentNode) -> LiftedDocument | None:
    """Return a query with variables for all its literals; None if it cannot be. It is still to be validated.

    `document`: valid, and with locations in the text it was parsed from.
    """
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    text = document.loc.source.body if document.loc else ""
    places = {found.start(): number for number, found in enumerate(_LITERAL.finditer(text))}
    if len(operations) != 1 or operations[0].operation is not OperationType.QUERY or f"${_PREFIX}" in text:
        return None
    lifting = _Lifting(schema, places)
    changed = visit(document, TypeInfoVisitor(lifting.types, lifting))
    if lifting.has_failed or lifting.found.keys() != set(range(len(places))):
        return None
    found = [lifting.found[number] for number in range(len(places))]
    return LiftedDocument(_with_variables(changed, [kind for kind, _ in found]), tuple([read for _, read in found]))


def relocated(error: GraphQLError, text: str) -> GraphQLError:
    """Return an error of a lifted document with its locations in the text that was sent."""
    if error.source is None or error.source.body == text or not error.positions:
        return error
    shift = _shifts(error.source.body, text)
    return GraphQLError(
        error.message,
        source=Source(text),
        positions=[shift(position) for position in error.positions],
        path=error.path,
        original_error=error.original_error,
        extensions=error.extensions,
    )


class _Lifting(Visitor):
    """Puts a variable in the place of each literal. `found`: their types and what reads them, by their numbers."""

    def __init__(self, schema: GraphQLSchema, places: Mapping[int, int]) -> None:
        super().__init__()
        self.types = TypeInfo(schema)
        self.found: dict[int, tuple[str, Read]] = {}
        self.has_failed = False
        self._places = places

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """Refuse a default value with literals: there are no variables within it."""
        self.has_failed |= node.default_value is not None

    def enter_int_value(self, node: IntValueNode, *_: Any) -> Node | None:
        """Lift an integer."""
        return self._variable(node, _INT_READERS)

    def enter_string_value(self, node: StringValueNode, *_: Any) -> Node | None:
        """Lift a string. A description, which a query has none of, has no input type."""
        return self._variable(node, _STRING_READERS)

    def _variable(self, node: IntValueNode | StringValueNode, readers: Mapping[str, Read]) -> Node | None:
        name = _type_name(self.types.get_input_type())
        number = self._places.get(node.loc.start) if node.loc else None
        if number is None or name not in readers:
            self.has_failed = True
            return None
        self.found[number] = name, readers[name]
        return VariableNode(name=NameNode(value=_name(number)), loc=node.loc)


def _with_variables(document: DocumentNode, types: Sequence[str]) -> DocumentNode:
    """Return the document whose only operation takes these variables besides its own. None of them is ever null."""
    definitions = [
        VariableDefinitionNode(
            variable=VariableNode(name=NameNode(value=_name(number))),
            type=NonNullTypeNode(type=NamedTypeNode(name=NameNode(value=name))),
            directives=(),
        )
        for number, name in enumerate(types)
    ]
    return DocumentNode(
        definitions=tuple([_taking(definition, definitions) for definition in document.definitions]), loc=document.loc
    )


def _taking(definition: Node, added: Sequence[VariableDefinitionNode]) -> Any:
    if not isinstance(definition, OperationDefinitionNode):
        return definition
    return OperationDefinitionNode(
        operation=definition.operation,
        name=definition.name,
        variable_definitions=(*(definition.variable_definitions or ()), *added),
        directives=definition.directives,
        selection_set=definition.selection_set,
        loc=definition.loc,
    )


def _shifts(before: str, after: str) -> Callable[[int], int]:
    """Return what maps a position in one text to the same place in another that differs in literals alone."""
    ends = [[match.end() for match in _LITERAL.finditer(text)] for text in (before, after)]

    def shift(position: int) -> int:
        passed = bisect_right(ends[0], position)
        return position + (ends[1][passed - 1] - ends[0][passed - 1] if passed else 0)

    return shift


def _mark(found: re.Match[str]) -> str:
    return "\1" if found[0][0] == '"' else "\2"


def _name(number: int) -> str:
    return f"{_PREFIX}{number}"


def _type_name(input_type: GraphQLInputType | None) -> str:
    named = get_nullable_type(input_type)
    return getattr(named, "name", "")


def _int(text: str) -> int:
    value = int(text)
    if value not in _INTS:
        raise ValueError("not a GraphQL Int")
    return value


def _string(text: str) -> str:
    return text[1:-1]


def _datetime(text: str) -> str:
    read_datetime(text[1:-1])
    return text[1:-1]


# How a literal of each kind is read, by the type where it stands. What is not here is not lifted.
_INT_READERS: Final[Mapping[str, Read]] = {"Int": _int, "ID": str}
_STRING_READERS: Final[Mapping[str, Read]] = {"ID": _string, "String": _string, "DateTime": _datetime}
