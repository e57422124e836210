"""Completing the items of a list, each at its own index."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import suppress
from itertools import repeat
from typing import Any, TypeAlias

from graphql import GraphQLList, GraphQLObjectType, is_non_null_type
from graphql.pyutils import is_awaitable

from bulksend.execution.awaiting import finish_in_background
from bulksend.execution.completion import awaiting, completer
from bulksend.execution.field_plan import FieldPlan, Indices
from bulksend.execution.row_expressions import RowReader, row_reader
from bulksend.execution.row_mapping import RowList
from bulksend.execution.run import Complete, Pending, PlanInterface, Run

# Completes objects of one class; the last argument has for each what is known of it already.
Each: TypeAlias = "Callable[[Iterable[Any], Run, Indices, Iterable[Any]], list[Any]]"


def item_completers(plan: PlanInterface, item: FieldPlan, type_: GraphQLList[Any]) -> tuple[Complete, Complete]:
    """Return the functions that complete the items of an iterable, and of an asynchronous one."""
    complete_item = awaiting(completer(plan, item), item)
    complete_any, complete_async = _items(item, complete_item), _async_items(item, complete_item)
    item_type = type_.of_type.of_type if is_non_null_type(type_.of_type) else type_.of_type
    python_class = plan.python_class(item_type)
    if python_class is None or not isinstance(item_type, GraphQLObjectType):
        return complete_any, complete_async
    complete_each = _each(item, plan.object_function(item_type, item))
    complete_objects = _objects(python_class, complete_each, complete_any)
    reader = row_reader(plan, item_type, item)
    return _rows(python_class, reader, item, complete_objects) if reader else complete_objects, complete_async


def _items(item: FieldPlan, complete_item: Complete) -> Complete:
    def complete(values: Any, run: Run, indices: Indices) -> list[Any]:
        completed: list[Any] = []
        iterator = iter(values)
        try:
            for index, value in enumerate(iterator):
                completed.append(_item(item, complete_item, value, run, (indices, index), completed))
        except Exception:
            _drop_rest(iterator, item, indices, run)
            raise
        return completed

    return complete


def _objects(python_class: type, complete_each: Each, complete_any: Complete) -> Complete:
    """Lists of direct instances of one class: they are neither awaitable, nor null, nor errors."""
    all_are_instances = frozenset((python_class,)).issuperset

    def complete(values: Any, run: Run, indices: Indices) -> Any:
        if values.__class__ is list and all_are_instances(map(type, values)):
            return complete_each(values, run, indices, repeat(None))
        return complete_any(values, run, indices)

    return complete


def _rows(python_class: type, reader: RowReader, item: FieldPlan, complete_objects: Complete) -> Complete:
    def complete(values: Any, run: Run, indices: Indices) -> Any:
        if values.__class__ is not RowList or values.of is not python_class:
            return complete_objects(values, run, indices)
        if not values.rows:
            return []
        try:
            found = reader.read(values, run, indices)
        except Exception:
            # No resolver of an object has been called yet. Object by object it turns out what is wrong, and where.
            found = None
        if found is None:
            return complete_objects(list(values), run, indices)
        complete_object, known = found
        return known if complete_object is None else _each(item, complete_object)(values, run, indices, known)

    return complete


def _each(item: FieldPlan, complete_object: Callable[..., Any]) -> Each:
    def complete(values: Iterable[Any], run: Run, indices: Indices, known: Iterable[Any]) -> list[Any]:
        completed: list[Any] = []
        for value, values_of_fields in zip(values, known, strict=False):
            try:
                made = complete_object(value, run, (indices, len(completed)), values_of_fields)
            except Exception as error:
                if item.is_non_null:
                    raise run.locate(error, item, (indices, len(completed))) from error
                run.fail(error, item, (indices, len(completed)))
                made = None
            completed.append(made)
        return completed

    return complete


def _async_items(item: FieldPlan, complete_item: Complete) -> Complete:
    """Complete an asynchronous iterable's items as they come; what they await is started when the list exists."""

    async def read(values: AsyncIterable[Any], run: Run, indices: Indices) -> tuple[list[Any], list[Pending]]:
        completed: list[Any] = []
        held: list[Pending] = []
        iterator = aiter(values)
        try:
            async for value in _located(iterator, item, run, indices):
                before = len(run.pending)
                try:
                    completed.append(_item(item, complete_item, value, run, (indices, len(completed)), completed))
                finally:
                    held += run.pending[before:]
                    del run.pending[before:]
        except BaseException:
            finish_in_background([pending.awaitable for pending in held])
            await _close(iterator)
            raise
        return completed, held

    def start(values: AsyncIterable[Any], run: Run, indices: Indices) -> Pending:
        return Pending(read(values, run, indices), end, item.list_field, indices, run)

    def end(read_items: tuple[list[Any], list[Pending]], run: Run, _indices: Indices) -> list[Any]:
        completed, held = read_items
        run.pending += held
        return completed

    return start


async def _located(iterator: AsyncIterator[Any], item: FieldPlan, run: Run, indices: Indices) -> AsyncIterator[Any]:
    """Iterate; an error of the iteration itself is the list's."""
    while True:
        try:
            value = await anext(iterator)
        except StopAsyncIteration:
            return
        except Exception as error:
            raise run.locate(error, item.list_field, indices) from error
        yield value


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()


def _item(
    item: FieldPlan, complete_item: Complete, value: Any, run: Run, indices: Indices, completed: list[Any]
) -> Any:
    try:
        made = complete_item(value, run, indices)
    except Exception as error:
        if item.is_non_null:
            raise run.locate(error, item, indices) from error
        run.fail(error, item, indices)
        return None
    if made.__class__ is Pending:
        made.container = completed
        made.key = len(completed)
    return made


def _drop_rest(iterator: Any, item: FieldPlan, indices: Indices, run: Run) -> None:
    """Take over the remaining awaitables, so that they end: without a container their values go nowhere."""
    with suppress(Exception):
        for value in iterator:
            if is_awaitable(value):
                Pending(value, _ignored, item, (indices, 0), run)


def _ignored(_value: Any, _run: Run, _indices: Indices) -> None:
    return None
