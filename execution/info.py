"""The `info` argument of resolvers: graphql-core's `GraphQLResolveInfo`, computed only as far as it is read."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.pyutils import Path, gather_with_cancel, is_awaitable

from bulksend.execution.awaiting import finish_in_background
from bulksend.execution.field_plan import FieldPlan, Indices
from bulksend.execution.run import Run


class ResolveInfo:
    """The attributes of graphql-core's resolve info and of Strawberry's, under their names.

    `memo`: a dict for what a resolver derives from the operation alone; it lives as long as the plan.
    """

    __slots__ = ("_field", "_indices", "_run")

    abort_signal = None
    is_awaitable = staticmethod(is_awaitable)
    async_helpers = GraphQLResolveInfoHelpers(
        gather=lambda awaitables: gather_with_cancel(*awaitables),
        track=lambda values: finish_in_background([value for value in values if is_awaitable(value)]),
    )

    def __init__(self, run: Run, field: FieldPlan, indices: Indices) -> None:
        self._run = run
        self._field = field
        self._indices = indices

    @property
    def field_name(self) -> str:
        """The field's name in the schema."""
        return self._field.nodes[0].name.value

    @property
    def field_nodes(self) -> list[FieldNode]:
        """The places in the document that select the field."""
        return self._field.nodes

    @property
    def return_type(self) -> GraphQLOutputType:
        """The field's type."""
        return self._field.definition.type

    @property
    def parent_type(self) -> GraphQLObjectType:
        """The object type that has the field."""
        return self._field.parent_type

    @property
    def path(self) -> Path:
        """The field's path in the response."""
        return self._field.linked_path(self._indices)

    @property
    def schema(self) -> GraphQLSchema:
        """The schema."""
        return self._run.plan.schema

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments by name."""
        return self._run.plan.fragments

    @property
    def root_value(self) -> Any:
        """The object that root fields are resolved on."""
        return self._run.root

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation."""
        return self._run.plan.operation

    @property
    def variable_values(self) -> Any:
        """The coerced variables: a plain dict under Strawberry, with their sources under graphql-core."""
        variables = self._run.variables
        return variables.coerced if self._run.plan.converter else variables

    @property
    def context(self) -> Any:
        """The `context_value` of this execution."""
        return self._run.context

    @property
    def operation_extensions(self) -> Any:
        """The request's `extensions`."""
        return self._run.operation_extensions

    @property
    def memo(self) -> dict[str, Any]:
        """A dict that belongs to this field of the plan."""
        return self._field.memo


def info_of(run: Run, field: FieldPlan, indices: Indices) -> Any:
    """Return the `info` for a resolver that is called the way graphql-core calls it."""
    info = ResolveInfo(run, field, indices)
    if run.plan.converter:
        return info
    return GraphQLResolveInfo(*[getattr(info, name) for name in GraphQLResolveInfo._fields])
