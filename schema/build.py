"""The schema, put together."""

from collections.abc import Awaitable, Coroutine, Hashable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

from graphql import DocumentNode, GraphQLError
from graphql import ExecutionResult as GraphQLExecutionResult
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import ExecutionContext, ExecutionResult, ParseOptions, PreExecutionError
from strawberry.types.graphql import OperationType

from bulksend.execution import CompiledSchema, exclude
from bulksend.execution import execute as compiled_execute
from bulksend.execution.private_apis import operation_name_of
from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import DomainError, Unauthenticated
from bulksend.schema.description import DESCRIPTION, with_description
from bulksend.schema.federation import (
    REPRESENTATION,
    Entities,
    Representation,
    Subgraph,
    asks_the_subgraph,
    subgraph_sdl,
)
from bulksend.schema.mutation import Mutation
from bulksend.schema.operations.cache import ANONYMOUS, Prepared, PreparedDocuments
from bulksend.schema.operations.cost import Prices
from bulksend.schema.operations.errors import CallerErrors, present
from bulksend.schema.operations.limits import Limits, check_variables, too_complex
from bulksend.schema.operations.literals import relocated
from bulksend.schema.operations.operation import Operation
from bulksend.schema.operations.shadow_execution import Executor, Executors, checked
from bulksend.schema.query import Query
from bulksend.schema.subscription import Subscription
from bulksend.schema.types.scalars import DATE_TIME
from bulksend.schema.types.viewer import ApiKey, Organization

_OWN_EXTENSIONS: Final = (CallerErrors,)
_ANY_KIND: Final = frozenset(OperationType)
_NO_OPTIONS: Final = ParseOptions()


class Schema(CompiledSchema):
    """Strawberry's schema, which executes only what is within the limits and allowed to who asks."""

    def __init__(
        self, *, limits: Limits, introspection: bool, suggestions: bool, executors: Executors, **parts: Any
    ) -> None:
        super().__init__(**parts)
        self.core.description = DESCRIPTION
        self._limits = limits
        self._documents = PreparedDocuments(self.core, limits, introspection=introspection, suggestions=suggestions)
        self._prices = Prices(self.core)
        self._executors = executors

    def executor(self) -> Executor:
        """Return what executes: compiled, or graphql-core."""
        return self._executors.execute

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Log nothing: errors are logged where they are presented, and not a second time."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Execute a query or a mutation. With only our own extension there is no need to run any around it.

        Raise Strawberry's `InvalidOperationTypeError` for an operation of a kind that is not allowed.
        """
        kinds = allowed_operation_types or _ANY_KIND
        if self.extensions != _OWN_EXTENSIONS:
            return await super().execute(
                query, variable_values, context_value, root_value, operation_name, kinds, operation_extensions
            )
        context = ExecutionContext(
            query=query,
            schema=self,
            allowed_operations=kinds,
            context=context_value,
            variables=variable_values,
            root_value=root_value,
            provided_operation_name=operation_name,
            operation_extensions=operation_extensions,
            # Ours are in `prepared`; Strawberry would list its own anew for each request.
            parse_options=_NO_OPTIONS,
            validation_rules=(),
        )
        errors = await self.prepare(context)
        result = present(PreExecutionError(None, errors) if errors else await self._executed(context), context_value)
        told = [relocated(error, query or "") for error in result.errors] if result.errors else result.errors
        return type(result)(data=result.data, errors=told, extensions=context.extensions_results)

    async def _executed(self, context: ExecutionContext) -> ExecutionResult:
        if context.result is not None:
            return cast(ExecutionResult, context.result)
        try:
            if self._is_check_due(context):
                document = cast(DocumentNode, context.graphql_document)
                stop = partial(exclude, self.core, document, operation_name_of(context))
                result = await checked(partial(self._run, context), context.context, context.query or "", stop)
            else:
                run = self._run(context, self._executors.execute, context.context)
                result = run if isinstance(run, GraphQLExecutionResult) else await run
        except Exception as error:
            told = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
            return PreExecutionError(None, [told])
        return ExecutionResult(data=result.data, errors=result.errors)

    def _run(
        self, context: ExecutionContext, execute: Executor, context_value: Any
    ) -> GraphQLExecutionResult | Awaitable[GraphQLExecutionResult]:
        elsewhere: dict[str, Any] = {}
        if execute is compiled_execute:
            elsewhere["compile_in"] = partial(self._documents.run, _tenant(context_value))
        return execute(
            self.core,
            context.graphql_document,
            context.root_value,
            context_value,
            context.variables,
            operation_name_of(context),
            executor_class=self.execution_context_class,
            operation_extensions=context.operation_extensions,
            **elsewhere,
        )

    def _is_check_due(self, context: ExecutionContext) -> bool:
        if self._executors.check == 0 or context.operation_type is not OperationType.QUERY:
            return False
        return self._executors.is_check_due()

    async def prepare(self, context: ExecutionContext) -> list[GraphQLError]:
        """Return why this operation is not executed at all; nothing is wrong with it when that is nothing."""
        try:
            return await self._refusals(context)
        except GraphQLError as error:
            return [error]
        except DomainError as error:
            return [GraphQLError(error.message, original_error=error)]

    async def _refusals(self, context: ExecutionContext) -> list[GraphQLError]:
        prepared = await self._prepared(context)
        document = context.graphql_document = prepared.document
        if document is None or prepared.errors:
            return list(prepared.errors)
        operation = self._operation(prepared, document, operation_name_of(context))
        if operation.kind not in context.allowed_operations:
            raise InvalidOperationTypeError(operation.kind)
        if operation.reads_data and _viewer_is_nobody(context.context):
            raise Unauthenticated
        if too_large := check_variables(context.variables, self._limits):
            return [too_large]
        if prepared.literals:
            context.variables = {**(context.variables or {}), **prepared.literals}
        cost = operation.cost.cost(context.variables)
        context.extensions_results["cost"] = {"requested": cost, "maximum": self._limits.cost}
        if isinstance(context.context, Context):
            context.context.cost = cost
        if cost > self._limits.cost:
            return [too_complex("cost", self._limits.cost, cost)]
        if not operation.reads_data:
            tenant = _tenant(context.context)
            context.result = await self._documents.answer(prepared, operation, context.variables, tenant)
        return []

    def _prepared(self, context: ExecutionContext) -> Awaitable[Prepared]:
        if _viewer_is_nobody(context.context):
            return self._documents.prepare_anonymous(context.query or "")
        return self._documents.prepare(context.query or "", _tenant(context.context))

    def _operation(self, prepared: Prepared, document: DocumentNode, name: str | None) -> Operation:
        known = prepared.operations.get(name)
        if known is None:
            known = prepared.operations[name] = Operation.of(document, name, self._prices)
        return known


class SubgraphSchema(Schema):
    """The schema for federation routers: all of the public one, and the finding of entities."""

    def as_str(self) -> str:
        """Return the SDL with what composition needs to know."""
        return subgraph_sdl(super().as_str())


class PublicSchema(Schema):
    """The schema that everybody sees; what a router asks is executed by the other one."""

    def __init__(self, *, subgraph: Schema, **parts: Any) -> None:
        super().__init__(**parts)
        self.subgraph = subgraph

    def as_str(self) -> str:
        """Return the SDL."""
        return with_description(super().as_str())

    def execute(self, query: str | None, *given: Any, **named: Any) -> Coroutine[Any, Any, ExecutionResult]:
        """Execute a query or a mutation."""
        if asks_the_subgraph(query):
            return self.subgraph.execute(query, *given, **named)
        return super().execute(query, *given, **named)


def build_schema(
    *,
    limits: Limits | None = None,
    introspection: bool = True,
    suggestions: bool = True,
    executors: Executors | None = None,
) -> PublicSchema:
    """Build the schema once a process. `suggestions`: whether errors say "Did you mean …?"."""
    parts: dict[str, Any] = {
        "limits": limits or Limits(),
        "introspection": introspection,
        "suggestions": suggestions,
        "executors": executors or Executors(),
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


def _tenant(context: object) -> Hashable:
    """Return whose operation this is, for taking turns; outside of a request there is only one."""
    if not isinstance(context, Context):
        return "here"
    return context.viewer.organization_id if context.viewer else ANONYMOUS
