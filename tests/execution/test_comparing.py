"""The comparison detects executors that are wrong in one small way."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, execute, parse
from support.differential import strawberry_objects
from support.differential.executions import Request
from support.differential.trials import check_one

SCHEMA = strawberry_objects.SCHEMA
OPTIONS = strawberry_objects.OPTIONS
TEXT = "{ surelyPerson { name grid { name } friends { id best { name } } } nodes(ids: [1]) { id depth } }"


def _wrong(change: Callable[[ExecutionResult], None]) -> Callable[..., Any]:
    def executed(*given: Any, **named: Any) -> Any:
        result = execute(*given, **named)
        if isinstance(result, ExecutionResult):
            change(result)
            return result

        async def changed() -> ExecutionResult:
            awaited = await result
            change(awaited)
            return awaited

        return changed()

    return executed


def _reverse_keys(result: ExecutionResult) -> None:
    result.data = dict(reversed((result.data or {}).items()))


def _lose_an_error(result: ExecutionResult) -> None:
    result.errors = (result.errors or [])[1:] or None


def _lose_locations(result: ExecutionResult) -> None:
    result.errors = [GraphQLError(error.message, path=error.path) for error in result.errors or []] or None


def _call_twice(*given: Any, **named: Any) -> Any:
    result = execute(*given, **named)
    if isinstance(result, ExecutionResult):
        return execute(*given, **named)

    async def twice() -> ExecutionResult:
        await result
        again: Any = execute(*given, **named)
        found: ExecutionResult = await again
        return found

    return twice()


def _forget_to_await(*given: Any, **named: Any) -> Any:
    async def forgotten() -> None: ...

    assert forgotten() is not None
    return execute(*given, **named)


def _always_awaitable(*given: Any, **named: Any) -> Any:
    async def later() -> Any:
        result: Any = execute(*given, **named)
        return result if isinstance(result, ExecutionResult) else await result

    return later()


WRONG = {
    "keys in another order": _wrong(_reverse_keys),
    "an error is lost": _wrong(_lose_an_error),
    "locations are lost": _wrong(_lose_locations),
    "called twice": _call_twice,
    "never awaited": _forget_to_await,
    "always awaitable": _always_awaitable,
}


def _try(executed: Callable[..., Any], delay: float) -> None:
    for seed in range(40):
        request = Request(
            SCHEMA, parse(TEXT), root=lambda _: None, seed=seed, trouble=0.1, delay=delay, options=OPTIONS
        )
        check_one(request, TEXT, executed)


@pytest.mark.parametrize("delay", [0.0, 0.5])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_executor_does_not_pass(name: str, delay: float) -> None:
    with pytest.raises(AssertionError, match="graphql-core"):
        _try(WRONG[name], delay)


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_graphql_core_itself_passes(delay: float) -> None:
    _try(execute, delay)
