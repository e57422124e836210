"""The state of one execution: its inputs, its errors, and the values it still awaits."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    located_error,
)
from graphql.execution.values import VariableValues

from bulksend.execution.field_plan import FieldPlan, Indices, Place
from bulksend.execution.private_apis import GraphQLCoreConverter

# Response keys with their fields; for `__typename` the name of the type.
Fields: TypeAlias = "list[tuple[str, FieldPlan | str]]"
Complete: TypeAlias = "Callable[[Any, Run, Indices], Any]"


class PlanInterface(Protocol):
    """The parts of a plan that completers and resolvers use."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    converter: GraphQLCoreConverter | None

    def object_function(self, type_: GraphQLObjectType, field: FieldPlan) -> Complete:
        """Return the function that completes objects of this type at this field."""

    def item_functions(self, field: FieldPlan, type_: GraphQLList[Any]) -> tuple[Complete, Complete]:
        """Return the functions that complete the items of a list, and of an asynchronous iterable."""

    def fields_of(self, type_: GraphQLObjectType, field: FieldPlan) -> Fields:
        """Return the fields selected of an object of this type at this field."""

    def python_class(self, type_: Any) -> type | None:
        """Return the class whose direct instances are known to be of this object type, if there is one."""

    def compile(self, source: str, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
        """Return the function `name` that `source` defines."""


class Pending:
    """An awaited value and its place in the response.

    `container` is None until the enclosing object or list exists; it stays None if that fails first.
    """

    __slots__ = ("awaitable", "complete", "container", "field", "indices", "key")

    def __init__(
        self, awaitable: Awaitable[Any], complete: Complete, field: FieldPlan, indices: Indices, run: "Run"
    ) -> None:
        self.awaitable = awaitable
        self.complete = complete
        self.field = field
        self.indices = indices
        self.container: Any = None
        self.key: Any = None
        run.pending.append(self)


class Run:
    """The state of one execution."""

    __slots__ = (
        "arguments",
        "context",
        "data",
        "errors",
        "hide_suggestions",
        "nulled",
        "operation_extensions",
        "pending",
        "plan",
        "root",
        "variables",
    )

    def __init__(
        self,
        plan: PlanInterface,
        *,
        context: Any,
        root: Any,
        variables: VariableValues,
        hide_suggestions: bool = False,
        operation_extensions: Any = None,
    ) -> None:
        self.plan = plan
        self.context = context
        self.root = root
        self.variables = variables
        self.hide_suggestions = hide_suggestions
        self.operation_extensions = operation_extensions
        self.arguments: dict[FieldPlan, dict[str, Any]] = {}
        self.pending: list[Pending] = []
        self.errors: list[GraphQLError] = []
        self.nulled: set[Place] = set()
        self.data: dict[str, Any] | None = None

    def locate(self, error: Exception, field: FieldPlan, indices: Indices) -> GraphQLError:
        """Return the error with nodes and path, unless it has them already."""
        return located_error(error, field.nodes, field.path(indices))

    def fail(self, error: Exception, field: FieldPlan, indices: Indices) -> None:
        """Record the error of a nullable field and return None, the field's value."""
        path = field.path(indices)
        self.add(located_error(error, field.nodes, path), tuple(path))

    def add(self, error: GraphQLError, place: Place) -> bool:
        """Record an error that makes `place` null; return False if a place around it is null already."""
        if self.is_nulled(place):
            return False
        self.nulled.add(place)
        self.errors.append(error)
        return True

    def is_nulled(self, place: Place) -> bool:
        """Return whether an error made this place, or one around it, null."""
        return bool(self.nulled) and any(place[:length] in self.nulled for length in range(len(place) + 1))

    def put_null(self, place: Place) -> None:
        """Replace the value at a place by null."""
        if not place:
            self.data = None
            return
        container: Any = self.data
        for key in place[:-1]:
            container = container[key]
        container[place[-1]] = None

    def result(self) -> ExecutionResult:
        """Return the result of the execution."""
        return ExecutionResult(self.data, self.errors or None)
