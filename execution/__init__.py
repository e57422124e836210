"""A compiled GraphQL executor for Strawberry and graphql-core. See README.md beside this file."""

from bulksend.execution.executor import exclude, execute, generated_source
from bulksend.execution.plan_cache import counts
from bulksend.execution.row_mapping import (
    ColumnField,
    ListField,
    ObjectField,
    RowList,
    batched,
    prefetched,
    row_type,
    shortcut,
)
from bulksend.execution.strawberry_schema import CompiledSchema
from bulksend.execution.tokens import without_tokens

__all__ = [
    "ColumnField",
    "CompiledSchema",
    "ListField",
    "ObjectField",
    "RowList",
    "batched",
    "counts",
    "exclude",
    "execute",
    "generated_source",
    "prefetched",
    "row_type",
    "shortcut",
    "without_tokens",
]
