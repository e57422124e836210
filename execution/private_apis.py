"""What is used of Strawberry and graphql-core that they do not call public, all of it here.

`tests/schema/test_borrowed.py` fails when an upgrade moves any of it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

import strawberry
from graphql import FieldNode, GraphQLAbstractType, GraphQLError, GraphQLObjectType, GraphQLSchema
from graphql.execution import Executor
from graphql.execution.collect_fields import CollectedFields, FieldDetails, FragmentDetails
from graphql.execution.collect_fields import collect_fields as collect_fields
from graphql.execution.collect_fields import collect_subfields as collect_subfields
from graphql.execution.executor import default_field_resolver as default_field_resolver
from graphql.execution.executor import default_type_resolver as default_type_resolver
from graphql.execution.get_variable_signature import GraphQLVariableSignature as GraphQLVariableSignature
from graphql.execution.get_variable_signature import get_variable_signature as get_variable_signature
from graphql.execution.values import VariableValues as VariableValues
from graphql.execution.values import VariableValueSource as VariableValueSource
from graphql.execution.values import get_variable_values as get_variable_values
from graphql.utilities.coerce_input_value import coerce_default_value as coerce_default_value
from strawberry import Info
from strawberry.execution import optimized_is_awaitable as optimized_is_awaitable
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StrawberryExecutor
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext, PreExecutionError
from strawberry.types.field import StrawberryField

__all__ = [
    "CollectedFields",
    "FieldDetails",
    "FragmentDetails",
    "GraphQLCoreConverter",
    "GraphQLVariableSignature",
    "OpenSchema",
    "StrawberryExecutor",
    "VariableValueSource",
    "VariableValues",
    "coerce_default_value",
    "collect_fields",
    "collect_subfields",
    "converter_of",
    "default_field_resolver",
    "default_type_resolver",
    "definition_of",
    "function_of",
    "get_variable_signature",
    "get_variable_values",
    "handles_exceptions",
    "info_class_of",
    "operation_name_of",
    "optimized_is_awaitable",
    "raw_info_of",
    "runtime_type",
]

_DEFINITION: Final = GraphQLCoreConverter.DEFINITION_BACKREF


def runtime_type(
    schema: GraphQLSchema, name: Any, type_: GraphQLAbstractType, nodes: Sequence[FieldNode], info: Any, value: Any
) -> GraphQLObjectType:
    """Give the object type of this name. Raises graphql-core's `GraphQLError` if it is none of the abstract type's."""
    executor: Any = SimpleNamespace(schema=schema)
    details = [FieldDetails(node, None) for node in nodes]
    return Executor.ensure_valid_runtime_type(executor, name, type_, details, info, value)


def converter_of(schema: GraphQLSchema) -> GraphQLCoreConverter | None:
    """Give what made this schema of Strawberry's types, or None."""
    strawberry_schema = getattr(schema, "_strawberry_schema", None)
    return None if strawberry_schema is None else strawberry_schema.schema_converter


def definition_of(made: Any) -> Any:
    """Give Strawberry's definition of a type or a field of graphql-core's, or None."""
    extensions: Mapping[str, Any] = made.extensions or {}
    found = extensions.get(_DEFINITION)
    return found if isinstance(found, StrawberryObjectDefinition | StrawberryField) else None


def function_of(field: StrawberryField) -> Any:
    """Give the function that resolves this field, as Strawberry calls it."""
    resolver = field.base_resolver
    return resolver.wrapped_func if resolver is not None else None


def handles_exceptions(converter: GraphQLCoreConverter, field: StrawberryField) -> bool:
    """Whether a schema-wide handler may turn this field's exceptions into values."""
    return bool(converter._get_field_exception_handlers(field))


def info_class_of(converter: GraphQLCoreConverter) -> Any:
    """Give the class of what Strawberry's resolvers are told."""
    return converter.config.info_class


def raw_info_of(info: Info[Any, Any]) -> Any:
    """Give graphql-core's info within Strawberry's, or ours in its place."""
    return info._raw_info


def operation_name_of(context: ExecutionContext) -> str | None:
    """Give the name of the operation that was asked for."""
    return context._provided_operation_name


class OpenSchema(strawberry.Schema):
    """Strawberry's schema, with names for the steps that ours takes in its place."""

    @property
    def core(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self._schema

    def executor(self) -> Callable[..., Any]:
        """Give the function that executes, with graphql-core's parameters."""
        raise NotImplementedError

    async def refusals(self, context: ExecutionContext) -> list[GraphQLError]:
        """Parse and validate, and give what is wrong; put the document into the context."""
        raise NotImplementedError

    def _get_execute_function(self) -> Callable[..., Any]:
        return self.executor()

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        """Take the place of Strawberry's step, which parses and validates on the event loop, anew each time.

        Its hooks for extensions cannot: an error raised in one ends a stream without having been presented.
        """
        errors = await self.refusals(context)
        if not errors:
            return None
        context.pre_execution_errors = errors
        return PreExecutionError(data=None, errors=errors)
