"""A plan: one operation of one document, compiled.

The fields of an operation depend on its document and on the variables in its `@skip`s and `@include`s alone. So there
is one plan for each combination of these variables (`condition_variables`), and graphql-core's own functions collect
its fields.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

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

from bulksend.execution.field_plan import FieldPlan
from bulksend.execution.generated_code import function_from_source
from bulksend.execution.list_completion import item_completers
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
from bulksend.execution.run import Complete, Fields
from bulksend.execution.selection import Selection

MAXIMUM_FIELDS: Final = 10_000
_CONDITIONS: Final = ("skip", "include")


class NotCompiled(Exception):
    """This operation is executed by graphql-core."""


class Plan:
    """The functions that execute one operation.

    `roots`: one function for all root fields, or for a mutation one for each. `field_count`: how many fields it has.
    `sources`: the generated functions. Raise `NotCompiled` for introspection, subscriptions, directives on the
    operation, fragment variables, and more than 10,000 fields.
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
        self.field_count = 0
        self.sources: list[str] = []
        self._details = {name: FragmentDetails(node, None) for name, node in fragments.items()}
        # Collecting fields reads the variables of conditions alone.
        self._variables = variables
        self._fields: dict[tuple[str, FieldPlan], Fields] = {}
        self._objects: dict[tuple[str, FieldPlan], Complete] = {}
        self._items: dict[FieldPlan, tuple[Complete, Complete]] = {}
        self.roots = self._roots()

    def object_function(self, type_: GraphQLObjectType, field: FieldPlan) -> Complete:
        """Return the function that completes objects of this type at this field."""
        key = (type_.name, field)
        if key not in self._objects:
            self._objects[key] = self._compiled(self.fields_of(type_, field))
        return self._objects[key]

    def item_functions(self, field: FieldPlan, type_: GraphQLList[Any]) -> tuple[Complete, Complete]:
        """Return the functions that complete the items of a list, and of an asynchronous iterable."""
        if field not in self._items:
            self._items[field] = item_completers(self, field.item(type_.of_type), type_)
        return self._items[field]

    def fields_of(self, type_: GraphQLObjectType, field: FieldPlan) -> Fields:
        """Return the fields selected of an object of this type at this field."""
        key = (type_.name, field)
        if key not in self._fields:
            details: list[FieldDetails] = [FieldDetails(node, None) for node in field.nodes]
            collected = collect_subfields(
                self.schema, self._details, self._variables, self.operation, type_, details, hide_suggestions=False
            )
            self._fields[key] = self._planned(type_, self._checked(collected), field)
        return self._fields[key]

    def python_class(self, type_: Any) -> type | None:
        """Return the class whose direct instances are known to be of this object type, if there is one."""
        definition = definition_of(type_) if is_object_type(type_) else None
        if definition is None or definition.is_type_of is not None:
            return None
        if definition.concrete_of is not None and type_.is_type_of is not None:
            return None
        own: type = (definition.concrete_of or definition).origin
        return None if issubclass(own, BaseException) or hasattr(own, "__await__") else own

    def compile(self, source: str, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
        """Return the function `name` that `source` defines."""
        self.sources.append(source)
        return function_from_source(source, name, namespace)

    def _roots(self) -> list[Callable[..., Any]]:
        operation = self.operation
        root_type = self.schema.get_root_type(operation.operation)
        if root_type is None or operation.operation is OperationType.SUBSCRIPTION or operation.directives:
            raise NotCompiled
        if any(fragment.variable_definitions for fragment in self.fragments.values()):
            raise NotCompiled
        fields = self._checked(collect_fields(self.schema, self._details, self._variables, root_type, operation))
        if operation.operation is OperationType.QUERY:
            return [self._compiled(self._planned(root_type, fields, None))]
        return [self._compiled(self._planned(root_type, {key: nodes}, None)) for key, nodes in fields.items()]

    def _checked(self, collected: CollectedFields) -> dict[str, list[FieldNode]]:
        if collected.new_defer_usages:
            raise NotCompiled
        fields = {key: [found.node for found in details] for key, details in collected.grouped_field_set.items()}
        self.field_count += len(fields)
        if self.field_count > MAXIMUM_FIELDS:
            raise NotCompiled
        return fields

    def _planned(
        self, type_: GraphQLObjectType, fields: dict[str, list[FieldNode]], parent: FieldPlan | None
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
            if definition is not None:
                field = FieldPlan(
                    parent=parent,
                    key=key,
                    type_=definition.type,
                    parent_type=type_,
                    definition=definition,
                    nodes=nodes,
                )
                found.append((key, field))
        return found

    def _compiled(self, fields: Fields) -> Callable[..., Any]:
        selection = Selection(self)
        for key, field in fields:
            if isinstance(field, str):
                selection.typename(key, field)
            else:
                selection.field(key, field)
        return selection.function()


def condition_variables(
    operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
) -> tuple[str, ...]:
    """Return the names of the variables that decide which fields there are."""
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
