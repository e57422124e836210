"""The one operation of a document that is to be executed."""

from dataclasses import dataclass
from typing import Final, Self

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.types.graphql import OperationType

from bulksend.resolvers.errors import ErrorCode
from bulksend.schema.operations.cost import OperationCost, Prices
from bulksend.schema.operations.limits import fragments_of

_NAME_IT: Final = "Give operationName: the document has several operations."
_NO_SUCH: Final = "operationName must name one of the document's operations."
_NONE: Final = "The document has no operation."


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document. `reads_data`: whether it asks for anything but the schema itself."""

    node: OperationDefinitionNode
    kind: OperationType
    reads_data: bool
    cost: OperationCost

    @classmethod
    def of(cls, document: DocumentNode, name: str | None, prices: Prices) -> Self:
        """Find the named operation, or the only one. Raise `GraphQLError` as `choose` does."""
        node = choose(document, name)
        cost = OperationCost(prices, document, node)
        return cls(node, OperationType(node.operation.value), reads_data(node, document), cost)


def choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the named operation, or the only one. Raise `GraphQLError`: there is no first among several."""
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    named = [found for found in operations if name is None or (found.name and found.name.value == name)]
    if len(named) == 1:
        return named[0]
    message = _NONE if not operations else _NAME_IT if name is None else _NO_SUCH
    raise GraphQLError(message, extensions={"code": ErrorCode.OPERATION_RESOLUTION_FAILURE.value})


def reads_only_schema(document: DocumentNode) -> bool:
    """Return whether a document, valid or not, asks for the schema alone, which everybody may."""
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    return not any(reads_data(operation, document) for operation in operations)


def reads_data(operation: OperationDefinitionNode, document: DocumentNode) -> bool:
    """Return whether a root field is anything but the schema's own, such as `__typename`, which everybody may ask."""
    fragments = fragments_of(document)
    seen: set[str] = set()
    waiting: list[SelectionSetNode] = [operation.selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode) and not selection.name.value.startswith(("__", "_service")):
                return True
            if isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                if fragment := fragments.get(selection.name.value):
                    waiting.append(fragment.selection_set)
    return False
