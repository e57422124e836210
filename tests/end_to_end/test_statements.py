"""The number of statements per shape of operation: related data is read together, and nothing is read needlessly."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.gateway import RunningGateway, Tenant, create, new_template, running_gateway
from support.smtp.sink import SmtpSink
from support.statements import counted, names
from support.stored_bulk_sends import Stored, mark_sent, store

from bulksend.db.pool import Pool

PAGE, LOOKED_UP = "bulk_sends.first_page", "bulk_sends.get_many"
TEMPLATES, DOCUMENTS = "templates.get_many", "documents.first_of_bulk_sends"
LAST_DOCUMENTS, BOTH = "documents.last_of_bulk_sends", "documents.with_bulk_send"

# Each query with the statements that execute it.
SHAPES: dict[str, tuple[str, list[str]]] = {
    "templates": ("{ bulkSends { nodes { id template { id name description createdAt } } } }", [PAGE]),
    "no templates": ("{ bulkSends { nodes { id templateId } } }", [PAGE]),
    "in edges": ("{ bulkSends { edges { node { template { name } } } } }", [PAGE]),
    "under other names": ("{ a: bulkSends { b: nodes { c: template { d: name } } } }", [PAGE]),
    "twice": ("{ bulkSends { nodes { template { name } template { id } other: template { createdAt } } } }", [PAGE]),
    "long": ("{ bulkSends { nodes { template { name body } } } }", [PAGE, TEMPLATES]),
    "long lists": ("{ bulkSends { nodes { template { mergeFields } } } }", [PAGE, TEMPLATES]),
    "long elsewhere": (
        "{ bulkSends { nodes { template { name } } edges { node { template { body } } } } }",
        [PAGE, TEMPLATES],
    ),
    "long under another name": (
        "{ bulkSends { nodes { template { name } t: template { body } } } }",
        [PAGE, TEMPLATES],
    ),
    "long in a fragment": (
        "{ bulkSends { nodes { ...B } } } fragment B on BulkSend { template { ...T } } fragment T on Node { id "
        "... on Template { body } }",
        [PAGE, TEMPLATES],
    ),
    "short in fragments": (
        "{ bulkSends { ...C } } fragment C on BulkSendConnection { nodes { ... on Node { ... on BulkSend { "
        "template { ... { name } __typename } } } } }",
        [PAGE],
    ),
    "short in a fragment spread twice": (
        "{ bulkSends { nodes { ...A ...B } } } fragment A on BulkSend { ...T } fragment B on BulkSend { ...T } "
        "fragment T on BulkSend { template { name } }",
        [PAGE],
    ),
    "long in a fragment skipped once": (
        "{ bulkSends { nodes { ...T @skip(if: true) ...T } } } fragment T on BulkSend { template { body } }",
        [PAGE, TEMPLATES],
    ),
    "of one template": (
        "query($template: ID) { bulkSends(templateId: $template) { nodes { template { name } } } }",
        ["bulk_sends.first_page_by_template"],
    ),
    "backwards": ("{ bulkSends(last: 5) { nodes { template { name } } } }", ["bulk_sends.last_page"]),
    "left out": ("query($no: Boolean!) { bulkSends { nodes { template { name body @include(if: $no) } } } }", [PAGE]),
    "skipped": ("query($yes: Boolean!) { bulkSends { nodes { template { name body @skip(if: $yes) } } } }", [PAGE]),
    "included": (
        "query($yes: Boolean!) { bulkSends { nodes { template { name ... @include(if: $yes) { body } } } } }",
        [PAGE, TEMPLATES],
    ),
    "skipped for good": ("{ bulkSends { nodes { template { name body @skip(if: true) } } } }", [PAGE]),
    "documents": ("{ bulkSends { nodes { documents { nodes { id } } } } }", [PAGE, DOCUMENTS]),
    "busy": (
        "query($two: Int) { bulkSends { nodes { template { name } documents(first: $two) "
        "{ edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } } }",
        [PAGE, DOCUMENTS],
    ),
    "busier": (
        "{ bulkSends { nodes { template { name } documents { nodes { bulkSend { name template { body } } "
        "template { body } } } } } }",
        [PAGE, DOCUMENTS, TEMPLATES],
    ),
    "documents twice alike": (
        "{ bulkSends { nodes { documents(first: 2) { nodes { id } } again: documents(first: 2) { totalCount } } "
        "edges { node { documents(first: 2) { nodes { email: signer { email } } } } } } }",
        [PAGE, DOCUMENTS, "documents.count_of_bulk_sends"],
    ),
    "documents twice": (
        "{ bulkSends { nodes { documents(first: 2) { nodes { id } } more: documents(first: 3) { nodes { id } } } } }",
        [PAGE, DOCUMENTS, DOCUMENTS],
    ),
    "last documents": ("{ bulkSends { nodes { documents(last: 2) { nodes { id } } } } }", [PAGE, LAST_DOCUMENTS]),
    "documents' filters": (
        "query($sent: [DeliveryStatus!]) { bulkSends { nodes { documents(status: [PENDING, SIGNED], "
        "deliveryStatus: $sent) { nodes { delivery { status } } } } } }",
        [PAGE, DOCUMENTS],
    ),
    "no bulk send": ('{ bulkSends(externalId: "none") { nodes { documents { nodes { id } } } } }', ["…by_external_id"]),
    "one": ("query($id: ID!) { bulkSend(id: $id) { name documents(first: 2) { nodes { id } } } }", [BOTH]),
    "one, in fragments": (
        "query($id: ID!) { bulkSend(id: $id) { ...B } } fragment B on BulkSend { documents { ...D } } "
        "fragment D on DocumentConnection { nodes { id } }",
        [BOTH],
    ),
    "one, with a variable within a list": (
        "query($id: ID!, $one: DeliveryStatus!) { bulkSend(id: $id) { documents(deliveryStatus: [$one]) "
        "{ nodes { id } } } }",
        [LOOKED_UP, DOCUMENTS],
    ),
    "one, from the start": (
        "query($id: ID!, $nothing: String) { bulkSend(id: $id) { documents(after: $nothing, before: null, first: null) "
        "{ nodes { id } } } }",
        [BOTH],
    ),
    "one alone": ("query($id: ID!) { bulkSend(id: $id) { name } }", [LOOKED_UP]),
    "one, with documents and their bulk send": (
        "query($id: ID!) { bulkSend(id: $id) { template { body } documents { nodes { bulkSend { id "
        "name status emailMessage externalId totalCount sentCount failedCount pendingCount templateId createdAt "
        "updatedAt } } } } }",
        [BOTH, TEMPLATES],
    ),
    "several": (
        "query($id: ID!) { a: bulkSend(id: $id) { documents { nodes { id } } } "
        "b: bulkSend(id: $id) { documents { nodes { id } } } }",
        [LOOKED_UP, DOCUMENTS],
    ),
    "a fragment above": (
        "query($id: ID!) { ...Q } fragment Q on Query { bulkSend(id: $id) { documents { nodes { id } } } }",
        [LOOKED_UP, DOCUMENTS],
    ),
}


@pytest.fixture(params=["compiled", "core"])
async def idle_gateway(
    request: pytest.FixtureRequest, pool: Pool, dsn: str, sink: SmtpSink
) -> AsyncIterator[RunningGateway]:
    """A gateway that only answers requests."""
    async with running_gateway(dsn, sink.url, delivery=False, executor=request.param) as running:
        yield running


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    """The newest of three bulk sends, with two templates in total."""
    other = await new_template(pool, tenant.organization_id, name="Other", body="To {{ values.company }}.")
    await store(pool, tenant, 3, template_id=other)
    await store(pool, tenant, 1)
    stored = await store(pool, tenant, 5)
    await mark_sent(pool, stored, 1)
    return stored


def variables(query: str, tenant: Tenant, stored: Stored) -> dict[str, Any]:
    known = {"id": stored.id, "template": tenant.template_id, "two": 2, "yes": True, "no": False, "nothing": None}
    known |= {"sent": ["SENT"], "one": "SENT"}
    return {name: value for name, value in known.items() if f"${name}:" in query}


@pytest.mark.parametrize("shape", SHAPES)
async def test_is_as_few_statements_as_the_shape_allows(
    idle_gateway: RunningGateway, tenant: Tenant, stored: Stored, shape: str
) -> None:
    query, expected = SHAPES[shape]
    given = variables(query, tenant, stored)
    async with counted(idle_gateway.pool) as statements:
        reply = await idle_gateway.ask(tenant, query, given)
    async with counted(idle_gateway.pool) as statements_again:
        again = await idle_gateway.ask(tenant, query, given)
    assert reply.data == again.data
    assert sorted(names(statements)) == sorted(one.replace("…", f"{PAGE}_") for one in expected)
    # The second time, the compiled plan knows the selection.
    assert names(statements_again) == names(statements)


async def test_a_list_of_some_states_is_planned_for_them(
    idle_gateway: RunningGateway, tenant: Tenant, stored: Stored
) -> None:
    query = "{ bulkSends(status: [PROCESSING]) { nodes { id } totalCount } }"
    async with counted(idle_gateway.pool) as statements:
        reply = await idle_gateway.ask(tenant, query)
    assert reply.data["bulkSends"]["totalCount"] == 3
    begun = [one for one in statements if one.startswith("BEGIN")]
    assert begun == ["BEGIN; SET LOCAL plan_cache_mode = force_custom_plan"] * 2
    assert [one for one in names(statements) if "." in one] == [f"{PAGE}", "bulk_sends.count"]


@pytest.mark.parametrize("more", [{}, {"idempotencyKey": "k"}], ids=["no key", "a key"])
async def test_a_create_is_one_statement_and_a_transaction_of_its_own(
    idle_gateway: RunningGateway, tenant: Tenant, more: dict[str, Any]
) -> None:
    async with counted(idle_gateway.pool) as statements:
        payload = await create(idle_gateway, tenant, 500, waitForDelivery=False, **more)
    assert payload["bulkSend"]["pendingCount"] == 500
    # Later statements notify the other processes.
    assert names(statements)[:2] == [TEMPLATES, "bulk_sends.create"]
    assert "BEGIN" not in names(statements)
