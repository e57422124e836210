"""Documents parsed, measured and validated once, and kept.

All of it happens in a thread of its own: a document at the limits takes some 50 ms, during which the event loop serves
everybody else.
"""

import gc
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    execute_sync,
    parse,
    validate,
)

from bulksend.execution import without_tokens
from bulksend.resolvers.errors import Unauthenticated
from bulksend.resolvers.fair_thread import FairThread
from bulksend.schema.operations.field_merging import MergeLimitExceeded, merge_conflicts
from bulksend.schema.operations.limits import Limits, check_document, is_too_complex, too_complex
from bulksend.schema.operations.literals import LiftedDocument, Split, lifted, split
from bulksend.schema.operations.operation import Operation, reads_only_schema
from bulksend.schema.operations.validation_rules import Rule, all_rules, needed

Result = TypeVar("Result")

MOST_ERRORS: Final = 20
# An AST takes several times the memory of its text.
VALID_CHARACTERS: Final = 200_000
REFUSED_CHARACTERS: Final = 50_000
LONGEST_CACHED: Final = 20_000
# All callers without a key together are one tenant, whose documents are introspection and no longer than that.
ANONYMOUS: Final = None
ANONYMOUS_CHARACTERS: Final = 10_000
ANONYMOUS_TOKENS: Final = 1_000
MOST_WAITING: Final = 100
# Full introspection answers, of some 100 kB each, for tools that ask for them again and again.
CACHED_ANSWERS: Final = 8

_TOO_MANY_TOKENS: Final = "Syntax Error: Document contains more than"
_TOO_NESTED: Final = "Syntax Error: Document is nested too deeply"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document of `length` characters and the errors in it. `document` is None only if it could not be parsed.

    `operations`: those of its operations that have been asked for, by name. `literals`: variables that the document
    takes besides the caller's, where those were literals in the caller's text.
    """

    length: int
    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    operations: dict[str | None, Operation] = field(default_factory=dict)
    literals: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Shape:
    """What queries of `length` characters that differ in literals alone have in common, if anything.

    `prepared` and `lifted` are there once such a query came again and could be lifted.
    """

    length: int
    is_tried: bool = False
    prepared: Prepared | None = None
    lifted: LiftedDocument | None = None

    def prepared_with(self, literals: Sequence[str]) -> Prepared | None:
        """Return the common document with these literals; None if there is none, or a literal is not valid."""
        if self.prepared is None or self.lifted is None:
            return None
        values = self.lifted.values(literals)
        return None if values is None else replace(self.prepared, literals=values)


class PreparedDocuments:
    """Prepares documents for one schema and keeps them, valid ones and refused ones, within a bound of size.

    Three caches, so that refused documents and those of anonymous callers push out no tenant's valid ones.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, *, introspection: bool = True, suggestions: bool = True
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._anonymous_limits = replace(
            limits,
            characters=min(limits.characters, ANONYMOUS_CHARACTERS),
            tokens=min(limits.tokens, ANONYMOUS_TOKENS),
        )
        self._hide_suggestions = not suggestions
        self._rules = all_rules(introspection=introspection)
        self._valid = _cache(VALID_CHARACTERS)
        self._refused = _cache(REFUSED_CHARACTERS)
        self._anonymous = _cache(REFUSED_CHARACTERS)
        self._shapes: LRUCache[str, _Shape] = LRUCache(VALID_CHARACTERS, getsizeof=attrgetter("length"))
        self._thread = FairThread("graphql-documents", most_waiting=MOST_WAITING)
        self._answers: LRUCache[tuple[int, str | None], tuple[Prepared, ExecutionResult]] = LRUCache(CACHED_ANSWERS)

    async def prepare(self, text: str, tenant: Hashable) -> Prepared:
        """Return a tenant's document: parsed, with every error that validation finds. Raise `Unavailable`."""
        known = self._valid.get(text) or self._refused.get(text)
        if known is not None:
            return known
        if len(text) > self._limits.characters:
            return Prepared(len(text), None, (too_complex("characters", self._limits.characters, len(text)),))
        parts = split(text) if len(text) <= LONGEST_CACHED else None
        shape = self._shapes.get(parts.shape) if parts else None
        if parts and shape and (common := shape.prepared_with(parts.literals)):
            return common
        prepared = await self._thread.run(tenant, partial(self._prepare, text))
        _keep(self._refused if prepared.errors else self._valid, text, prepared)
        if parts and not prepared.errors:
            await self._learn(parts, shape, prepared, tenant)
        return prepared

    async def _learn(self, parts: Split, shape: _Shape | None, prepared: Prepared, tenant: Hashable) -> None:
        """Note a shape, and the second time try to lift its literals."""
        if shape is None:
            self._shapes[parts.shape] = _Shape(len(parts.shape))
        elif not shape.is_tried:
            shape.is_tried = True
            await self._thread.run(tenant, partial(self._lift, shape, prepared))

    async def prepare_anonymous(self, text: str) -> Prepared:
        """Return the document of a caller without a key, who may only ask for the schema.

        Raise `Unauthenticated` before validation for anything else, and for what is longer than introspection is;
        raises `Unavailable`.
        """
        known = self._anonymous.get(text)
        if known is not None:
            return known
        if len(text) > self._anonymous_limits.characters:
            raise Unauthenticated
        prepared = await self._thread.run(ANONYMOUS, partial(self._prepare_anonymous, text))
        _keep(self._anonymous, text, prepared)
        return prepared

    async def run(self, tenant: Hashable, call: Callable[[], Result]) -> Result:
        """Run `call` for a tenant in the thread that parses and validates. Raise `Unavailable`."""
        return await self._thread.run(tenant, call)

    async def answer(
        self, prepared: Prepared, operation: Operation, variables: Mapping[str, Any] | None, tenant: Hashable
    ) -> ExecutionResult:
        """Execute an operation on the schema alone. It has nothing to wait for, and all of it takes some 20 ms."""
        if prepared.document is None:
            raise ValueError("the document could not be parsed")
        name = operation.node.name.value if operation.node.name else None
        call = partial(
            execute_sync, self._schema, prepared.document, variable_values=dict(variables or {}), operation_name=name
        )
        if variables:
            return await self._thread.run(tenant, call)
        # The document is kept with its answer, so that its id stays its own.
        key = (id(prepared), name)
        if key not in self._answers:
            self._answers[key] = (prepared, await self._thread.run(tenant, call))
        answer = self._answers[key][1]
        return ExecutionResult(answer.data, answer.errors)

    def _lift(self, shape: _Shape, prepared: Prepared) -> None:
        common = lifted(self._schema, prepared.document) if prepared.document else None
        if common is None:
            return
        # The literals became variables, which no text tells.
        checked = self._validate(Prepared(prepared.length, common.document), self._limits, self._rules)
        if not checked.errors:
            shape.prepared, shape.lifted = checked, common

    def _prepare_anonymous(self, text: str) -> Prepared:
        prepared = self._parse(text, self._anonymous_limits)
        if prepared.document and not reads_only_schema(prepared.document):
            raise Unauthenticated
        if prepared.errors and is_too_complex(prepared.errors[0]):
            raise Unauthenticated
        return self._validate(prepared, self._anonymous_limits, needed(self._rules, text))

    def _prepare(self, text: str) -> Prepared:
        return self._validate(self._parse(text, self._limits), self._limits, needed(self._rules, text))

    def _parse(self, text: str, limits: Limits) -> Prepared:
        try:
            return Prepared(len(text), without_tokens(parse(text, max_tokens=limits.tokens)))
        except GraphQLSyntaxError as error:
            return Prepared(len(text), None, (_syntax_error(error, limits),))

    def _validate(self, parsed: Prepared, limits: Limits, rules: Sequence[Rule]) -> Prepared:
        document = parsed.document
        if document is None:
            return parsed
        return replace(parsed, errors=tuple(self._errors(document, limits, rules)))

    def _errors(self, document: DocumentNode, limits: Limits, rules: Sequence[Rule]) -> Iterable[GraphQLError]:
        if exceeded := check_document(document, limits):
            return [exceeded]
        with _no_collection():
            errors = validate(
                self._schema, document, rules, max_errors=MOST_ERRORS, hide_suggestions=self._hide_suggestions
            )
        if errors:
            return _each_once(errors)
        try:
            return merge_conflicts(self._schema, document, most_fields=limits.merged_fields)
        except MergeLimitExceeded:
            return [too_complex("mergedFields", limits.merged_fields)]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Postpone garbage collection in the block.

    Validation makes cycles, and a full collection would find them alive and exempt them for good: see
    `server/garbage_collection.py`.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _cache(characters: int) -> LRUCache[str, Prepared]:
    return LRUCache(characters, getsizeof=attrgetter("length"))


def _keep(cache: LRUCache[str, Prepared], text: str, prepared: Prepared) -> None:
    if len(text) <= LONGEST_CACHED:
        cache[text] = prepared


def _syntax_error(error: GraphQLSyntaxError, limits: Limits) -> GraphQLError:
    if error.message.startswith(_TOO_MANY_TOKENS):
        return too_complex("tokens", limits.tokens)
    if error.message.startswith(_TOO_NESTED):
        return too_complex("depth", limits.depth)
    return error


def _each_once(errors: Sequence[GraphQLError]) -> Iterator[GraphQLError]:
    """Yield one error for all that have the same message, with the locations of all, in the order of the first."""
    same: dict[str, list[GraphQLError]] = {}
    for error in errors:
        same.setdefault(error.message, []).append(error)
    for message, found in same.items():
        nodes = [node for error in found for node in error.nodes or ()]
        yield GraphQLError(message, nodes, extensions=found[0].extensions) if found[1:] else found[0]
