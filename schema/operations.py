"""Rules about the operation itself, before it is executed."""

from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.extensions import SchemaExtension

from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import ErrorCode, Unauthenticated


class OperationRules(SchemaExtension):
    """One operation, named if there are several; and nobody may ask for anything but the schema."""

    def on_parse(self) -> Iterator[None]:
        """Check the parsed document."""
        yield
        document = self.execution_context.graphql_document
        if document is None:
            return
        operation = _operation(document, self.execution_context._provided_operation_name)
        context = self.execution_context.context
        if isinstance(context, Context) and context.viewer is None and _reads_data(operation, document):
            raise Unauthenticated


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    named = [found for found in operations if name is None or (found.name and found.name.value == name)]
    if len(named) == 1:
        return named[0]
    message = "Give operationName: the document has several operations." if name is None else _NO_SUCH
    raise GraphQLError(message, extensions={"code": ErrorCode.OPERATION_RESOLUTION_FAILURE.value})


_NO_SUCH = "operationName must name one of the document's operations."


def _reads_data(operation: OperationDefinitionNode, document: DocumentNode) -> bool:
    """Whether a root field is anything but `__typename`, `__schema` and `__type`."""
    fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
    seen: set[str] = set()
    waiting: list[SelectionSetNode] = [operation.selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode) and not selection.name.value.startswith("__"):
                return True
            if isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                if fragment := fragments.get(selection.name.value):
                    waiting.append(fragment.selection_set)
    return False
