"""A single read of the changes in an organization serves all its watchers in a process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any
from uuid import uuid4

import pytest
from support.bulk_sends import Sent, addresses, create_for_new_organization
from support.gateway import RunningGateway, Tenant, create, new_tenant
from support.graphql_socket import Socket, initialised
from support.statements import counted

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.resolvers.organization_feed import MOST_WAITING, Inbox, OrganizationFeeds

CHANGE = "UPDATE bulk_sends SET sent_count = sent_count + 1 WHERE id = $1"
DELETE = "mutation($id: ID!) { deleteBulkSend(input: {id: $id}) { deletedBulkSendId } }"
WATCH = "subscription { bulkSends { id name sentCount } }"


@pytest.fixture
def notices(pool: Pool, dsn: str) -> Notices:
    return Notices(pool, dsn)


async def started(states: AsyncGenerator[BulkSendRow | None, None]) -> "asyncio.Task[BulkSendRow | None]":
    """Start waiting for the next state."""
    task = asyncio.create_task(anext(states))
    await asyncio.sleep(0)
    return task


async def change(pool: Pool, notices: Notices, sent: Sent) -> None:
    await pool.execute(CHANGE, sent.id)
    notices.changed(sent.organization_id, sent.id)


def _sent_count(row: BulkSendRow | None) -> int:
    assert row
    return row.sent_count


async def test_many_watchers_cost_one_read_a_change(pool: Pool, notices: Notices) -> None:
    sent = await create_for_new_organization(pool, addresses(5))
    feeds = OrganizationFeeds(pool, notices)
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        watchers = [await stack.enter_async_context(aclosing(feeds.follow(sent.organization_id))) for _ in range(50)]
        waiting = [await started(watcher) for watcher in watchers]
        async with counted(pool) as statements:
            await change(pool, notices, sent)
            rows = await asyncio.gather(*waiting)
        assert list(map(_sent_count, rows)) == [1] * 50
        assert len(statements) == 2, "the change, and one read"
    assert not feeds.watched


async def test_what_did_not_change_is_not_told_again(pool: Pool, notices: Notices) -> None:
    sent = await create_for_new_organization(pool, addresses(5))
    async with asyncio.timeout(20), aclosing(OrganizationFeeds(pool, notices).follow(sent.organization_id)) as states:
        first = await started(states)
        await change(pool, notices, sent)
        assert _sent_count(await first) == 1
        second = await started(states)
        notices.changed(sent.organization_id, sent.id)
        await change(pool, notices, sent)
        assert _sent_count(await second) == 2


async def test_other_organizations_are_not_told(pool: Pool, notices: Notices) -> None:
    ours, theirs = [await create_for_new_organization(pool, addresses(2)) for _ in range(2)]
    async with asyncio.timeout(20), aclosing(OrganizationFeeds(pool, notices).follow(ours.organization_id)) as states:
        waiting = await started(states)
        await change(pool, notices, theirs)
        # Not even if the notice names our organization.
        notices.changed(ours.organization_id, theirs.id)
        assert await waiting is None
        waiting = await started(states)
        await change(pool, notices, ours)
        assert _sent_count(await waiting) == 1


async def test_after_a_gap_the_list_is_to_be_read_again(pool: Pool, notices: Notices) -> None:
    async with asyncio.timeout(20), aclosing(OrganizationFeeds(pool, notices).follow(uuid4())) as states:
        waiting = await started(states)
        notices.wake_watchers()
        assert await waiting is None


async def test_watchers_are_told_that_the_database_is_away(
    pool: Pool, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_pool: Pool) -> None:
        raise ConnectionRefusedError

    sent = await create_for_new_organization(pool, addresses(1))
    feeds = OrganizationFeeds(pool, notices)
    async with asyncio.timeout(20), aclosing(feeds.follow(sent.organization_id)) as states:
        waiting = await started(states)
        monkeypatch.setattr(type(pool), "lend", refuse)
        notices.changed(sent.organization_id, sent.id)
        with pytest.raises(ConnectionRefusedError):
            await waiting
        monkeypatch.undo()
    async with asyncio.timeout(20), aclosing(feeds.follow(sent.organization_id)) as states:
        waiting = await started(states)
        await change(pool, notices, sent)
        assert _sent_count(await waiting) == 1


async def test_a_watcher_far_behind_reads_the_list_again(pool: Pool) -> None:
    sent = await create_for_new_organization(pool, addresses(1))
    row: Any = sent
    inbox = Inbox()
    for _ in range(MOST_WAITING + 1):
        inbox.put([_Renamed(uuid4())], is_complete=True)  # type: ignore[list-item]
    assert await inbox.next() is None
    inbox.put([row], is_complete=True)
    assert await inbox.next() is row


class _Renamed:
    def __init__(self, id_: object) -> None:
        self.id = id_


async def test_creates_changes_and_deletions_arrive_at_a_socket(
    gateway: RunningGateway, pool: Pool, tenant: Tenant
) -> None:
    stranger = await new_tenant(pool, name="Other")
    async with asyncio.timeout(20), initialised(gateway, tenant) as socket:
        await socket.subscribe("1", WATCH)
        await create(gateway, stranger, name="Theirs", waitForDelivery=False)
        created = (await create(gateway, tenant, name="Ours", waitForDelivery=False))["bulkSend"]
        # The gateway's connection for notices may open only now, which counts as a gap too.
        seen: list[Any] = []
        while not seen or seen[-1] is None or seen[-1]["sentCount"] < 1:
            seen.append(await watched(socket))
        assert {state["name"] for state in seen if state} == {"Ours"}
        await gateway.ask(tenant, DELETE, {"id": created["id"]})
        while await watched(socket) is not None:
            pass


async def watched(socket: Socket) -> Any:
    """Return the state in the next message of the socket."""
    message = await socket.receive()
    assert message["type"] == "next", message
    return message["payload"]["data"]["bulkSends"]


async def test_watching_needs_its_scope(gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool, "templates.read")
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", WATCH)
        message = await socket.receive()
        errors = message["payload"]["errors"] if message["type"] == "next" else message["payload"]
        assert errors[0]["extensions"]["code"] == "FORBIDDEN"
