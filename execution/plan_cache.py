"""The plans of a schema, bounded by the fields they have together; the least recently used go first."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)

from bulksend.execution.plan import NotCompiled, Plan, condition_variables
from bulksend.execution.private_apis import VariableValues
from bulksend.execution.variables import VariableCoercion

# A field takes some 2 kB and 12 objects, and an operation counts for so many fields at least: there are at most 500.
MAXIMUM_FIELDS: Final = 6_000
SMALLEST_OPERATION: Final = 12
# Each `@skip` and `@include` with a variable may double the plans of an operation.
MAXIMUM_COMBINATIONS: Final = 16

Key: TypeAlias = "tuple[int, str | None]"

counts: Counter[str] = Counter()


@dataclass(slots=True)
class CompiledOperation:
    """One operation: how its variables are coerced, and its plans by the values of its condition variables.

    `plans` has None for what graphql-core executes. The document is kept, so that no other one can have its id.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableCoercion
    condition_variables: tuple[str, ...]
    plans: dict[tuple[Any, ...], Plan | None] = field(default_factory=dict)
    is_excluded: bool = False

    def conditions(self, variables: VariableValues) -> tuple[Any, ...]:
        """Return the values of the condition variables."""
        return tuple([variables.coerced.get(name) for name in self.condition_variables])

    def is_plannable(self, conditions: tuple[Any, ...]) -> bool:
        """Return whether a plan may be made for these values; graphql-core reports those that are not boolean."""
        if self.is_excluded or len(self.plans) >= MAXIMUM_COMBINATIONS:
            return False
        return all(value.__class__ is bool for value in conditions)

    def made(self, schema: GraphQLSchema, variables: VariableValues) -> Plan | None:
        """Return a new plan, or None if graphql-core has to execute the operation."""
        try:
            return Plan(schema, self.operation, self.fragments, variables)
        except (NotCompiled, GraphQLError, RecursionError):
            return None


class PlanCache:
    """The plans of one schema. `is_usable`: False for a schema with `@defer` or `@stream`."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.is_usable = not (schema.get_directive("defer") or schema.get_directive("stream"))
        self._operations: LRUCache[Key, CompiledOperation] = LRUCache(MAXIMUM_FIELDS, getsizeof=_size)

    @property
    def size(self) -> float:
        """The number of fields that all plans count for."""
        return self._operations.currsize

    def find(
        self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None
    ) -> CompiledOperation | None:
        """Return the operation with its plans so far; None if the document has no such operation."""
        key = (id(document), operation_name)
        try:
            return self._operations[key]
        except KeyError:
            found = _compiled_operation(schema, document, operation_name)
        if found is not None:
            self._operations[key] = found
        return found

    def add(
        self, compiled: CompiledOperation, name: str | None, conditions: tuple[Any, ...], plan: Plan | None
    ) -> None:
        """Keep a plan. One that is larger than the cache serves its own execution alone."""
        key = (id(compiled.document), name)
        compiled.plans[conditions] = plan
        self._operations.pop(key, None)
        if _size(compiled) <= MAXIMUM_FIELDS:
            self._operations[key] = compiled

    def exclude(self, document: DocumentNode, operation_name: str | None) -> None:
        """Have graphql-core execute this operation from now on."""
        key = (id(document), operation_name)
        found = self._operations.pop(key, None)
        if found is not None:
            found.is_excluded = True
            found.plans = {}
            self._operations[key] = found


def _size(compiled: CompiledOperation) -> int:
    return max(SMALLEST_OPERATION, sum(plan.field_count for plan in compiled.plans.values() if plan))


def _compiled_operation(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None
) -> CompiledOperation | None:
    operation = _operation(document, operation_name)
    if operation is None:
        return None
    fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
    coercion = VariableCoercion(schema, operation)
    return CompiledOperation(document, operation, fragments, coercion, condition_variables(operation, fragments))


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Return the named operation, or the only one. Of several with one name the last counts, as in graphql-core."""
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    if name is None:
        return operations[0] if len(operations) == 1 else None
    named = [found for found in operations if found.name and found.name.value == name]
    return named[-1] if named else None
