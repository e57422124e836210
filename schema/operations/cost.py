"""What an operation may cost, told before it is executed: how many fields it may come to.

Every field costs 1, and what lies below a list is multiplied by how long that list may be: a connection's by its page
size, an introspection list's by how long such lists are in this schema.
"""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

from bulksend.schema.operations.limits import MOST_COUNTED, fragments_of

DEFAULT_PAGE: Final = 25
LARGEST_PAGE: Final = 500
# Lists whose length no argument tells: `userErrors`, `warnings`.
ASSUMED_LENGTH: Final = 10
# Introspection is answered in one go that nobody else can come between, so its fields cost more.
INTROSPECTION_FACTOR: Final = 2
_INTROSPECTION_ROOTS: Final = frozenset({"__schema", "__type"})
_PAGE_ARGUMENTS: Final = frozenset({"first", "last"})
# What is given that many of comes back that many.
_LIST_ARGUMENTS: Final = frozenset({"ids", "representations"})
MOST_REMEMBERED: Final = 100
_LEFT_OUT: Final = "left out"


class Prices:
    """The prices of one schema's fields."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._lengths = _introspection_lengths(schema)

    def cost(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> int:
        """Return how many fields a valid operation may come to; linear in the document."""
        root = self._schema.get_root_type(operation.operation)
        pricing = _Pricing(self._schema, self._lengths, document, operation, variables or {})
        return math.ceil(pricing.selections(operation.selection_set, root).fixed)


class OperationCost:
    """What one operation costs with each of the page sizes that it is asked with; a few are remembered."""

    def __init__(self, prices: Prices, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._price = partial(prices.cost, document, operation)
        self._sizes = tuple(sorted(set(_size_variables(document))))
        self._known: dict[tuple[object, ...], int] = {}

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """Return how many fields the operation may come to with these variables."""
        given = variables or {}
        sizes = tuple([_size(given[name]) if name in given else _LEFT_OUT for name in self._sizes])
        if sizes not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[sizes] = self._price(given)
        return self._known[sizes]


def _size(value: object) -> object:
    """Return all that a price is made of: a number, or a list's length."""
    if isinstance(value, list | tuple):
        return ("items", len(value))
    return value if isinstance(value, int) else None


def _size_variables(document: DocumentNode) -> Iterator[str]:
    """Return the variables in arguments that tell how much will come back."""
    waiting: list[Any] = [getattr(found, "selection_set", None) for found in document.definitions]
    while waiting:
        selection_set = waiting.pop()
        for selection in selection_set.selections if selection_set else ():
            waiting.append(getattr(selection, "selection_set", None))
            for argument in getattr(selection, "arguments", None) or ():
                named = argument.name.value in _PAGE_ARGUMENTS | _LIST_ARGUMENTS
                if named and isinstance(argument.value, VariableNode):
                    yield argument.value.name.value


class _Price(NamedTuple):
    """`a_row`: what each row of the enclosing connection's page adds; the page size is its parent's argument."""

    fixed: float
    a_row: float = 0


class _Pricing:
    """One operation's pricing: a fragment is priced once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        lengths: Mapping[tuple[str, str], float],
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._lengths = lengths
        self._fragments = fragments_of(document)
        self._variables = variables
        self._defaults = {
            found.variable.name.value: found.default_value for found in operation.variable_definitions or ()
        }
        self._priced: dict[str, _Price] = {}

    def selections(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> _Price:
        fixed: float = 0
        a_row: float = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                price = self._field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                price = self._fragment(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                price = self.selections(selection.selection_set, inner)
            else:
                continue
            fixed += price.fixed
            a_row += price.a_row
        return _Price(min(fixed, MOST_COUNTED), min(a_row, MOST_COUNTED))

    def _fragment(self, name: str) -> _Price:
        if name not in self._priced:
            fragment = self._fragments[name]
            condition = self._schema.get_type(fragment.type_condition.name.value)
            self._priced[name] = self.selections(fragment.selection_set, condition)
        return self._priced[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Price:
        definition = _definition(self._schema, parent, node.name.value)
        if definition is None or not node.selection_set:
            return _Price(1)
        below = self.selections(node.selection_set, get_named_type(definition.type))
        one = below.fixed + below.a_row * self._page_size(node)
        if node.name.value in _INTROSPECTION_ROOTS:
            return _Price(1 + one * INTROSPECTION_FACTOR)
        if _is_connection(parent) and is_list_type(get_nullable_type(definition.type)):
            return _Price(1, one)
        return _Price(1 + one * self._length(node, parent, definition))

    def _page_size(self, node: FieldNode) -> int:
        given = [self._value(found.value) for found in node.arguments or () if found.name.value in _PAGE_ARGUMENTS]
        sizes = [size for size in given if isinstance(size, int)]
        return min(max([*sizes, 0]), LARGEST_PAGE) if sizes else DEFAULT_PAGE

    def _length(self, node: FieldNode, parent: GraphQLNamedType | None, definition: GraphQLField) -> float:
        for argument in node.arguments or ():
            is_list = argument.name.value in _LIST_ARGUMENTS
            if is_list and isinstance(found := self._value(argument.value), list | tuple):
                return len(found)
        alone = ASSUMED_LENGTH if is_list_type(get_nullable_type(definition.type)) else 1
        return self._lengths.get((parent.name if parent else "", node.name.value), alone)

    def _value(self, node: ValueNode | None) -> object:
        if isinstance(node, VariableNode):
            name = node.name.value
            return self._variables[name] if name in self._variables else self._value(self._defaults.get(name))
        if isinstance(node, IntValueNode):
            return int(node.value[:10])
        return node.values if isinstance(node, ListValueNode) else None


def _definition(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        return schema.get_field(parent, name)
    return None


def _is_connection(parent: GraphQLNamedType | None) -> bool:
    return parent is not None and parent.name.endswith("Connection")


def _introspection_lengths(schema: GraphQLSchema) -> dict[tuple[str, str], float]:
    """Return how long introspection's lists are in this schema on average; of `ofType`, how often there is one."""
    types = list(schema.type_map.values())
    fields = [field for found in types for field in _fields(found).values() if not is_input_object_type(found)]
    input_fields = [field for found in types for field in _fields(found).values() if is_input_object_type(found)]
    arguments = [argument for field in fields for argument in field.args.values()]
    values = sum(len(getattr(found, "values", ())) for found in types)
    typed = (*fields, *input_fields, *arguments)
    wrapped = sum(_wrappers(found.type) for found in typed)
    return {
        ("__Schema", "types"): len(types),
        ("__Schema", "directives"): len(schema.directives),
        ("__Type", "fields"): len(fields) / len(types),
        ("__Type", "inputFields"): len(input_fields) / len(types),
        ("__Type", "enumValues"): values / len(types),
        ("__Type", "interfaces"): 1,
        ("__Type", "possibleTypes"): 1,
        ("__Type", "ofType"): wrapped / (wrapped + len(typed)),
        ("__Field", "args"): len(arguments) / len(fields),
        ("__Directive", "args"): 1,
    }


def _wrappers(found: Any) -> int:
    """Return how many lists and non-nulls are around a named type."""
    return 1 + _wrappers(found.of_type) if hasattr(found, "of_type") else 0


def _fields(found: GraphQLNamedType) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(found, "fields", {})
    return fields
