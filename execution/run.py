"""One execution of a plan: what it knows, what went wrong, and what is still awaited."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import ExecutionResult, GraphQLError, located_error
from graphql.execution.values import VariableValues

from bulksend.execution.field_plan import Indices, Position

if TYPE_CHECKING:
    from bulksend.execution.plan import Plan

Complete: TypeAlias = "Callable[[Any, Run, Indices], Any]"


class Pending:
    """A value that is awaited, and the place where it is to stand.

    `container` is None until the object or list around it is made. Should something fail before that, it stays so.
    """

    __slots__ = ("awaitable", "complete", "container", "indices", "key", "position")

    def __init__(
        self, awaitable: Awaitable[Any], complete: Complete, position: Position, indices: Indices, run: "Run"
    ) -> None:
        self.awaitable = awaitable
        self.complete = complete
        self.position = position
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
        plan: "Plan",
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
        self.arguments: dict[int, dict[str, Any]] = {}
        self.pending: list[Pending] = []
        self.errors: list[GraphQLError] = []
        self.nulled: set[tuple[str | int, ...]] = set()
        self.data: dict[str, Any] | None = None

    def locate(self, error: Exception, position: Position, indices: Indices) -> GraphQLError:
        """Give the error with its place, if it has none yet."""
        return located_error(error, position.nodes, position.path(indices))

    def fail(self, error: Exception, position: Position, indices: Indices) -> None:
        """Note an error whose place may be null, and give that null."""
        path = position.path(indices)
        self.add(located_error(error, position.nodes, path), tuple(path))

    def add(self, error: GraphQLError, place: tuple[str | int, ...]) -> bool:
        """Note an error that makes `place` null; False when that is within something that is null already."""
        if self.is_nulled(place):
            return False
        self.nulled.add(place)
        self.errors.append(error)
        return True

    def is_nulled(self, place: tuple[str | int, ...]) -> bool:
        """Whether an error made this place, or one around it, null."""
        return bool(self.nulled) and any(place[:length] in self.nulled for length in range(len(place) + 1))

    def put_null(self, place: tuple[str | int, ...]) -> None:
        """Make a place null that has a value already."""
        if not place:
            self.data = None
            return
        container: Any = self.data
        for key in place[:-1]:
            container = container[key]
        container[place[-1]] = None

    def result(self) -> ExecutionResult:
        """Give what the execution came to."""
        return ExecutionResult(self.data, self.errors or None)
