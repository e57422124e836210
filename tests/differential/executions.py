"""One execution, by graphql-core or by ours, and all that can be seen of it."""

import asyncio
import gc
import inspect
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from differential.worlds import World, world
from graphql import DocumentNode, ExecutionResult, GraphQLSchema

MOST_SECONDS = 20
# What is left behind settles within so many turns of the loop.
MOST_TURNS = 60


@dataclass(frozen=True)
class Request:
    """What is executed; `options` are further arguments of `execute`."""

    schema: GraphQLSchema
    document: DocumentNode
    root: Callable[[World], Any]
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    seed: int = 0
    trouble: float = 0.0
    delay: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[World], None] = lambda _: None


@dataclass(frozen=True)
class Seen:
    """What came of it. `raised`: what `execute` itself raised."""

    result: ExecutionResult | None
    raised: str | None
    was_awaitable: bool
    calls: Counter[tuple[Any, ...]]
    batches: list[list[str]]
    left_tasks: int
    never_awaited: tuple[str, ...]


def see(execute: Callable[..., Any], request: Request) -> Seen:
    """Execute in a world and an event loop of its own."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with asyncio.Runner() as runner:
            runner.get_loop().set_exception_handler(lambda _loop, _about: None)
            seen = runner.run(_see(execute, request))
        gc.collect(1)
    never_awaited = tuple(str(warning.message) for warning in caught if "never awaited" in str(warning.message))
    return Seen(**seen, never_awaited=never_awaited)


async def _see(execute: Callable[..., Any], request: Request) -> dict[str, Any]:
    here = World(request.seed, request.trouble, request.delay)
    request.prepare(here)
    world.set(here)
    raised, result, was_awaitable = None, None, False
    try:
        result = execute(
            request.schema,
            request.document,
            request.root(here),
            here,
            variable_values=request.variables,
            operation_name=request.operation_name,
            **request.options,
        )
        was_awaitable = inspect.isawaitable(result)
        if was_awaitable:
            result = await asyncio.wait_for(result, MOST_SECONDS)
    except TimeoutError:
        raise
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    return {
        "result": result,
        "raised": raised,
        "was_awaitable": was_awaitable,
        "left_tasks": await _left(),
        "calls": here.counted,
        "batches": here.loaded,
    }


async def _left() -> int:
    for _ in range(MOST_TURNS):
        if len(asyncio.all_tasks()) == 1:
            return 0
        await asyncio.sleep(0)
    return len(asyncio.all_tasks()) - 1
