"""`execute`, in graphql-core's place."""

from collections.abc import Awaitable
from typing import Any
from weakref import WeakKeyDictionary

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    assert_valid_schema,
)
from graphql import execute as execute_by_graphql_core
from graphql.execution import MiddlewareManager
from graphql.pyutils import is_awaitable as default_is_awaitable

from bulksend.execution.awaiting import drop_unwanted, settle_all
from bulksend.execution.plans import Plans, counts
from bulksend.execution.private_apis import StrawberryExecutor, optimized_is_awaitable
from bulksend.execution.run import Run

_plans: WeakKeyDictionary[GraphQLSchema, Plans] = WeakKeyDictionary()


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    **options: Any,
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Execute an operation of a valid document: the parameters, the result and the errors are graphql-core's.

    What is awaited makes the result awaitable. Options that a plan does not know hand everything to graphql-core.
    """
    plans = plans_of(schema)
    compiled = plans.find(schema, document, operation_name) if plans.are_possible and _are_usual(options) else None
    if compiled is not None:
        variables = compiled.variables.coerce(
            variable_values or {},
            max_errors=options.get("max_coercion_errors", 50),
            hide_suggestions=options.get("hide_suggestions", False),
        )
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        plan = plans.plan(schema, compiled, variables)
        if plan is not None:
            counts["compiled"] += 1
            return _run(
                Run(
                    plan,
                    context=context_value,
                    root=root_value,
                    variables=variables,
                    hide_suggestions=options.get("hide_suggestions", False),
                    operation_extensions=options.get("operation_extensions"),
                )
            )
    counts["fell_back"] += 1
    return execute_by_graphql_core(
        schema, document, root_value, context_value, variable_values, operation_name, **options
    )


def distrust(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> None:
    """Have graphql-core execute this operation from now on."""
    plans_of(schema).distrust(document, operation_name)


def plans_of(schema: GraphQLSchema) -> Plans:
    """Give the plans of a schema."""
    plans = _plans.get(schema)
    if plans is None:
        assert_valid_schema(schema)
        plans = _plans[schema] = Plans(schema)
    return plans


def _are_usual(options: dict[str, Any]) -> bool:
    """Whether the options are what a plan knows, or say nothing."""
    return all(value is None or _is_usual(name, value) for name, value in options.items())


def _is_usual(name: str, value: Any) -> bool:
    match name:
        case "hide_suggestions" | "max_coercion_errors" | "operation_extensions":
            return True
        case "middleware":
            return not (value.middlewares if isinstance(value, MiddlewareManager) else value)
        case "executor_class":
            return value is StrawberryExecutor
        case "is_awaitable":
            return value is optimized_is_awaitable or value is default_is_awaitable
        case _:
            return value is False


def _run(run: Run) -> ExecutionResult | Awaitable[ExecutionResult]:
    run.data = {}
    roots = iter(run.plan.roots)
    for root in roots:
        begun = _begin_root(run, root)
        if drop_unwanted(run):
            return _settled(run, roots)
        if not begun:
            break
    return run.result()


async def _settled(run: Run, roots: Any) -> ExecutionResult:
    """Wait for what is pending, and then execute the roots that are left, one after another."""
    await settle_all(run)
    for root in roots:
        if run.data is None:
            break
        _begin_root(run, root)
        await settle_all(run)
    return run.result()


def _begin_root(run: Run, root: Any) -> bool:
    """Execute root fields as far as nothing is awaited; False when `data` is null for it."""
    try:
        made = root(run.root, run, None)
    except GraphQLError as error:
        run.add(error, ())
        run.data = None
        return False
    if run.data:
        _move(made, run)
    else:
        run.data = made
    return True


def _move(made: dict[str, Any], run: Run) -> None:
    data: dict[str, Any] = run.data or {}
    data |= made
    for pending in run.pending:
        if pending.container is made:
            pending.container = data
