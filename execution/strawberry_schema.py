"""A Strawberry schema that executes compiled plans."""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.types.execution import ExecutionContext, PreExecutionError

from bulksend.execution.executor import execute


class CompiledSchema(strawberry.Schema):
    """Strawberry's schema with `execute` in the place of graphql-core's executor.

    A plan belongs to a document object, so the schema needs Strawberry's `ParserCache` extension, or an override of
    `prepare` that returns the same document for the same text.
    """

    @property
    def core(self) -> GraphQLSchema:
        """The graphql-core schema."""
        return self._schema

    def executor(self) -> Callable[..., Any]:
        """Return the function that executes operations, with graphql-core's parameters."""
        return execute

    async def prepare(self, context: ExecutionContext) -> list[GraphQLError] | None:
        """Parse and validate the query, put the document into the context, and return the errors.

        None leaves both to Strawberry, which does it for every request.
        """
        return None

    def _get_execute_function(self) -> Callable[..., Any]:
        return self.executor()

    def _get_custom_context_kwargs(
        self, operation_extensions: dict[str, Any] | None = None, *, sync: bool = False
    ) -> dict[str, Any]:
        # For `execute_sync` Strawberry would add an option that hands the execution to graphql-core.
        return {"operation_extensions": operation_extensions}

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        # Extensions' hooks are no place for this: an error raised in one ends a stream without being processed.
        errors = await self.prepare(context)
        if errors is None:
            return await super()._prepare_operation_async(context, extensions_runner)
        if not errors:
            return None
        context.pre_execution_errors = errors
        return PreExecutionError(data=None, errors=errors)
