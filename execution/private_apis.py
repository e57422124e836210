"""The private APIs of Strawberry and graphql-core that this library uses.

`tests/execution/test_private_apis.py` fails when an upgrade changes one of them.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

from graphql import FieldNode, GraphQLAbstractType, GraphQLObjectType, GraphQLSchema
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
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StrawberryExecutor
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext
from strawberry.types.field import StrawberryField

__all__ = [
    "CollectedFields",
    "FieldDetails",
    "FragmentDetails",
    "GraphQLCoreConverter",
    "GraphQLVariableSignature",
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
    """Return the object type of this name. Raise `GraphQLError` if it is none of the abstract type's."""
    executor: Any = SimpleNamespace(schema=schema)
    details = [FieldDetails(node, None) for node in nodes]
    return Executor.ensure_valid_runtime_type(executor, name, type_, details, info, value)


def converter_of(schema: GraphQLSchema) -> GraphQLCoreConverter | None:
    """Return the converter that made this schema of Strawberry types; None for other schemas."""
    strawberry_schema = getattr(schema, "_strawberry_schema", None)
    return None if strawberry_schema is None else strawberry_schema.schema_converter


def definition_of(made: Any) -> Any:
    """Return Strawberry's definition of a graphql-core type or field, or None."""
    extensions: Mapping[str, Any] = made.extensions or {}
    found = extensions.get(_DEFINITION)
    return found if isinstance(found, StrawberryObjectDefinition | StrawberryField) else None


def function_of(field: StrawberryField) -> Any:
    """Return the function that resolves this field, or None."""
    resolver = field.base_resolver
    return resolver.wrapped_func if resolver is not None else None


def handles_exceptions(converter: GraphQLCoreConverter, field: StrawberryField) -> bool:
    """Return whether a schema-wide handler may turn this field's exceptions into values."""
    return bool(converter._get_field_exception_handlers(field))


def info_class_of(converter: GraphQLCoreConverter) -> Any:
    """Return the class of the `info` argument of Strawberry's resolvers."""
    return converter.config.info_class


def raw_info_of(info: Info[Any, Any]) -> Any:
    """Return the graphql-core info within Strawberry's; in a compiled execution a `ResolveInfo`."""
    return info._raw_info


def operation_name_of(context: ExecutionContext) -> str | None:
    """Return the `operationName` of the request."""
    return context._provided_operation_name
