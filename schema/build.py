"""The schema, put together."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import DomainError, Unauthenticated
from bulksend.schema.cost import Prices
from bulksend.schema.errors import CallerErrors
from bulksend.schema.execution import execute
from bulksend.schema.federation import (
    REPRESENTATION,
    Entities,
    Representation,
    Subgraph,
    asks_the_subgraph,
    subgraph_sdl,
)
from bulksend.schema.limits import Limits, check_variables, too_complex
from bulksend.schema.mutation import Mutation
from bulksend.schema.operations import choose, reads_data
from bulksend.schema.prepared import PreparedDocuments
from bulksend.schema.query import Query
from bulksend.schema.scalars import DATE_TIME
from bulksend.schema.subscription import Subscription
from bulksend.schema.viewer import ApiKey, Organization


class Schema(strawberry.Schema):
    """Strawberry's schema, which executes only what is within the limits and allowed to who asks."""

    def __init__(self, *, limits: Limits, introspection: bool, suggestions: bool, **parts: Any) -> None:
        super().__init__(**parts)
        self._limits = limits
        self._documents = PreparedDocuments(self._schema, limits, introspection=introspection, suggestions=suggestions)
        self._prices = Prices(self._schema)

    def _get_execute_function(self) -> Callable[..., Any]:
        return execute

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing: errors are logged where they are presented, and not a second time."""

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        """Take the place of Strawberry's step, which parses and validates on the event loop, anew each time.

        Its hooks for extensions cannot: an error raised in one ends a stream without having been presented.
        """
        try:
            errors = await self._refusals(context)
        except GraphQLError as error:
            errors = [error]
        except DomainError as error:
            errors = [GraphQLError(error.message, original_error=error)]
        if not errors:
            return None
        context.pre_execution_errors = errors
        return PreExecutionError(data=None, errors=errors)

    async def _refusals(self, context: ExecutionContext) -> list[GraphQLError]:
        prepared = await self._documents.prepare(context.query or "")
        document = context.graphql_document = prepared.document
        if document is None or prepared.errors:
            return list(prepared.errors)
        operation = choose(document, context._provided_operation_name)
        kind = OperationType(operation.operation.value)
        if kind not in context.allowed_operations:
            raise InvalidOperationTypeError(kind)
        is_about_data = reads_data(operation, document)
        if is_about_data and _viewer_is_nobody(context.context):
            raise Unauthenticated
        if too_large := check_variables(context.variables, self._limits):
            return [too_large]
        cost = self._prices.cost(document, operation, context.variables)
        context.extensions_results["cost"] = {"requested": cost, "maximum": self._limits.cost}
        if cost > self._limits.cost:
            return [too_complex("cost", self._limits.cost, cost)]
        if not is_about_data:
            context.result = await self._documents.answer(document, operation, context.variables)
        return []


class SubgraphSchema(Schema):
    """The schema for federation routers: all of the public one, and the finding of entities."""

    def as_str(self) -> str:
        """Give the SDL with what composition needs to know."""
        return subgraph_sdl(super().as_str())


class PublicSchema(Schema):
    """The schema that everybody sees; what a router asks is executed by the other one."""

    def __init__(self, *, subgraph: Schema, **parts: Any) -> None:
        super().__init__(**parts)
        self.subgraph = subgraph

    async def execute(self, query: str | None, *given: Any, **named: Any) -> ExecutionResult:
        """Execute a query or a mutation."""
        if asks_the_subgraph(query):
            return await self.subgraph.execute(query, *given, **named)
        return await super().execute(query, *given, **named)


def build_schema(*, limits: Limits | None = None, introspection: bool = True, suggestions: bool = True) -> PublicSchema:
    """Build the schema once a process. `suggestions`: whether errors say "Did you mean …?"."""
    parts: dict[str, Any] = {
        "limits": limits or Limits(),
        "introspection": introspection,
        "suggestions": suggestions,
        "mutation": Mutation,
        "subscription": Subscription,
        "types": [Organization, ApiKey],
        "extensions": [CallerErrors],
        "config": StrawberryConfig(scalar_map={datetime: DATE_TIME, Representation: REPRESENTATION}),
    }
    subgraph = SubgraphSchema(query=Subgraph if introspection else Entities, **parts)
    return PublicSchema(query=Query, subgraph=subgraph, **parts)


def _viewer_is_nobody(context: object) -> bool:
    return isinstance(context, Context) and context.viewer is None
