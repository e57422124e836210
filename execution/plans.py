"""The plans there are: made when first asked for, and bounded in number and size."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)

from bulksend.execution.coercion import Variables
from bulksend.execution.plan import NotCompiled, Plan, conditions
from bulksend.execution.private_apis import VariableValues

# A field of a plan takes some 5 kB: its source compiled, its position and its functions.
MOST_OPERATIONS: Final = 500
MOST_FIELDS: Final = 20_000
# Each @skip and @include by a variable may double the plans of an operation.
MOST_COMBINATIONS: Final = 16


@dataclass(slots=True)
class Compiled:
    """One operation: how to coerce its variables, and its plans by the values of its conditions.

    `plans` has None where graphql-core executes it. `fields`: how many the plans had when they were made; running, they
    learn more below interfaces and unions.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Variables
    conditions: tuple[str, ...]
    plans: dict[tuple[Any, ...], Plan | None] = field(default_factory=dict)
    fields: int = 0
    is_distrusted: bool = False


class Plans:
    """The plans of one schema, the least recently used given up first. `fields`: how many all of them count for.

    `are_possible`: a schema with `@defer` or `@stream` has none.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self.are_possible = not (schema.get_directive("defer") or schema.get_directive("stream"))
        self._compiled: OrderedDict[tuple[int, str | None], Compiled] = OrderedDict()
        self.fields = 0

    def find(self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Compiled | None:
        """Give what is known about an operation, or None when the document has no such one."""
        key = (id(document), operation_name)
        found = self._compiled.get(key)
        # The document is kept with it, so no other can have its id.
        if found is not None:
            self._compiled.move_to_end(key)
            return found
        begun = _begin(schema, document, operation_name)
        if begun is not None:
            self._compiled[key] = begun
            self._give_up()
        return begun

    def plan(self, schema: GraphQLSchema, compiled: Compiled, variables: VariableValues) -> Plan | None:
        """Give an operation's plan for these variables, made now if need be; None is for graphql-core to execute."""
        values = tuple([variables.coerced.get(name) for name in compiled.conditions])
        if values in compiled.plans:
            return compiled.plans[values]
        if any(value.__class__ is not bool for value in values):
            # graphql-core says what is wrong with a condition that is none.
            return None
        if compiled.is_distrusted or len(compiled.plans) >= MOST_COMBINATIONS:
            return None
        plan = compiled.plans[values] = _made(schema, compiled, variables)
        made = plan.fields if plan else 0
        compiled.fields += made
        self.fields += made
        self._give_up()
        return plan

    def distrust(self, document: DocumentNode, operation_name: str | None) -> None:
        """Have graphql-core execute this operation from now on."""
        found = self._compiled.get((id(document), operation_name))
        if found is not None:
            found.is_distrusted = True
            self.fields -= found.fields
            found.plans, found.fields = {}, 0

    def _give_up(self) -> None:
        while len(self._compiled) > MOST_OPERATIONS or (self.fields > MOST_FIELDS and len(self._compiled) > 1):
            _, given_up = self._compiled.popitem(last=False)
            self.fields -= given_up.fields


def _made(schema: GraphQLSchema, compiled: Compiled, variables: VariableValues) -> Plan | None:
    try:
        return Plan(schema, compiled.operation, compiled.fragments, variables)
    except (NotCompiled, GraphQLError, RecursionError):
        return None


def _begin(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Compiled | None:
    operation = _operation(document, operation_name)
    if operation is None:
        return None
    fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
    variables = Variables(schema, operation)
    return Compiled(document, operation, fragments, variables, conditions(operation, fragments))


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Give the one operation that this can mean. With several of one name the last one counts, as in graphql-core."""
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    if name is None:
        return operations[0] if len(operations) == 1 else None
    named = [found for found in operations if found.name and found.name.value == name]
    return named[-1] if named else None


counts: Counter[str] = Counter()
