"""A plan: one operation of one document, compiled.

Which fields an operation has depends on its document and on the variables of its `@skip`s and `@include`s alone, so a
plan is made for each combination of these that comes (`conditions`), with graphql-core's own collecting of fields.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    is_object_type,
)

from bulksend.execution.columns import Rows, rows_of
from bulksend.execution.field_plan import Position
from bulksend.execution.field_resolution import call_of
from bulksend.execution.lists import items_completers
from bulksend.execution.private_apis import (
    CollectedFields,
    FieldDetails,
    FragmentDetails,
    VariableValues,
    collect_fields,
    collect_subfields,
    converter_of,
    definition_of,
)
from bulksend.execution.run import Complete
from bulksend.execution.selection import Selection

# A document within the gateway's limits has fewer; others are executed by graphql-core.
MOST_FIELDS: Final = 2_000
_CONDITIONS: Final = ("skip", "include")

Root = Callable[[Any, Any, None], dict[str, Any]]


# Keys of the response, and the position of each field; of `__typename` the name.
Fields: TypeAlias = "list[tuple[str, Position | str]]"


class NotCompiled(Exception):
    """This operation is for graphql-core to execute."""


class Plan:
    """How to execute one operation. `roots`: functions for all root fields at once, or for a mutation one by one.

    Raises `NotCompiled` for introspection, subscriptions, directives on the operation and unusually large documents.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = fragments
        self.converter = converter_of(schema)
        self.is_strawberry = self.converter is not None
        self.fields = 0
        self._numbers = count()
        self._details = {name: FragmentDetails(node, None) for name, node in fragments.items()}
        # Only the conditions are ever read from these while fields are collected.
        self._variables = variables
        self._fields: dict[tuple[str, Position], Fields] = {}
        self._selections: dict[tuple[str, Position], Complete] = {}
        self._rows: dict[tuple[str, Position], Rows | None] = {}
        self._item_positions: dict[Position, Position] = {}
        self._items: dict[Position, tuple[Complete, Complete]] = {}
        self.roots = self._roots()

    def selection(self, type_: GraphQLObjectType, position: Position) -> Complete:
        """Give the function that makes an object of this type at this position."""
        key = (type_.name, position)
        if key not in self._selections:
            self._selections[key] = self._compiled(self.fields_of(type_, position))
        return self._selections[key]

    def rows(self, type_: GraphQLObjectType, position: Position) -> Rows | None:
        """Give how many objects of this type are made at this position; None when one by one."""
        key = (type_.name, position)
        if key not in self._rows:
            self._rows[key] = rows_of(self, type_, position)
        return self._rows[key]

    def fields_of(self, type_: GraphQLObjectType, position: Position) -> Fields:
        """Give the fields of an object of this type at this position."""
        key = (type_.name, position)
        if key not in self._fields:
            details: list[FieldDetails] = [FieldDetails(node, None) for node in position.nodes]
            collected = collect_subfields(
                self.schema, self._details, self._variables, self.operation, type_, details, hide_suggestions=False
            )
            self._fields[key] = self._positions(type_, self._checked(collected), position)
        return self._fields[key]

    def item(self, position: Position, type_: GraphQLList[Any]) -> Position:
        """Give the position of the items of the list at this position."""
        if position not in self._item_positions:
            self._item_positions[position] = position.item(type_.of_type)
        return self._item_positions[position]

    def items(self, position: Position, type_: Any) -> tuple[Complete, Complete]:
        """Give the functions that complete the items of the list at this position: at hand, or asynchronous."""
        if position not in self._items:
            self._items[position] = items_completers(self, position, type_)
        return self._items[position]

    def own_class(self, type_: Any) -> type | None:
        """Give the class whose instances are of this object type without further questions, or None."""
        definition = definition_of(type_) if is_object_type(type_) else None
        if definition is None or definition.is_type_of is not None:
            return None
        if definition.concrete_of is not None and type_.is_type_of is not None:
            return None
        own: type = (definition.concrete_of or definition).origin
        return None if issubclass(own, BaseException) or hasattr(own, "__await__") else own

    def _roots(self) -> list[Root]:
        operation = self.operation
        root_type = self.schema.get_root_type(operation.operation)
        if root_type is None or operation.operation is OperationType.SUBSCRIPTION or operation.directives:
            raise NotCompiled
        if any(fragment.variable_definitions for fragment in self.fragments.values()):
            raise NotCompiled
        fields = self._checked(collect_fields(self.schema, self._details, self._variables, root_type, operation))
        if operation.operation is OperationType.QUERY:
            return [self._compiled(self._positions(root_type, fields, None))]
        return [self._compiled(self._positions(root_type, {key: nodes}, None)) for key, nodes in fields.items()]

    def _checked(self, collected: CollectedFields) -> dict[str, list[FieldNode]]:
        if collected.new_defer_usages:
            raise NotCompiled
        fields = {key: [found.node for found in details] for key, details in collected.grouped_field_set.items()}
        self.fields += len(fields)
        if self.fields > MOST_FIELDS:
            raise NotCompiled
        return fields

    def _positions(
        self, type_: GraphQLObjectType, fields: dict[str, list[FieldNode]], above: Position | None
    ) -> Fields:
        found: Fields = []
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                found.append((key, type_.name))
                continue
            if name.startswith("__"):
                raise NotCompiled
            definition = self.schema.get_field(type_, name)
            if definition is None:
                continue
            position = Position(
                number=next(self._numbers),
                above=above,
                key=key,
                type_=definition.type,
                parent_type=type_,
                definition=definition,
                nodes=nodes,
            )
            found.append((key, position))
        return found

    def _compiled(self, fields: Fields) -> Callable[..., Any]:
        selection = Selection(self)
        for key, field in fields:
            if isinstance(field, str):
                selection.typename(key, field)
            else:
                selection.field(key, field, call_of(field, self.converter))
        return selection.function()


def conditions(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> tuple[str, ...]:
    """Give the names of the variables that decide which fields there are."""
    found: set[str] = set()
    for node in (operation, *fragments.values()):
        found |= {name for directive in _directives(node) for name in _variables(directive)}
    return tuple(sorted(found))


def _directives(node: Node) -> Iterator[Any]:
    waiting: list[Any] = [getattr(node, "selection_set", None)]
    while waiting:
        selection_set = waiting.pop()
        for selection in selection_set.selections if selection_set else ():
            yield from (found for found in selection.directives or () if found.name.value in _CONDITIONS)
            waiting.append(getattr(selection, "selection_set", None))


def _variables(directive: Any) -> Iterator[str]:
    for argument in directive.arguments or ():
        if isinstance(argument.value, VariableNode):
            yield argument.value.name.value
