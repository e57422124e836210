"""Paging through a list returns every row that existed at the start exactly once, despite concurrent changes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.gateway import RunningGateway, Tenant, new_template, new_tenant, running_gateway
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import Stored, delete, nodes, store

from bulksend.db.pool import Pool

PAGE = "{ nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
SPAN = "%s: $size, %s: $at"
OLDEST_FIRST = "oldestFirst: bulkSends(%s, orderBy: CREATED_AT_ASC)"
WALKS = {
    "bulkSends": f"query($size: Int, $at: String) {{ bulkSends({SPAN}, status: [PROCESSING]) {PAGE} }}",
    "oldestFirst": f"query($size: Int, $at: String) {{ {OLDEST_FIRST % SPAN} {PAGE} }}",
    "templates": f"query($size: Int, $at: String) {{ templates({SPAN}) {PAGE} }}",
    "documents": f"query($size: Int, $at: String) {{ documents({SPAN}, deliveryStatus: [PENDING]) {PAGE} }}",
}


@dataclass
class Between:
    """The concurrent changes between two pages."""

    create: int
    delete: int


meanwhile = st.lists(st.builds(Between, st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=6)


@pytest.fixture
async def walked(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    async with running_gateway(dsn, sink.url, delivery=False) as running:
        yield running


@pytest.mark.parametrize("name", WALKS)
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@given(sizes=st.lists(st.integers(1, 3), min_size=2, max_size=6), size=st.integers(1, 4), meanwhile=meanwhile)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_sees_every_row_once(
    walked: RunningGateway,
    pool: Pool,
    name: str,
    backwards: bool,
    sizes: list[int],
    size: int,
    meanwhile: list[Between],
) -> None:
    others = Others(pool, await new_tenant(pool))
    for signers in sizes:
        await others.create(signers)
    there = others.ids(name)
    seen: list[str] = []
    at, more = None, True
    for step in range(1000):
        if not more:
            break
        connection = await page(walked, others.tenant, name, size, at, backwards=backwards)
        seen += reversed(nodes(connection)) if backwards else nodes(connection)
        info = connection["pageInfo"]
        at, more = (
            (info["startCursor"], info["hasPreviousPage"]) if backwards else (info["endCursor"], info["hasNextPage"])
        )
        if step < len(meanwhile):
            await others.act(meanwhile[step])

    assert not more
    assert len(seen) == len(set(seen)), "no row twice"
    kept = [row for row in there if row not in others.deleted]
    assert [row for row in seen if row in kept] == (kept[::-1] if backwards else kept), "every row, in order"


@given(size=st.integers(1, 7), count=st.integers(1, 20), backwards=st.booleans())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_sees_every_signer_of_a_bulk_send_once(
    walked: RunningGateway, pool: Pool, tenant: Tenant, size: int, count: int, backwards: bool
) -> None:
    stored = await store(pool, tenant, count)
    first, after = ("last", "before") if backwards else ("first", "after")
    query = f"""query($id: ID!, $size: Int, $at: String)
        {{ bulkSend(id: $id) {{ documents({first}: $size, {after}: $at) {PAGE} }} }}"""
    seen: list[str] = []
    at, more = None, True
    while more:
        reply = await walked.ask(tenant, query, {"id": stored.id, "size": size, "at": at})
        connection = reply.data["bulkSend"]["documents"]
        info = connection["pageInfo"]
        seen = [*nodes(connection), *seen] if backwards else [*seen, *nodes(connection)]
        at, more = (
            (info["startCursor"], info["hasPreviousPage"]) if backwards else (info["endCursor"], info["hasNextPage"])
        )
        await store(pool, tenant)
    assert seen == stored.document_ids


class Others:
    """Other users of the organization."""

    def __init__(self, pool: Pool, tenant: Tenant) -> None:
        self.tenant = tenant
        self.deleted: set[str] = set()
        self._pool = pool
        self._stored: list[Stored] = []
        self._templates = [tenant.template_id]

    async def create(self, signers: int) -> None:
        self._stored.append(await store(self._pool, self.tenant, signers))
        self._templates.append(await new_template(self._pool, self.tenant.organization_id))

    async def act(self, between: Between) -> None:
        for _ in range(between.create):
            await self.create(2)
        for _ in range(between.delete):
            left = [one for one in self._stored if one.id not in self.deleted]
            gone = left[len(left) // 2]
            await delete(self._pool, self.tenant, gone)
            self.deleted |= {gone.id, *gone.document_ids}

    def ids(self, name: str) -> list[str]:
        """Return the ids that the list must contain now."""
        match name:
            case "templates":
                return self._templates[::-1]
            case "oldestFirst":
                return [one.id for one in self._stored]
            case "bulkSends":
                return [one.id for one in reversed(self._stored)]
            case _:
                return [id_ for one in reversed(self._stored) for id_ in one.document_ids]


async def page(
    gateway: RunningGateway, tenant: Tenant, name: str, size: int, at: str | None, *, backwards: bool
) -> Any:
    arguments = ("last", "before") if backwards else ("first", "after")
    reply = await gateway.ask(tenant, WALKS[name] % arguments, {"size": size, "at": at})
    return reply.data[name]
