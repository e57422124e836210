"""What resolvers are told: graphql-core's `GraphQLResolveInfo`, made up only as far as it is read."""

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

from bulksend.execution.background import settle
from bulksend.execution.field_plan import Indices, Position
from bulksend.execution.run import Run


class ResolveInfo:
    """Has the attributes of graphql-core's, and of Strawberry's, under their names.

    `notes`: a place for what a resolver learns about the operation; it lives as long as the plan does.
    """

    __slots__ = ("_indices", "_position", "_run")

    abort_signal = None
    is_awaitable = staticmethod(is_awaitable)
    async_helpers = GraphQLResolveInfoHelpers(
        gather=lambda awaitables: gather_with_cancel(*awaitables),
        track=lambda values: settle([value for value in values if is_awaitable(value)]),
    )

    def __init__(self, run: Run, position: Position, indices: Indices) -> None:
        self._run = run
        self._position = position
        self._indices = indices

    @property
    def field_name(self) -> str:
        """The name of the field, whatever its alias."""
        return self._position.nodes[0].name.value

    @property
    def field_nodes(self) -> list[FieldNode]:
        """Where the operation asks for it."""
        return self._position.nodes

    @property
    def return_type(self) -> GraphQLOutputType:
        """The field's type."""
        return self._position.definition.type

    @property
    def parent_type(self) -> GraphQLObjectType:
        """The object type whose field it is."""
        return self._position.parent_type

    @property
    def path(self) -> Path:
        """Where in the response it stands."""
        return self._position.linked_path(self._indices)

    @property
    def schema(self) -> GraphQLSchema:
        """The schema."""
        return self._run.plan.schema

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments by their names."""
        return self._run.plan.fragments

    @property
    def root_value(self) -> Any:
        """What the root fields are resolved on."""
        return self._run.root

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation."""
        return self._run.plan.operation

    @property
    def variable_values(self) -> Any:
        """The coerced variables: plain under Strawberry, with their sources under graphql-core."""
        variables = self._run.variables
        return variables.coerced if self._run.plan.is_strawberry else variables

    @property
    def context(self) -> Any:
        """What the caller of `execute` handed over."""
        return self._run.context

    @property
    def operation_extensions(self) -> Any:
        """The request's `extensions`."""
        return self._run.operation_extensions

    @property
    def notes(self) -> dict[str, Any]:
        """What a resolver of this very field noted about the operation."""
        return self._position.notes


def info_of(run: Run, position: Position, indices: Indices) -> Any:
    """Give what a resolver that is called as graphql-core calls it is told."""
    info = ResolveInfo(run, position, indices)
    if run.plan.is_strawberry:
        return info
    return GraphQLResolveInfo(*[getattr(info, name) for name in GraphQLResolveInfo._fields])
