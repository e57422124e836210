"""One execution, by graphql-core or by our executor, and all its observable results."""

import asyncio
import gc
import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from support.differential.worlds import World, world

MOST_SECONDS = 4
# Remaining tasks end within this many iterations of the event loop.
MOST_TURNS = 60


@dataclass(frozen=True)
class Request:
    """A request; `options` are further arguments of `execute`."""

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
    context: Callable[[World], Any] = lambda here: here


@dataclass(frozen=True)
class Seen:
    """The outcome of an execution.

    `raised`: what `execute` itself raised. `complaints`: errors in callbacks that the event loop reported.
    `is_synchronous`: whether nothing was awaited, not even in the background, so that the result is deterministic.
    """

    result: ExecutionResult | None
    raised: str | None
    was_awaitable: bool
    calls: Counter[tuple[Any, ...]]
    batches: list[list[str]]
    left_tasks: int
    complaints: tuple[str, ...]
    is_synchronous: bool
    never_awaited: tuple[str, ...]


def see(execute: Callable[..., Any], request: Request) -> Seen:
    """Execute in a new world and event loop, and return the outcome."""
    complaints: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Without collections, the garbage of this execution stays in the young generation, which is small.
        gc.disable()
        with asyncio.Runner() as runner:
            runner.get_loop().set_exception_handler(lambda _loop, about: complaints.append(_complaint(about)))
            seen = runner.run(_see(execute, request))
        _forget_frames((seen["result"] and seen["result"].errors) or ())
        gc.collect(1)
        gc.enable()
    never_awaited = tuple(str(warning.message) for warning in caught if "never awaited" in str(warning.message))
    told = tuple(filter(None, complaints))
    return Seen(**seen, complaints=told, never_awaited=never_awaited)


async def see_here(execute: Callable[..., Any], request: Request) -> Seen:
    """Execute in the running event loop; errors reported by other tasks are ignored."""
    return Seen(**await _see(execute, request), complaints=(), never_awaited=())


async def _see(execute: Callable[..., Any], request: Request) -> dict[str, Any]:
    around = asyncio.all_tasks()
    here = World(request.seed, request.trouble, request.delay)
    request.prepare(here)
    world.set(here)
    raised, result, was_awaitable, is_synchronous = None, None, False, False
    try:
        result = execute(
            request.schema,
            request.document,
            request.root(here),
            request.context(here),
            variable_values=request.variables,
            operation_name=request.operation_name,
            **request.options,
        )
        was_awaitable = inspect.isawaitable(result)
        is_synchronous = not was_awaitable and asyncio.all_tasks() == around
        if was_awaitable:
            result = await asyncio.wait_for(result, MOST_SECONDS)
    except TimeoutError:
        raised = "nothing: it hangs"
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    return {
        "result": result,
        "raised": raised,
        "was_awaitable": was_awaitable,
        "is_synchronous": is_synchronous,
        "left_tasks": await _left(around),
        "calls": here.counted,
        "batches": here.loaded,
    }


def _forget_frames(errors: Iterable[BaseException | None]) -> None:
    """Release objects held by the frames of errors, such as coroutines that were never awaited."""
    left, known = list(errors), set[int]()
    while left:
        error = left.pop()
        if error is not None and id(error) not in known:
            known.add(id(error))
            error.__traceback__ = None
            left += [getattr(error, "original_error", None), error.__cause__, error.__context__]


def _complaint(about: dict[str, Any]) -> str:
    """Return the exception of a callback; a future's unretrieved exception is ignored."""
    return f"{about['message']}: {about.get('exception')!r}" if "never retrieved" not in about["message"] else ""


async def _left(around: set[asyncio.Task[Any]]) -> int:
    """Return the number of tasks that do not end; tasks that are no longer needed may end in the background."""
    for _ in range(MOST_TURNS):
        if asyncio.all_tasks() <= around:
            return 0
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - around
    # A resolver that reads from the database needs more time than some iterations of the loop.
    _, unfinished = await asyncio.wait(left, timeout=MOST_SECONDS)
    return len(unfinished)
