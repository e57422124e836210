"""Waiting for what a plan's resolvers gave to be awaited.

Each value is completed as soon as it comes, whatever its siblings do, and what its own fields give to be awaited is
begun at once; those that come in one turn of the event loop are asked for in one turn, so loaders batch. One value
alone is awaited where we are, without a task.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from bulksend.execution.background import settle
from bulksend.execution.run import Pending, Run


def drop_unwanted(run: Run) -> bool:
    """Let end in the background what lies within a place that is null already; whether anything else is pending."""
    if run.pending and (run.nulled or any(pending.container is None for pending in run.pending)):
        unwanted = [pending for pending in run.pending if _is_unwanted(run, pending)]
        run.pending[:] = [pending for pending in run.pending if not _is_unwanted(run, pending)]
        settle([pending.awaitable for pending in unwanted])
    return bool(run.pending)


async def settle_all(run: Run) -> None:
    """Wait until everything pending has come. Raises what is no error of a field: cancellation, above all."""
    while drop_unwanted(run):
        if len(run.pending) > 1:
            await _Together(run).wait()
            return
        pending = run.pending.pop()
        try:
            value = await pending.awaitable
        except Exception as error:
            _refuse(run, pending, error)
        else:
            _deliver(run, pending, value)


class _Together:
    """Several awaitables at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Several fields may wait for one future: a loader gives one for each key.
        self._begun: dict[asyncio.Future[Any], list[Pending]] = {}
        # A future of somebody else's, such as a loader's, is not ours to cancel.
        self._ours: set[asyncio.Future[Any]] = set()

    async def wait(self) -> None:
        try:
            self._begin()
            if self._begun:
                await self._idle
        except BaseException:
            await self._cancel()
            raise

    def _begin(self) -> None:
        """Begin what is pending; what has come already is completed here, and what that gives is begun too."""
        while drop_unwanted(self._run):
            begun, self._run.pending = self._run.pending, []
            for pending in begun:
                self._begin_one(pending)

    def _begin_one(self, pending: Pending) -> None:
        future = _future(pending.awaitable)
        if future.done() and not future.cancelled():
            self._end(pending, future)
        elif future in self._begun:
            self._begun[future].append(pending)
        else:
            self._begun[future] = [pending]
            if future is not pending.awaitable:
                self._ours.add(future)
            future.add_done_callback(self._came)

    def _came(self, future: asyncio.Future[Any]) -> None:
        self._ours.discard(future)
        waiting = self._begun.pop(future, [])
        if not waiting or self._idle.done():
            if not future.cancelled():
                future.exception()
            return
        try:
            self._go_on(waiting, future)
        except BaseException as error:
            # Out of a callback it would reach nobody, and the execution would wait for ever.
            self._idle.set_exception(error)

    def _go_on(self, waiting: list[Pending], future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            raise asyncio.CancelledError
        nulled = len(self._run.nulled)
        for pending in waiting:
            self._end(pending, future)
        self._begin()
        if len(self._run.nulled) > nulled:
            self._give_up_nulled()
        if not self._begun:
            self._idle.set_result(None)

    def _end(self, pending: Pending, future: asyncio.Future[Any]) -> None:
        error = future.exception()
        if error is None:
            _deliver(self._run, pending, future.result())
        elif isinstance(error, Exception):
            _refuse(self._run, pending, error)
        else:
            raise error

    def _give_up_nulled(self) -> None:
        for future, waiting in list(self._begun.items()):
            waiting[:] = [pending for pending in waiting if not _is_unwanted(self._run, pending)]
            if not waiting:
                del self._begun[future]
                if future in self._ours:
                    future.cancel()

    async def _cancel(self) -> None:
        ours = list(self._ours)
        self._begun.clear()
        for future in ours:
            future.cancel()
        await asyncio.gather(*ours, return_exceptions=True)
        settle([pending.awaitable for pending in self._run.pending])
        self._run.pending.clear()


def _future(awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
    is_known = isinstance(awaitable, asyncio.Future) or asyncio.iscoroutine(awaitable)
    return asyncio.ensure_future(awaitable if is_known else _awaited(awaitable))


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _deliver(run: Run, pending: Pending, value: Any) -> None:
    try:
        completed = pending.complete(value, run, pending.indices)
    except Exception as error:
        _refuse(run, pending, error)
        return
    pending.container[pending.key] = completed
    if completed.__class__ is Pending:
        completed.container = pending.container
        completed.key = pending.key


def _refuse(run: Run, pending: Pending, error: Exception) -> None:
    """Note an error and make null what may be: the place itself, or the nearest around it."""
    position = pending.position
    located = run.locate(error, position, pending.indices)
    place = tuple(position.path(pending.indices))[: position.survives]
    if run.add(located, place):
        run.put_null(place)


def _is_unwanted(run: Run, pending: Pending) -> bool:
    return pending.container is None or run.is_nulled(tuple(pending.position.path(pending.indices)))
