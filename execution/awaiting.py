"""Awaiting the values that resolvers return as awaitables.

Each value is completed as soon as it arrives, whatever its siblings do, and the awaitables below it are started at
once. Everything that arrives in one turn of the event loop is completed in that turn, so DataLoaders batch as they do
under graphql-core. A single awaitable is awaited directly, without a task.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Sequence
from typing import Any

from bulksend.execution.field_plan import FieldPlan, Indices
from bulksend.execution.run import Pending, Run

_background: set[asyncio.Future[Any]] = set()


def finish_in_background(awaitables: Sequence[Awaitable[Any]]) -> None:
    """Let awaitables that are no longer needed end, ignoring their results.

    Without a running event loop coroutines are closed instead.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        for awaitable in awaitables:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
        return
    for awaitable in awaitables:
        future = asyncio.ensure_future(_awaited(awaitable))
        _background.add(future)
        future.add_done_callback(_ended)


def drop_unwanted(run: Run) -> bool:
    """Move pending values within places that are null to the background; return whether others are pending."""
    if run.pending and (run.nulled or any(pending.container is None for pending in run.pending)):
        unwanted = [pending for pending in run.pending if _is_unwanted(run, pending)]
        run.pending[:] = [pending for pending in run.pending if not _is_unwanted(run, pending)]
        finish_in_background([pending.awaitable for pending in unwanted])
    return bool(run.pending)


async def await_all(run: Run) -> None:
    """Wait until nothing is pending. Raises what is not a field's error, such as cancellation."""
    while drop_unwanted(run):
        if len(run.pending) > 1:
            await _Group(run).wait()
            return
        pending = run.pending.pop()
        try:
            value = await pending.awaitable
        except Exception as error:
            fail(run, pending.field, pending.indices, error)
        else:
            _deliver(run, pending, value)


def fail(run: Run, field: FieldPlan, indices: Indices, error: Exception) -> None:
    """Record an error that occurred after the enclosing objects were built, and put null where it may stand."""
    located = run.locate(error, field, indices)
    place = tuple(field.path(indices))[: field.surviving]
    if run.add(located, place):
        run.put_null(place)


class _Group:
    """Several awaitables at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._all_done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Several fields may wait for one future: a loader returns one for each key.
        self._waiting: dict[asyncio.Future[Any], list[Pending]] = {}
        # Futures made elsewhere, such as a loader's, must not be cancelled here.
        self._own: set[asyncio.Future[Any]] = set()

    async def wait(self) -> None:
        try:
            self._start()
            if self._waiting:
                await self._all_done
        except BaseException:
            await self._cancel()
            raise

    def _start(self) -> None:
        """Start what is pending. What is done already is completed here, and what it makes pending started too."""
        while drop_unwanted(self._run):
            started, self._run.pending = self._run.pending, []
            for pending in started:
                self._start_one(pending)

    def _start_one(self, pending: Pending) -> None:
        future = _future(pending.awaitable)
        if future.done() and not future.cancelled():
            self._complete(pending, future)
        elif future in self._waiting:
            self._waiting[future].append(pending)
        else:
            self._waiting[future] = [pending]
            if future is not pending.awaitable:
                self._own.add(future)
            future.add_done_callback(self._on_done)

    def _on_done(self, future: asyncio.Future[Any]) -> None:
        self._own.discard(future)
        waiting = self._waiting.pop(future, [])
        if not waiting or self._all_done.done():
            if not future.cancelled():
                future.exception()
            return
        try:
            self._continue(waiting, future)
        except BaseException as error:
            # Raised from a callback it would reach nobody, and the execution would wait forever.
            self._all_done.set_exception(error)

    def _continue(self, waiting: list[Pending], future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            raise asyncio.CancelledError
        nulled = len(self._run.nulled)
        for pending in waiting:
            self._complete(pending, future)
        self._start()
        if len(self._run.nulled) > nulled:
            self._stop_waiting_for_nulled()
        if not self._waiting:
            self._all_done.set_result(None)

    def _complete(self, pending: Pending, future: asyncio.Future[Any]) -> None:
        error = future.exception()
        if error is None:
            _deliver(self._run, pending, future.result())
        elif isinstance(error, Exception):
            fail(self._run, pending.field, pending.indices, error)
        else:
            raise error

    def _stop_waiting_for_nulled(self) -> None:
        for future, waiting in list(self._waiting.items()):
            waiting[:] = [pending for pending in waiting if not _is_unwanted(self._run, pending)]
            if not waiting:
                del self._waiting[future]
                if future in self._own:
                    future.cancel()

    async def _cancel(self) -> None:
        own = list(self._own)
        self._waiting.clear()
        for future in own:
            future.cancel()
        await asyncio.gather(*own, return_exceptions=True)
        finish_in_background([pending.awaitable for pending in self._run.pending])
        self._run.pending.clear()


def _future(awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
    is_known = isinstance(awaitable, asyncio.Future) or asyncio.iscoroutine(awaitable)
    return asyncio.ensure_future(awaitable if is_known else _awaited(awaitable))


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _ended(future: asyncio.Future[Any]) -> None:
    _background.discard(future)
    if not future.cancelled():
        future.exception()


def _deliver(run: Run, pending: Pending, value: Any) -> None:
    try:
        completed = pending.complete(value, run, pending.indices)
    except Exception as error:
        fail(run, pending.field, pending.indices, error)
        return
    pending.container[pending.key] = completed
    if completed.__class__ is Pending:
        completed.container = pending.container
        completed.key = pending.key


def _is_unwanted(run: Run, pending: Pending) -> bool:
    return pending.container is None or run.is_nulled(tuple(pending.field.path(pending.indices)))
