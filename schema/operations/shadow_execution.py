"""Which executor runs operations, and a second opinion on a share of the queries."""

import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import structlog
from graphql import ExecutionResult
from graphql import execute as execute_by_graphql_core

from bulksend import execution
from bulksend.resolvers.context import Context

Executor: TypeAlias = Callable[..., ExecutionResult | Awaitable[ExecutionResult]]
Run: TypeAlias = Callable[[Executor, Context], ExecutionResult | Awaitable[ExecutionResult]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Executors:
    """`name`: what runs operations. `check`: the share (0–1) of queries that graphql-core executes too, to compare."""

    name: Literal["compiled", "core"] = "compiled"
    check: float = 0

    @property
    def execute(self) -> Executor:
        """Return the executor: the same parameters and results either way."""
        return execution.execute if self.name == "compiled" else execute_by_graphql_core

    def is_check_due(self) -> bool:
        """Return whether this query is one of those to be executed by both."""
        return self.name == "compiled" and random.random() < self.check  # noqa: S311  # a sample, no secret


async def checked(run: Run, context: Context, text: str, distrust: Callable[[], None]) -> ExecutionResult:
    """Execute a query with both executors and give what they agree on, or else graphql-core's result.

    Data may change from one execution to the next, so only what differs twice in the same way is a fault; then
    `distrust` is called. The log names the document by its SHA-256: its text may have addresses in it.
    """
    compiled = await _finished(run(execution.execute, context))
    by_graphql_core = await _finished(run(execute_by_graphql_core, _anew(context)))
    if _told(compiled) == _told(by_graphql_core):
        return compiled
    again = await _finished(run(execution.execute, _anew(context)))
    if _told(again) != _told(compiled) or _told(again) == _told(by_graphql_core):
        return compiled
    distrust()
    document = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    log.error("compiled execution disagrees with graphql-core", request_id=context.request_id, document=document)
    return by_graphql_core


async def _finished(result: ExecutionResult | Awaitable[ExecutionResult]) -> ExecutionResult:
    return result if isinstance(result, ExecutionResult) else await result


def _anew(context: Context) -> Context:
    """Return the same request with nothing loaded and nothing refused yet."""
    return Context(context.gateway, context.viewer, context.allowance, context.request_id)


def _told(result: ExecutionResult) -> tuple[str, list[str]]:
    errors = [json.dumps(error.formatted, default=str, sort_keys=True) for error in result.errors or ()]
    return json.dumps(result.data, default=str), sorted(errors)
