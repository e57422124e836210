"""Value completion: one function for each field, made with the plan.

Implements "Value Completion" of the GraphQL specification as graphql-core does. Each function takes a resolver's
result, the run and the list indices, and returns the response value or a `Pending`. They raise errors without a place;
the caller adds it. Generated code calls them for every value that it does not recognise itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.pyutils import inspect, is_async_iterable, is_awaitable, is_iterable

from bulksend.execution.field_plan import FieldPlan, Indices
from bulksend.execution.info import info_of
from bulksend.execution.private_apis import default_type_resolver, runtime_type
from bulksend.execution.run import Complete, Pending, PlanInterface, Run


class Fallback:
    """Completes any value of a field, awaitable or not; its functions are made when the first such value comes.

    Most fields never need them, and keeping them for all would make a plan several times as large.
    """

    __slots__ = ("_complete", "_field")

    def __init__(self, field: FieldPlan) -> None:
        self._field = field
        self._complete: Complete | None = None

    def __call__(self, value: Any, run: Run, indices: Indices) -> Any:
        """Return the response value or a `Pending`."""
        if self._complete is None:
            self._complete = awaiting(completer(run.plan, self._field), self._field)
        return self._complete(value, run, indices)


def awaiting(complete: Complete, field: FieldPlan) -> Complete:
    """Return the function that completes a value which may be awaitable."""

    def complete_or_await(value: Any, run: Run, indices: Indices) -> Any:
        if is_awaitable(value):
            return Pending(value, complete, field, indices, run)
        return complete(value, run, indices)

    return complete_or_await


def completer(plan: PlanInterface, field: FieldPlan) -> Complete:
    """Return the function that completes values of this field."""
    if not is_non_null_type(field.type):
        return _nullable(plan, field, field.type)
    complete_nullable = _nullable(plan, field, field.type.of_type)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        completed = complete_nullable(value, run, indices)
        if completed is None:
            raise TypeError(field.null_message)
        return completed

    return complete


def _nullable(plan: PlanInterface, field: FieldPlan, type_: GraphQLOutputType) -> Complete:
    complete_value = _value(plan, field, type_)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            return None
        return complete_value(value, run, indices)

    return complete


def _value(plan: PlanInterface, field: FieldPlan, type_: Any) -> Complete:
    if is_leaf_type(type_):
        return _leaf(type_)
    if is_list_type(type_):
        return _list(plan, field, type_)
    if is_abstract_type(type_):
        return _abstract(field, type_)
    return object_completer(plan, field, type_)


def _leaf(type_: Any) -> Complete:
    coerce: Callable[[Any], Any] = type_.coerce_output_value

    def complete(value: Any, _run: Run, _indices: Indices) -> Any:
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise null_leaf(type_, value, coerced)
        return coerced

    return complete


def null_leaf(type_: Any, value: Any, coerced: Any) -> TypeError:
    """Return the error for a scalar that coerces a value to null."""
    return TypeError(
        f"Expected `{inspect(type_)}.coerce_output_value({inspect(value)})` to return non-nullable value, "
        f"returned: {inspect(coerced)}"
    )


def object_completer(plan: PlanInterface, field: FieldPlan, type_: GraphQLObjectType) -> Complete:
    """Return the function that completes objects of exactly this type."""
    complete_object = plan.object_function(type_, field)
    is_type_of = type_.is_type_of
    if is_type_of is None:
        return complete_object

    def checked(is_of_type: Any, value: Any, run: Run, indices: Indices) -> Any:
        if not is_of_type:
            message = f"Expected value of type '{type_}' but got: {inspect(value)}."
            raise GraphQLError(message, field.nodes)
        return complete_object(value, run, indices)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        is_of_type = is_type_of(value, _info(run, field, indices))
        if is_awaitable(is_of_type):
            return _later(is_of_type, value, checked, field, indices, run)
        return checked(is_of_type, value, run, indices)

    return complete


def _abstract(field: FieldPlan, type_: GraphQLAbstractType) -> Complete:
    """Return the function for an interface or union; a runtime type is planned when its first value comes."""
    resolve_type = type_.resolve_type or default_type_resolver
    by_name: dict[str, Complete] = {}

    def typed(name: Any, value: Any, run: Run, indices: Indices) -> Any:
        complete_object = by_name.get(name) if isinstance(name, str) else None
        if complete_object is None:
            info = _info(run, field, indices)
            found = runtime_type(run.plan.schema, name, type_, field.nodes, info, value)
            complete_object = by_name[name] = object_completer(run.plan, field, found)
        return complete_object(value, run, indices)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        name = resolve_type(value, _info(run, field, indices), type_)
        if is_awaitable(name):
            return _later(name, value, typed, field, indices, run)
        return typed(name, value, run, indices)

    return complete


def _list(plan: PlanInterface, field: FieldPlan, type_: GraphQLList[Any]) -> Complete:
    complete_items, complete_async_items = plan.item_functions(field, type_)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        if value.__class__ is list:
            return complete_items(value, run, indices)
        if is_async_iterable(value):
            return complete_async_items(value, run, indices)
        if not is_iterable(value):
            name = f"{field.parent_type}.{field.nodes[0].name.value}"
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{name}'.")
        return complete_items(value, run, indices)

    return complete


def _later(
    answer: Awaitable[Any],
    value: Any,
    complete: Callable[[Any, Any, Run, Indices], Any],
    field: FieldPlan,
    indices: Indices,
    run: Run,
) -> Pending:
    return Pending(answer, lambda found, run, indices: complete(found, value, run, indices), field, indices, run)


def _info(run: Run, field: FieldPlan, indices: Indices) -> Any:
    return info_of(run, field.field, field.field_indices(indices))
