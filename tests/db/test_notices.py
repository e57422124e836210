"""Notices continue after failures of their connections."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from bulksend.db import notices as notices_module
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool

# Raised by asyncpg when PostgreSQL crashed in the middle of a message.
CONFUSED = asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")


async def test_a_listener_goes_on_after_any_error(pool: Pool, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_module, "FIRST_BACKOFF", 0.001)
    connect, failures = asyncpg.connect, [CONFUSED, OSError(), ValueError()]

    async def failing_first(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return await connect(*arguments, **options)

    monkeypatch.setattr(asyncpg, "connect", failing_first)
    await _receives_a_notice(Notices(pool, dsn), pool)
    assert not failures


async def test_a_sender_goes_on_after_any_error(pool: Pool, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [CONFUSED, OSError()]

    class FailingFirst:
        async def execute(self, *arguments: Any) -> Any:
            if failures:
                raise failures.pop()
            return await pool.execute(*arguments)

    sending, receiving = Notices(FailingFirst(), dsn), Notices(pool, dsn)  # type: ignore[arg-type]
    tasks = [asyncio.create_task(each.run()) for each in (sending, receiving)]
    try:
        await _is_told(sending, receiving)
        while failures:  # the listener notifies all watchers when it starts
            await _is_told(sending, receiving)
    finally:
        await _cancel(*tasks)


async def _receives_a_notice(receiving: Notices, pool: Pool) -> None:
    sending = Notices(pool, receiving._listen_dsn)
    tasks = [asyncio.create_task(each.run()) for each in (sending, receiving)]
    try:
        await _is_told(sending, receiving)
    finally:
        await _cancel(*tasks)


async def _is_told(sending: Notices, receiving: Notices) -> None:
    """Send a notice repeatedly until it arrives: the listener may not be connected yet."""
    bulk_send_id = uuid4()
    async with asyncio.timeout(20):
        with receiving.watch(bulk_send_id) as changed:
            while not changed.is_set():
                sending.changed(uuid4(), bulk_send_id)
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), 0.1)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        assert not task.done()
        task.cancel()
    await asyncio.wait(tasks)
