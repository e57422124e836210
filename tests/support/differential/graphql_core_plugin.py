"""A pytest plugin that runs graphql-core's own tests on our executor.

Used by `tests/execution/test_graphql_cores_own_tests.py`, in a separate process. It must be loaded before the first
test module is imported, because test modules import `execute` by name.
"""

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import graphql
import graphql.execution
import graphql.harness
import pytest

from bulksend import execution

_TAKEN_FOR_A_VALUE: Final = "what counts as awaitable is fixed: graphql-core is told otherwise, and then it is asked"
_RACE: Final = "which of several errors within one null is told; the specification leaves it open"

# Tests of anything else than executing a document on a schema, with the reasons for skipping them.
NOT_OURS: Final = {
    "incremental/": "@defer and @stream: handed to graphql-core",
    "test_executor_throwing_on_incremental.py": "a class of executors of graphql-core",
    "test_subscribe.py": "subscriptions: handed to graphql-core",
    "test_map_async_iterable.py": "a function of graphql-core's",
    "test_collect_fields.py": "a function of graphql-core's",
    "test_execution_result.py": "a class of graphql-core's",
    "test_aborted_graphql_execution_error.py": "a class of graphql-core's",
    "test_cancellation.py": "abort signals: handed to graphql-core",
    "test_hooks.py": "execution hooks: handed to graphql-core",
    "without_check_sync": _TAKEN_FOR_A_VALUE,
    "can_customize_detection_of_async_iterables": _TAKEN_FOR_A_VALUE,
    "provides_info_about_current_execution_state": "our info has the attributes of graphql-core's, and is no tuple",
    "resolve_type_on_interface_yields_useful_error": "changes the schema after its first execution",
    "describe_nulls_a_complex_tree_of_nullable_fields_each::throws": "the order of errors; they are compared as a set",
    "describe_handles_multiple_errors_for_a_single_response_position": _RACE,
}

# Arguments that `execute_sync` adds itself; our executor is called without them, so that it compiles.
_SYNCHRONOUS: Final = ("is_awaitable", "is_async_iterable")

_execute: Final = graphql.execution.execute
_execute_sync: Final = graphql.execution.execute_sync


def execute(*given: Any, **named: Any) -> Any:
    """Execute with our executor."""
    return execution.execute(**_named(_execute, given, named))


def execute_sync(*given: Any, **named: Any) -> Any:
    """Execute synchronously with our executor, like the function of this name in graphql-core."""
    arguments = _named(_execute_sync, given, named)
    if arguments.pop("check_sync", False):
        return _execute_sync(*given, **named)
    result = execution.execute(**arguments)
    if not inspect.iscoroutine(result):
        return result
    result.close()
    raise RuntimeError("GraphQL execution failed to complete synchronously.")


def _named(function: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    arguments = inspect.signature(function).bind(*given, **named).arguments
    arguments |= arguments.pop("custom_context_args", {})
    return {name: value for name, value in arguments.items() if name not in _SYNCHRONOUS}


def _replace_defaults(function: Callable[..., Any], harness: object) -> None:
    defaults: Iterable[object] = function.__defaults__ or ()
    named = function.__kwdefaults__ or {}
    theirs = graphql.harness.default_harness
    function.__defaults__ = tuple(harness if default is theirs else default for default in defaults)
    function.__kwdefaults__ = {name: harness if default is theirs else default for name, default in named.items()}


def pytest_configure() -> None:
    """Replace graphql-core's functions by ours."""
    harness = graphql.harness.default_harness._replace(execute=execute)
    _replace_defaults(graphql.graphql, harness)
    _replace_defaults(graphql.graphql_sync, harness)
    graphql.harness.default_harness = harness
    for module in (graphql, graphql.execution, sys.modules["graphql.execution.execute"]):
        vars(module).update(execute=execute, execute_sync=execute_sync)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Ignore files that do not test our executor."""
    return True if any(f"/{part}".rstrip("/") in collection_path.as_posix() for part in NOT_OURS) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of features that are not ours."""
    for item in items:
        for part, reason in NOT_OURS.items():
            if part in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how many executions were compiled."""
    terminalreporter.write_line(", ".join(f"{count} {name}" for name, count in sorted(execution.counts.items())))
