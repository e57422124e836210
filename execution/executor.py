"""`execute`, a replacement for graphql-core's function of that name."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, Final, NamedTuple, TypeAlias

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

from bulksend.execution.awaiting import await_all, drop_unwanted
from bulksend.execution.plan import Plan
from bulksend.execution.plan_cache import CompiledOperation, PlanCache, counts
from bulksend.execution.private_apis import StrawberryExecutor, VariableValues, optimized_is_awaitable
from bulksend.execution.run import Run

CompileIn: TypeAlias = Callable[[Callable[[], Plan | None]], Awaitable[Plan | None]]

_CACHE: Final = "_compiled_plans"


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    compile_in: CompileIn | None = None,
    **options: Any,
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Execute an operation of a valid document. Parameters, result and errors are graphql-core's.

    The result is awaitable if any resolver's is. `compile_in`: runs a function elsewhere, such as in a thread, and
    returns its awaitable result: new operations are compiled there, so their first result is awaitable. By default they
    are compiled at once. Options that plans do not support hand the execution to graphql-core.
    """
    asked = _Request(schema, document, root_value, context_value, variable_values, operation_name, options)
    cache = plan_cache_of(schema)
    compiled = cache.find(schema, document, operation_name) if cache.is_usable and _are_supported(options) else None
    if compiled is None:
        return asked.by_graphql_core()
    variables = compiled.variables.coerce(
        variable_values or {},
        max_errors=options.get("max_coercion_errors", 50),
        hide_suggestions=options.get("hide_suggestions", False),
    )
    if isinstance(variables, list):
        return ExecutionResult(None, variables)
    conditions = compiled.conditions(variables)
    if conditions in compiled.plans or not compiled.is_plannable(conditions):
        return asked.by_plan(compiled.plans.get(conditions), variables)
    if compile_in is not None:
        return _compiled_elsewhere(asked, cache, compiled, variables, compile_in)
    plan = compiled.made(schema, variables)
    cache.add(compiled, operation_name, conditions, plan)
    return asked.by_plan(plan, variables)


def exclude(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None) -> None:
    """Have graphql-core execute this operation from now on."""
    plan_cache_of(schema).exclude(document, operation_name)


def generated_source(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None = None,
    variable_values: Mapping[str, Any] | None = None,
) -> str | None:
    """Return the Python source that an operation is compiled to; None if graphql-core executes it."""
    compiled = plan_cache_of(schema).find(schema, document, operation_name)
    variables = compiled.variables.coerce(variable_values or {}) if compiled else []
    if compiled is None or isinstance(variables, list):
        return None
    plan = compiled.made(schema, variables)
    return "\n\n".join(plan.sources) if plan else None


def plan_cache_of(schema: GraphQLSchema) -> PlanCache:
    """Return the plans of a schema, which are kept with it. Raise `TypeError` if the schema is not valid."""
    cache: PlanCache | None = vars(schema).get(_CACHE)
    if cache is None:
        assert_valid_schema(schema)
        cache = vars(schema)[_CACHE] = PlanCache(schema)
    return cache


class _Request(NamedTuple):
    """The arguments of one call of `execute`."""

    schema: GraphQLSchema
    document: DocumentNode
    root_value: Any
    context_value: Any
    variable_values: dict[str, Any] | None
    operation_name: str | None
    options: dict[str, Any]

    def by_graphql_core(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        counts["fell_back"] += 1
        return execute_by_graphql_core(
            self.schema,
            self.document,
            self.root_value,
            self.context_value,
            self.variable_values,
            self.operation_name,
            **self.options,
        )

    def by_plan(self, plan: Plan | None, variables: VariableValues) -> ExecutionResult | Awaitable[ExecutionResult]:
        if plan is None:
            return self.by_graphql_core()
        counts["compiled"] += 1
        run = Run(
            plan,
            context=self.context_value,
            root=self.root_value,
            variables=variables,
            hide_suggestions=self.options.get("hide_suggestions", False),
            operation_extensions=self.options.get("operation_extensions"),
        )
        return _executed(run, plan)


async def _compiled_elsewhere(
    asked: _Request, cache: PlanCache, compiled: CompiledOperation, variables: VariableValues, compile_in: CompileIn
) -> ExecutionResult:
    plan = await compile_in(partial(compiled.made, asked.schema, variables))
    cache.add(compiled, asked.operation_name, compiled.conditions(variables), plan)
    result = asked.by_plan(plan, variables)
    return await result if isawaitable(result) else result


def _are_supported(options: dict[str, Any]) -> bool:
    return not [name for name, value in options.items() if value is not None and not _is_supported(name, value)]


def _is_supported(name: str, value: Any) -> bool:
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


def _executed(run: Run, plan: Plan) -> ExecutionResult | Awaitable[ExecutionResult]:
    run.data = {}
    roots = iter(plan.roots)
    for root in roots:
        is_alive = _start_root(run, root)
        if drop_unwanted(run):
            return _awaited(run, roots)
        if not is_alive:
            break
    return run.result()


async def _awaited(run: Run, roots: Iterator[Callable[..., Any]]) -> ExecutionResult:
    """Wait for what is pending, then execute the remaining root fields, one after another."""
    await await_all(run)
    for root in roots:
        if run.data is None:
            break
        _start_root(run, root)
        await await_all(run)
    return run.result()


def _start_root(run: Run, root: Callable[..., Any]) -> bool:
    """Execute root fields until they await something; return False if that made `data` null."""
    try:
        made = root(run.root, run, None)
    except GraphQLError as error:
        run.add(error, ())
        run.data = None
        return False
    if run.data:
        _merge(made, run)
    else:
        run.data = made
    return True


def _merge(made: dict[str, Any], run: Run) -> None:
    data: dict[str, Any] = run.data or {}
    data |= made
    for pending in run.pending:
        if pending.container is made:
            pending.container = data
