"""Loaders return rows in the order of their keys, batch concurrent loads, and see only one organization."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from support.gateway import Tenant, new_template, new_tenant
from support.stored_bulk_sends import Stored, delete, mark_sent, store

from bulksend.db import ids
from bulksend.db.documents import NO_FILTERS, FiltersOfBulkSend, SignerSpan
from bulksend.db.pool import Pool
from bulksend.resolvers.loaders import DocumentsKey, Loaders, TotalKey

TEN = SignerSpan(10)
SENT = FiltersOfBulkSend(delivery_status=("sent",))


@pytest.fixture
def loaders(pool: Pool, tenant: Tenant) -> Loaders:
    return Loaders(pool, tenant.organization_id)


async def load_all(loader: Any, keys: list[Any]) -> list[Any]:
    return list(await asyncio.gather(*(loader.load(key) for key in keys)))


async def test_give_rows_in_the_order_of_their_keys(pool: Pool, tenant: Tenant, loaders: Loaders) -> None:
    stored = [await store(pool, tenant, 2) for _ in range(5)]
    unknown = uuid4()
    wanted = [stored[3].uuid, unknown, stored[0].uuid, stored[4].uuid, stored[3].uuid]
    rows = await load_all(loaders.bulk_sends, wanted)
    assert [row and row.id for row in rows] == [None if one == unknown else one for one in wanted]

    mixed = [stored[1].document_uuids[1], unknown, stored[0].document_uuids[0]]
    rows = await load_all(loaders.documents, mixed)
    assert [row and row.id for row in rows] == [mixed[0], None, mixed[2]]

    older = ids.decode(ids.TEMPLATE, tenant.template_id)
    newer = ids.decode(ids.TEMPLATE, await new_template(pool, tenant.organization_id))
    rows = await load_all(loaders.templates, [newer, unknown, older])
    assert [row and row.id for row in rows] == [newer, None, older]


async def test_see_one_organization(pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 2)
    stranger = Loaders(pool, (await new_tenant(pool)).organization_id)
    assert await stranger.bulk_sends.load(stored.uuid) is None
    assert await stranger.documents.load(stored.document_uuids[0]) is None
    assert await stranger.templates.load(ids.decode(ids.TEMPLATE, tenant.template_id)) is None
    assert (await stranger.document_pages.load(page_of(stored))).rows == []
    assert await stranger.document_totals.load(TotalKey(stored.uuid, NO_FILTERS)) == 0


async def test_do_not_see_what_is_deleted(pool: Pool, tenant: Tenant, loaders: Loaders) -> None:
    stored = await store(pool, tenant, 2)
    await delete(pool, tenant, stored)
    assert await loaders.bulk_sends.load(stored.uuid) is None
    assert await loaders.documents.load(stored.document_uuids[0]) is None
    assert (await loaders.document_pages.load(page_of(stored))).rows == []
    assert await loaders.document_totals.load(TotalKey(stored.uuid, NO_FILTERS)) == 0


async def test_give_each_bulk_send_its_own_page(pool: Pool, tenant: Tenant, loaders: Loaders) -> None:
    stored = [await store(pool, tenant, count) for count in (3, 1, 500)]
    await mark_sent(pool, stored[0], 1)
    keys = [
        page_of(stored[2], SignerSpan(2)),
        page_of(stored[0], SignerSpan(2)),
        page_of(stored[2], SignerSpan(2, backwards=True)),
        page_of(stored[1], SignerSpan(2)),
        page_of(stored[0], SignerSpan(2), filters=SENT),
        page_of(stored[0], SignerSpan(2, after=0)),
        page_of(stored[2], SignerSpan(2, before=499, backwards=True)),
    ]
    pages = await load_all(loaders.document_pages, keys)
    assert [([row.signer_index for row in page.rows], page.has_more) for page in pages] == [
        ([0, 1], True),
        ([0, 1], True),
        ([498, 499], True),
        ([0], False),
        ([1], False),
        ([1, 2], False),
        ([497, 498], True),
    ]
    assert [page.rows[0].bulk_send_id for page in pages] == [key.bulk_send_id for key in keys]


async def test_count_for_each_bulk_send(pool: Pool, tenant: Tenant, loaders: Loaders) -> None:
    stored = [await store(pool, tenant, count) for count in (3, 1)]
    await mark_sent(pool, stored[0], 1)
    keys = [
        TotalKey(stored[1].uuid, NO_FILTERS),
        TotalKey(stored[0].uuid, NO_FILTERS),
        TotalKey(stored[0].uuid, SENT),
        TotalKey(stored[1].uuid, SENT),
        TotalKey(stored[0].uuid, FiltersOfBulkSend(("pending",), ("pending",))),
        TotalKey(uuid4(), NO_FILTERS),
    ]
    assert await load_all(loaders.document_totals, keys) == [1, 3, 1, 0, 2, 0]


async def test_hold_no_connection_while_siblings_wait_for_one(pool: Pool, tenant: Tenant) -> None:
    """With more concurrent batches than connections in the pool, each batch uses one and none waits for a second."""
    stored = await store(pool, tenant)
    many = [Loaders(pool, tenant.organization_id) for _ in range(3 * pool.get_max_size())]
    async with asyncio.timeout(20):
        rows = await asyncio.gather(*(loaders.bulk_sends.load(stored.uuid) for loaders in many))
    assert {row and row.id for row in rows} == {stored.uuid}


async def test_load_nothing_for_nobody(pool: Pool) -> None:
    with pytest.raises(RuntimeError):
        await Loaders(pool, None).bulk_sends.load(uuid4())


def page_of(stored: Stored, span: SignerSpan = TEN, filters: FiltersOfBulkSend = NO_FILTERS) -> DocumentsKey:
    return DocumentsKey(stored.uuid, span, filters)
