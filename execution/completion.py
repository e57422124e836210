"""Completing values: one function a position, made with the plan.

"Value Completion" of the GraphQL specification, as graphql-core has it. Every function here takes what a resolver
gave, the run and the indices, and gives what stands in the response, or a `Pending`. They raise; whoever called them
knows the place. Generated code calls them for whatever it does not recognise at once.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

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

from bulksend.execution.field_plan import Indices, Position
from bulksend.execution.info import info_of
from bulksend.execution.private_apis import default_type_resolver, runtime_type
from bulksend.execution.run import Complete, Pending, Run

if TYPE_CHECKING:
    from bulksend.execution.plan import Plan


def receiver(complete: Complete, position: Position) -> Complete:
    """Give the function that takes a resolver's result, awaitable or not."""

    def receive(value: Any, run: Run, indices: Indices) -> Any:
        if is_awaitable(value):
            return Pending(value, complete, position, indices, run)
        return complete(value, run, indices)

    return receive


def completer(plan: "Plan", position: Position) -> Complete:
    """Give the function that completes values at this position."""
    if not is_non_null_type(position.type):
        return _nullable(plan, position, position.type)
    complete_nullable = _nullable(plan, position, position.type.of_type)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        completed = complete_nullable(value, run, indices)
        if completed is None:
            raise TypeError(position.null_refused)
        return completed

    return complete


def _nullable(plan: "Plan", position: Position, type_: GraphQLOutputType) -> Complete:
    complete_value = _value(plan, position, type_)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            return None
        return complete_value(value, run, indices)

    return complete


def _value(plan: "Plan", position: Position, type_: Any) -> Complete:
    if is_leaf_type(type_):
        return _leaf(type_)
    if is_list_type(type_):
        return _list(plan, position, type_)
    if is_abstract_type(type_):
        return _abstract(plan, position, type_)
    return object_completer(plan, position, type_)


def _leaf(type_: Any) -> Complete:
    coerce: Callable[[Any], Any] = type_.coerce_output_value

    def complete(value: Any, _run: Run, _indices: Indices) -> Any:
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise nothing_made(type_, value, coerced)
        return coerced

    return complete


def nothing_made(type_: Any, value: Any, coerced: Any) -> TypeError:
    """Give the error of a scalar that makes null of a value."""
    return TypeError(
        f"Expected `{inspect(type_)}.coerce_output_value({inspect(value)})` to return non-nullable value, "
        f"returned: {inspect(coerced)}"
    )


def object_completer(plan: "Plan", position: Position, type_: GraphQLObjectType) -> Complete:
    """Give the function that completes an object of this very type."""
    select = plan.selection(type_, position)
    is_type_of = type_.is_type_of
    if is_type_of is None:
        return select

    def checked(is_of_type: Any, value: Any, run: Run, indices: Indices) -> Any:
        if not is_of_type:
            message = f"Expected value of type '{type_}' but got: {inspect(value)}."
            raise GraphQLError(message, position.nodes)
        return select(value, run, indices)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        is_of_type = is_type_of(value, _info(run, position, indices))
        if is_awaitable(is_of_type):
            return _later(is_of_type, value, checked, position, indices, run)
        return checked(is_of_type, value, run, indices)

    return complete


def _abstract(plan: "Plan", position: Position, type_: GraphQLAbstractType) -> Complete:
    """The runtime type's own function is made when a value of that type first comes."""
    resolve_type = type_.resolve_type or default_type_resolver
    by_name: dict[Any, Complete] = {}

    def typed(name: Any, value: Any, run: Run, indices: Indices) -> Any:
        complete_object = by_name.get(name) if isinstance(name, str) else None
        if complete_object is None:
            info = _info(run, position, indices)
            found = runtime_type(plan.schema, name, type_, position.nodes, info, value)
            complete_object = by_name[name] = object_completer(plan, position, found)
        return complete_object(value, run, indices)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        name = resolve_type(value, _info(run, position, indices), type_)
        if is_awaitable(name):
            return _later(name, value, typed, position, indices, run)
        return typed(name, value, run, indices)

    return complete


def _list(plan: "Plan", position: Position, type_: GraphQLList[Any]) -> Complete:
    complete_items, complete_items_as_they_come = plan.items(position, type_)

    def complete(value: Any, run: Run, indices: Indices) -> Any:
        if value.__class__ is list:
            return complete_items(value, run, indices)
        if is_async_iterable(value):
            return complete_items_as_they_come(value, run, indices)
        if not is_iterable(value):
            field = f"{position.parent_type}.{position.nodes[0].name.value}"
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{field}'.")
        return complete_items(value, run, indices)

    return complete


def _later(
    answer: Awaitable[Any],
    value: Any,
    complete: Callable[[Any, Any, Run, Indices], Any],
    position: Position,
    indices: Indices,
    run: Run,
) -> Pending:
    return Pending(answer, lambda found, run, indices: complete(found, value, run, indices), position, indices, run)


def _info(run: Run, position: Position, indices: Indices) -> Any:
    return info_of(run, position.field, position.field_indices(indices))
