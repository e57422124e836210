"""Read, follow and delete bulk sends."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

from bulksend.db import bulk_sends
from bulksend.db.bulk_sends import BulkSendRow, Filters
from bulksend.db.pages import NEWEST, OLDEST, Page, Span
from bulksend.db.pool import Connection, planning_anew, reading, write
from bulksend.db.read_replica import Enter
from bulksend.resolvers.context import Context, Gateway
from bulksend.resolvers.pages import ConnectionPage, ListCursors, PageArguments, connection_page

MAXIMUM_PAGE = 100
# Notices may be lost, so a watcher reads the database again after this long without one.
POLL_SECONDS = 1.0


async def get(context: Context, bulk_send_id: UUID) -> BulkSendRow | None:
    """Return one bulk send of the viewer's organization, or None."""
    return await context.loaders.bulk_sends.load(bulk_send_id)


async def get_directly(context: Context, bulk_send_id: UUID) -> BulkSendRow | None:
    """Return one bulk send without waiting for a loader's batch: for a request that reads nothing beside it."""
    row = await read_current(context.gateway, organization_id=context.caller.organization_id, bulk_send_id=bulk_send_id)
    if row:
        context.loaders.prime_bulk_sends([row])
    return row


async def read_page(
    context: Context,
    arguments: PageArguments,
    filters: Filters,
    *,
    oldest_first: bool = False,
    with_templates: bool = False,
) -> ConnectionPage[BulkSendRow]:
    """Return one page of bulk sends, newest first by default, each with its template if requested.

    Raise `BadUserInput` for invalid page arguments.
    """
    cursors = _cursors(context.caller.organization_id, filters, oldest_first)
    read = partial(
        bulk_sends.read_page,
        organization_id=context.caller.organization_id,
        span=_span(arguments, cursors, oldest_first=oldest_first),
        filters=filters,
        with_templates=with_templates,
    )
    page = await context.gateway.replica.read(_enter(filters), read)
    # Their documents need not load them again.
    context.loaders.prime_bulk_sends(page.rows)
    shown = Page(page.rows[::-1], page.has_more) if oldest_first else page
    return connection_page(shown, lambda row: cursors.encode(row.id), arguments)


def _span(arguments: PageArguments, cursors: ListCursors, *, oldest_first: bool) -> Span:
    size = arguments.size(MAXIMUM_PAGE)
    after = cursors.decode(arguments.after, field="after")[0] if arguments.after is not None else None
    before = cursors.decode(arguments.before, field="before")[0] if arguments.before is not None else None
    if oldest_first:
        # The same list, read backwards.
        return Span(size, before or NEWEST, after or OLDEST, backwards=not arguments.backwards)
    return Span(size, after or NEWEST, before or OLDEST, backwards=arguments.backwards)


@lru_cache(maxsize=256)
def _cursors(organization_id: UUID, filters: Filters, oldest_first: bool) -> ListCursors:  # cached
    # Nearly every page has the same few filters, and hashing them takes as long as reading three rows.
    kind = "bulkSends, oldest first" if oldest_first else "bulkSends"
    return ListCursors(kind, filters, parent=organization_id)


async def count(context: Context, filters: Filters) -> int:
    """Return the number of bulk sends that match the filters."""
    read = partial(bulk_sends.count, organization_id=context.caller.organization_id, filters=filters)
    return await context.gateway.replica.read(_enter(filters), read)


def _enter(filters: Filters) -> Enter:
    # Some statuses match few rows and others most: such a statement is planned for its values.
    return reading if filters.status is None else planning_anew


async def delete(context: Context, bulk_send_id: UUID) -> bool:
    """Soft-delete a bulk send and all its documents; return False if there is none. Nothing is claimed afterwards."""
    organization_id = context.caller.organization_id

    async def work(conn: Connection) -> bool:
        if not await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=bulk_send_id):
            return False
        return await bulk_sends.delete(conn, organization_id=organization_id, bulk_send_id=bulk_send_id)

    deleted = await write(context.gateway.pool, work)
    context.gateway.notices.changed(organization_id, bulk_send_id)
    return deleted


async def wait_until_finished(
    gateway: Gateway, *, organization_id: UUID, bulk_send_id: UUID, seconds: float
) -> BulkSendRow | None:
    """Return a bulk send once no delivery is pending, or as it is after `seconds`; None once deleted.

    Hold no connection while waiting.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    with gateway.notices.watch(bulk_send_id) as changed:
        while True:
            changed.clear()
            row = await read_current(gateway, organization_id=organization_id, bulk_send_id=bulk_send_id)
            left = deadline - asyncio.get_running_loop().time()
            if row is None or row.pending_count == 0 or left <= 0 or gateway.stopping.is_set():
                return row
            await wait_for_change(changed, min(left, POLL_SECONDS))


async def follow(
    context: Context, bulk_send_id: UUID, *, until_closed: bool = False
) -> AsyncGenerator[BulkSendRow | None, None]:
    """Yield the bulk send now and after each change, at most 4 times a second, until nothing is pending.

    `until_closed`: go on until, besides, every document is signed, declined, expired or cancelled.

    Yield one None and end if there is none or once it is deleted. Hold no connection while waiting.
    """
    seen = 0
    key = context.caller.organization_id, bulk_send_id
    async with context.gateway.feeds.watch(key, until_closed=until_closed) as feed:
        while not (seen and feed.has_ended and seen == feed.version):
            seen = await feed.next(seen)
            yield feed.row


async def wait_for_change(changed: asyncio.Event, seconds: float) -> None:
    """Wait for a notice, at most `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return


async def read_current(gateway: Gateway, *, organization_id: UUID, bulk_send_id: UUID) -> BulkSendRow | None:
    """Fetch the current state of a bulk send, bypassing loaders; None if there is none."""
    async with reading(gateway.pool) as conn:
        rows = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send_id])
    return rows[0] if rows else None


async def next_bulk_send_at(context: Context) -> datetime | None:
    """Return when the organization may create its next bulk send; None means now."""
    gateway = context.gateway
    async with reading(gateway.pool) as conn:
        allowed = await bulk_sends.next_allowed(
            conn, organization_id=context.caller.organization_id, interval=gateway.bulk_send_interval
        )
    return allowed.at if allowed else None


async def last_bulk_send(context: Context) -> BulkSendRow | None:
    """Return the newest bulk send, which shows a caller whose connection broke whether its create succeeded."""
    async with reading(context.gateway.pool) as conn:
        return await bulk_sends.newest(conn, organization_id=context.caller.organization_id)
