"""Documents parsed, measured and validated once, and remembered.

All of it happens in a thread of its own: a document at the limits takes some 50 ms, during which the event loop serves
everybody else.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from bulksend.schema.operations.limits import Limits, check_document, too_complex
from bulksend.schema.operations.operation import Operation

MOST_ERRORS: Final = 20
# An AST takes several times the memory of its text.
REMEMBERED_DOCUMENTS: Final = 500
REMEMBERED_CHARACTERS: Final = 200_000
LONGEST_REMEMBERED: Final = 20_000

_TOO_MANY_TOKENS: Final = "Syntax Error: Document contains more than"
_GAVE_UP_COMPARING: Final = "Validation aborted."
_TOO_NESTED: Final = "Syntax Error: Document is nested too deeply"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document and what is wrong with it. `document` is None only if it could not be parsed.

    `operations`: what has been found out about those of its operations that were executed.
    """

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    operations: dict[str | None, Operation] = field(default_factory=dict)


class PreparedDocuments:
    """Prepares documents for one schema; only valid ones are remembered, within bounds of number and size."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, *, introspection: bool = True, suggestions: bool = True
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._hide_suggestions = not suggestions
        # graphql-core's own default takes a quarter of a second; this is how it wants to be told.
        overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = limits.comparisons
        self._rules = _rules(introspection=introspection)
        self._remembered: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="graphql-documents")

    async def prepare(self, text: str) -> Prepared:
        """Give the document of this text."""
        remembered = self._remembered.get(text)
        if remembered is not None:
            self._remembered.move_to_end(text)
            return remembered
        if len(text) > self._limits.characters:
            return Prepared(None, (too_complex("characters", self._limits.characters, len(text)),))
        prepared = await asyncio.get_running_loop().run_in_executor(self._thread, self._prepare, text)
        if not prepared.errors and len(text) <= LONGEST_REMEMBERED:
            self._remember(text, prepared)
        return prepared

    async def answer(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> ExecutionResult:
        """Execute an operation on the schema alone. It has nothing to wait for, and all of it takes some 20 ms."""
        name = operation.name.value if operation.name else None
        call = partial(execute_sync, self._schema, document, variable_values=dict(variables or {}), operation_name=name)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _prepare(self, text: str) -> Prepared:
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            return Prepared(None, (self._told(error),))
        if exceeded := check_document(document, self._limits):
            return Prepared(document, (exceeded,))
        errors = validate(
            self._schema, document, self._rules, max_errors=MOST_ERRORS, hide_suggestions=self._hide_suggestions
        )
        if any(error.message == _GAVE_UP_COMPARING for error in errors):
            return Prepared(document, (too_complex("comparisons", self._limits.comparisons),))
        return Prepared(document, tuple(errors))

    def _told(self, error: GraphQLSyntaxError) -> GraphQLError:
        if error.message.startswith(_TOO_MANY_TOKENS):
            return too_complex("tokens", self._limits.tokens)
        if error.message.startswith(_TOO_NESTED):
            return too_complex("depth", self._limits.depth)
        return error

    def _remember(self, text: str, prepared: Prepared) -> None:
        if text in self._remembered:
            return
        self._remembered[text] = prepared
        self._characters += len(text)
        while len(self._remembered) > REMEMBERED_DOCUMENTS or self._characters > REMEMBERED_CHARACTERS:
            oldest, _ = self._remembered.popitem(last=False)
            self._characters -= len(oldest)


def _rules(*, introspection: bool) -> Collection[type[ASTValidationRule]]:
    rules = (*specified_rules, OneOfInputValidationRule)
    return rules if introspection else (*rules, NoSchemaIntrospectionCustomRule)
