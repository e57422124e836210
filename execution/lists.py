"""Completing the items of a list, each at its own index; lists of one kind of object, or of text, without questions."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graphql import GraphQLID, GraphQLList, GraphQLObjectType, GraphQLString, is_non_null_type
from graphql.pyutils import is_awaitable

from bulksend.execution.background import settle
from bulksend.execution.columns import Rows
from bulksend.execution.completion import completer, receiver
from bulksend.execution.field_plan import Indices, Position
from bulksend.execution.run import Complete, Pending, Run

if TYPE_CHECKING:
    from bulksend.execution.plan import Plan

Each: TypeAlias = "Callable[[list[Any], Run, Indices, Iterable[Any]], list[Any]]"

_TEXT: Final = (GraphQLString, GraphQLID)


def items_completers(plan: "Plan", position: Position, type_: GraphQLList[Any]) -> tuple[Complete, Complete]:
    """Make the functions that complete the items of an iterable, and of an asynchronous one."""
    item = plan.item(position, type_)
    nullable = item.type.of_type if is_non_null_type(item.type) else item.type
    receive = receiver(completer(plan, item), item)
    complete_any = _items(item, receive)
    as_they_come = _items_as_they_come(item, receive, position)
    if nullable in _TEXT:
        return _texts(complete_any), as_they_come
    own_class = plan.own_class(nullable)
    if own_class is None or not isinstance(nullable, GraphQLObjectType):
        return complete_any, as_they_come
    complete_each = _each(item, plan.selection(nullable, item))
    return _objects(own_class, plan.rows(nullable, item), item, complete_each, complete_any), as_they_come


def _items(item: Position, receive: Complete) -> Complete:
    def complete(values: Any, run: Run, indices: Indices) -> list[Any]:
        completed: list[Any] = []
        iterator = iter(values)
        try:
            for index, value in enumerate(iterator):
                completed.append(_item(item, receive, value, run, (indices, index), completed))
        except Exception:
            _settle_rest(iterator, item, indices, run)
            raise
        return completed

    return complete


def _objects(
    own_class: type, rows: Rows | None, item: Position, complete_each: Each, complete_any: Complete
) -> Complete:
    is_own = frozenset((own_class,)).issuperset
    read = rows.read if rows else None
    make_each = _each(item, rows.make) if rows and rows.make else None

    def complete(values: Any, run: Run, indices: Indices) -> Any:
        if values.__class__ is not list or not is_own(map(type, values)):
            return complete_any(values, run, indices)
        if read is None:
            return complete_each(values, run, indices, repeat(None))
        try:
            found = read(values, run)
        except Exception:
            # Nothing has been called yet. One by one they tell what is wrong, and where.
            return complete_each(values, run, indices, repeat(None))
        return make_each(values, run, indices, found) if make_each else found

    return complete


def _each(item: Position, make: Callable[..., Any]) -> Each:
    def complete(values: list[Any], run: Run, indices: Indices, read: Iterable[Any]) -> list[Any]:
        completed: list[Any] = []
        for value, given in zip(values, read, strict=False):
            try:
                made = make(value, run, (indices, len(completed)), given)
            except Exception as error:
                if item.is_non_null:
                    raise run.locate(error, item, (indices, len(completed))) from error
                run.fail(error, item, (indices, len(completed)))
                made = None
            completed.append(made)
        return completed

    return complete


def _texts(complete_any: Complete) -> Complete:
    def complete(values: Any, run: Run, indices: Indices) -> Any:
        if values.__class__ is not list or [value for value in values if value.__class__ is not str]:
            return complete_any(values, run, indices)
        return values[:]

    return complete


def _items_as_they_come(item: Position, receive: Complete, position: Position) -> Complete:
    """Complete an asynchronous iterable's items as they come; what they await is begun when the list is there."""

    async def read(values: AsyncIterable[Any], run: Run, indices: Indices) -> tuple[list[Any], list[Pending]]:
        completed: list[Any] = []
        held: list[Pending] = []
        iterator = aiter(values)
        try:
            async for value in _located(iterator, position, run, indices):
                before = len(run.pending)
                try:
                    completed.append(_item(item, receive, value, run, (indices, len(completed)), completed))
                finally:
                    held += run.pending[before:]
                    del run.pending[before:]
        except BaseException:
            settle([pending.awaitable for pending in held])
            await _close(iterator)
            raise
        return completed, held

    def begin(values: AsyncIterable[Any], run: Run, indices: Indices) -> Pending:
        return Pending(read(values, run, indices), end, position, indices, run)

    def end(came: tuple[list[Any], list[Pending]], run: Run, _indices: Indices) -> list[Any]:
        completed, held = came
        run.pending += held
        return completed

    return begin


async def _located(iterator: AsyncIterator[Any], position: Position, run: Run, indices: Indices) -> AsyncIterator[Any]:
    """Iterate; an error of the iteration itself is the field's."""
    while True:
        try:
            value = await anext(iterator)
        except StopAsyncIteration:
            return
        except Exception as error:
            raise run.locate(error, position, indices) from error
        yield value


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()


def _item(item: Position, receive: Complete, value: Any, run: Run, indices: Indices, completed: list[Any]) -> Any:
    try:
        given = receive(value, run, indices)
    except Exception as error:
        if item.is_non_null:
            raise run.locate(error, item, indices) from error
        run.fail(error, item, indices)
        return None
    if given.__class__ is Pending:
        given.container = completed
        given.key = len(completed)
    return given


def _settle_rest(iterator: Any, item: Position, indices: Indices, run: Run) -> None:
    """Take up the awaitables that nobody will ask for any more: without a container they only end."""
    with suppress(Exception):
        for value in iterator:
            if is_awaitable(value):
                Pending(value, _nothing, item, (indices, 0), run)


def _nothing(_value: Any, _run: Run, _indices: Indices) -> None:
    return None
