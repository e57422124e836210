"""Pages of every list: size, ends, cursors, and the number of statements they need."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.gateway import RunningGateway, Tenant, new_template, new_tenant, running_gateway
from support.smtp.sink import SmtpSink
from support.statements import counted, names, purposes
from support.stored_bulk_sends import Stored, delete, nodes, store

from bulksend.db.pool import Pool

PAGE = "{ edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
EMPTY = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}

# Each list, as a field with its arguments, with its maximum page size.
LISTS = {
    "bulkSends": ("bulkSends(%s) %s", 100),
    "documents": ("documents(%s) %s", 500),
    "templates": ("templates(%s) %s", 100),
    "bulkSend.documents": ("bulkSend(id: $id) { documents(%s) %s }", 500),
}


class Lists:
    """Reads pages of every list; each has three rows."""

    def __init__(self, gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
        self._gateway = gateway
        self._tenant = tenant
        self._id = stored.id

    async def reply(self, name: str, arguments: str, selection: str = PAGE, **variables: Any) -> Any:
        field = LISTS[name][0] % (arguments, selection)
        declared = "".join(f", ${variable}: {kind}" for variable, (kind, _) in variables.items())
        given = {variable: value for variable, (_, value) in variables.items()}
        query = f"query($id: ID!{declared}) {{ {field} __typename }}"
        if "$id" not in field:
            query = query.replace("{ ", "{ node(id: $id) { id } ", 1)
        return await self._gateway.ask(self._tenant, query, {"id": self._id, **given})

    async def page(self, name: str, arguments: str = "first: 100", selection: str = PAGE, **variables: Any) -> Any:
        data = (await self.reply(name, arguments, selection, **variables)).data
        for step in name.split("."):
            data = data[step]
        return data

    async def refusal(self, name: str, arguments: str, **variables: Any) -> Any:
        reply = await self.reply(name, arguments, **variables)
        return reply.error["extensions"]


@pytest.fixture
async def lists(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> Lists:
    for name in ("Second", "Third"):
        await new_template(pool, tenant.organization_id, name=name)
        await store(pool, tenant, 3)
    return Lists(gateway, tenant, await store(pool, tenant, 3))


async def test_an_empty_list(gateway: RunningGateway, tenant: Tenant) -> None:
    for arguments in ("", "first: 1", "last: 1"):
        field = f"bulkSends({arguments})" if arguments else "bulkSends"
        reply = await gateway.ask(tenant, f"{{ {field} {PAGE} }}")
        assert reply.data["bulkSends"] == {"edges": [], "nodes": [], "pageInfo": EMPTY}


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_and_the_next_and_back(lists: Lists, name: str) -> None:
    whole = nodes(await lists.page(name))
    first = await lists.page(name, "first: 2")
    assert nodes(first) == whole[:2]
    assert [edge["node"]["id"] for edge in first["edges"]] == whole[:2]
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": first["edges"][0]["cursor"],
        "endCursor": first["edges"][1]["cursor"],
    }

    after = await lists.page(name, "first: 2, after: $after", after=("String", first["pageInfo"]["endCursor"]))
    assert nodes(after) == whole[2:4]
    assert after["pageInfo"]["hasPreviousPage"]
    assert after["pageInfo"]["hasNextPage"] == (len(whole) > 4)

    before = await lists.page(name, "last: 2, before: $before", before=("String", after["pageInfo"]["startCursor"]))
    assert before["edges"] == first["edges"]
    assert before["pageInfo"] == first["pageInfo"]


@pytest.mark.parametrize("name", LISTS)
async def test_the_last_page(lists: Lists, name: str) -> None:
    whole = nodes(await lists.page(name))
    last = await lists.page(name, "last: 2")
    assert nodes(last) == whole[-2:]
    assert last["pageInfo"]["hasPreviousPage"]
    assert not last["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("name", LISTS)
async def test_between_two_cursors(lists: Lists, name: str) -> None:
    edges = (await lists.page(name))["edges"]
    start, end = ("String", edges[0]["cursor"]), ("String", edges[2]["cursor"])
    for arguments in ("first: 5", "last: 5"):
        between = await lists.page(name, f"{arguments}, after: $after, before: $before", after=start, before=end)
        assert between["edges"] == edges[1:2]
    assert (await lists.page(name, "after: $after, before: $before", after=end, before=start))["edges"] == []


@pytest.mark.parametrize("name", LISTS)
async def test_the_size_of_a_page(lists: Lists, name: str) -> None:
    most = LISTS[name][1]
    for end in ("first", "last"):
        assert nodes(await lists.page(name, f"{end}: {most}")) == nodes(await lists.page(name))
        for size in (0, -1, most + 1, 2**31 - 1):
            assert await lists.refusal(name, f"{end}: {size}") == {"code": "BAD_USER_INPUT", "field": [end]}
    assert await lists.refusal(name, "first: 1, last: 1") == {"code": "BAD_USER_INPUT", "field": ["last"]}
    assert nodes(await lists.page(name, "first: null, last: 1"))


async def test_a_page_has_25_rows_unless_told(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    for _ in range(25):
        stored = await store(pool, tenant)
        await new_template(pool, tenant.organization_id)
    lists = Lists(gateway, tenant, await store(pool, tenant, 26))
    for name in LISTS:
        page = await lists.page(name, "after: null")
        assert len(page["nodes"]) == 25
        assert page["pageInfo"]["hasNextPage"]
    assert stored.id in nodes(await lists.page("bulkSends", "after: null"))


NO_CURSORS = ["", "x", "=" * 32, "A" * 32, "é" * 32, "\0", "_" * 31 + "\n", "A" * 33, "A" * 1_000_000]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("text", NO_CURSORS, ids=range(len(NO_CURSORS)))
async def test_what_is_no_cursor_is_refused(lists: Lists, name: str, text: str) -> None:
    for end in ("after", "before"):
        refusal = await lists.refusal(name, f"{end}: $cursor", cursor=("String", text))
        assert refusal == {"code": "BAD_USER_INPUT", "field": [end]}


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_is_of_one_list_only(lists: Lists, name: str) -> None:
    for other in LISTS:
        cursor = (await lists.page(other))["edges"][1]["cursor"]
        if other != name:
            refusal = await lists.refusal(name, "after: $cursor", cursor=("String", cursor))
            assert refusal == {"code": "BAD_USER_INPUT", "field": ["after"]}


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("bulkSends", 'search: "s"'),
        ("bulkSends", "status: [PROCESSING]"),
        ("bulkSends", "status: []"),
        ("bulkSends", 'createdAfter: "2020-01-01T00:00:00Z"'),
        ("bulkSends", 'externalId: "x"'),
        ("bulkSends", 'templateId: "x"'),
        ("bulkSends", "orderBy: CREATED_AT_ASC"),
        ("documents", "status: [PENDING]"),
        ("documents", "deliveryStatus: [PENDING]"),
        ("documents", 'signerEmail: "signer1@example.com"'),
        ("documents", 'bulkSendId: "x"'),
        ("documents", 'templateId: "x"'),
        ("documents", 'createdAfter: "2020-01-01T00:00:00Z"'),
        ("documents", 'createdBefore: "2099-01-01T00:00:00Z"'),
        ("templates", 'search: "s"'),
        ("bulkSend.documents", "status: [PENDING]"),
        ("bulkSend.documents", "deliveryStatus: [PENDING]"),
        ("bulkSend.documents", 'signerEmail: "signer1@example.com"'),
        ("bulkSend.documents", 'search: "s"'),
    ],
)
async def test_a_cursor_is_of_one_set_of_filters(lists: Lists, name: str, filters: str) -> None:
    cursor = (await lists.page(name))["edges"][0]["cursor"]
    refusal = await lists.refusal(name, f"after: $cursor, {filters}", cursor=("String", cursor))
    assert refusal == {"code": "BAD_USER_INPUT", "field": ["after"]}


async def test_the_same_filters_spelt_otherwise_keep_their_cursors(lists: Lists) -> None:
    spellings = [
        'status: [FAILED, PROCESSING], createdAfter: "2020-01-01T00:00:00Z", search: null',
        'status: [PROCESSING, FAILED, FAILED], createdAfter: "2020-01-01T02:00:00.000+02:00"',
    ]
    one, other = [(await lists.page("bulkSends", spelling))["edges"] for spelling in spellings]
    assert one == other != []


async def test_a_cursor_is_of_one_bulk_send(gateway: RunningGateway, pool: Pool, tenant: Tenant, lists: Lists) -> None:
    cursor = (await lists.page("bulkSend.documents"))["edges"][0]["cursor"]
    other = Lists(gateway, tenant, await store(pool, tenant, 3))
    refusal = await other.refusal("bulkSend.documents", "after: $cursor", cursor=("String", cursor))
    assert refusal == {"code": "BAD_USER_INPUT", "field": ["after"]}


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_is_of_one_organization(gateway: RunningGateway, pool: Pool, lists: Lists, name: str) -> None:
    cursor = (await lists.page(name))["edges"][0]["cursor"]
    stranger = await new_tenant(pool, name="Other")
    foreign = Lists(gateway, stranger, await store(pool, stranger, 3))
    for end in ("after", "before"):
        refusal = await foreign.refusal(name, f"{end}: $cursor", cursor=("String", cursor))
        assert refusal == {"code": "BAD_USER_INPUT", "field": [end]}


async def test_a_cursor_outlives_its_row(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = [await store(pool, tenant) for _ in range(3)]
    lists = Lists(gateway, tenant, stored[0])
    cursor = (await lists.page("bulkSends"))["edges"][1]["cursor"]
    await delete(pool, tenant, stored[1])
    page = await lists.page("bulkSends", "after: $cursor", cursor=("String", cursor))
    assert nodes(page) == [stored[0].id]


# The number of statements

BUSY_PAGE = """
{ bulkSends(first: 25) { nodes {
    id name status template { id name body mergeFields }
    documents(first: 10) { edges { cursor node { id signer { email } delivery { status } signingUrl bulkSend { id }
        template { name } } } pageInfo { hasNextPage } }
} pageInfo { hasNextPage endCursor } } }
"""


@pytest.fixture
async def idle_gateway(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    """A gateway that only answers requests."""
    async with running_gateway(dsn, sink.url, delivery=False) as running:
        yield running


async def test_a_busy_page_is_at_most_four_statements(idle_gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    templates = [await new_template(pool, tenant.organization_id, name=f"Template {n}") for n in range(5)]
    for number in range(26):
        await store(pool, tenant, 11, template_id=templates[number % 5])

    async with counted(idle_gateway.pool) as statements:
        reply = await idle_gateway.ask(tenant, BUSY_PAGE)

    rows = reply.data["bulkSends"]["nodes"]
    assert len(rows) == 25
    assert {row["template"]["name"] for row in rows} == {f"Template {n}" for n in range(5)}
    assert all(len(row["documents"]["edges"]) == 10 for row in rows)
    assert all(row["documents"]["pageInfo"]["hasNextPage"] for row in rows)
    # Apart from statements about keys, some of them in the background: the page, its templates, its documents. The bulk
    # send of each document is already in the page.
    assert len(names(statements)) <= 3, purposes(statements)


async def test_a_total_is_counted_only_when_asked_for(idle_gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    for _ in range(3):
        await store(pool, tenant, 2)
    everything = (
        "bulkSends { %s nodes { documents { %s nodes { id } } } } documents { %s nodes { id } } templates { %s }"
    )

    async with counted(idle_gateway.pool) as statements:
        await idle_gateway.ask(tenant, "{" + everything % (("__typename",) * 4) + "}")
    assert not [statement for statement in statements if "count(*)" in statement]

    async with counted(idle_gateway.pool) as statements:
        reply = await idle_gateway.ask(tenant, "{" + everything % (("totalCount",) * 4) + "}")
    assert reply.data["bulkSends"]["totalCount"] == 3
    assert [row["documents"]["totalCount"] for row in reply.data["bulkSends"]["nodes"]] == [2, 2, 2]
    assert reply.data["documents"]["totalCount"] == 6
    assert reply.data["templates"]["totalCount"] == 1
    # One per list, and one for the documents of all bulk sends together.
    assert len([statement for statement in statements if "count(*)" in statement]) == 4


async def test_nodes_are_one_statement_a_type(idle_gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = [await store(pool, tenant, 10) for _ in range(5)]
    wanted = [tenant.template_id, *(one.id for one in stored), *(id_ for one in stored for id_ in one.document_ids)]
    query = """query($ids: [ID!]!) { nodes(ids: $ids) {
        id ... on Document { bulkSend { template { id } } template { id } } ... on BulkSend { template { id } } } }"""
    async with counted(idle_gateway.pool) as statements:
        reply = await idle_gateway.ask(tenant, query, {"ids": wanted})
    assert [node["id"] for node in reply.data["nodes"]] == wanted
    assert len(statements) <= 5, purposes(statements)


async def test_a_later_mutation_does_not_answer_what_an_earlier_one_read(
    idle_gateway: RunningGateway, pool: Pool, tenant: Tenant
) -> None:
    stored = await store(pool, tenant)
    read = "{ bulkSend { documents { totalCount nodes { status delivery { status } bulkSend { status } } } } }"
    reply = await idle_gateway.ask(
        tenant,
        f"""mutation($id: ID!) {{ cancelled: cancelBulkSend(input: {{id: $id}}) {read}
                                  retried: retryBulkSend(input: {{id: $id}}) {read} }}""",
        {"id": stored.id},
    )
    assert {name: payload["bulkSend"]["documents"]["nodes"] for name, payload in reply.data.items()} == {
        "cancelled": [{"status": "CANCELLED", "delivery": {"status": "FAILED"}, "bulkSend": {"status": "FAILED"}}],
        "retried": [{"status": "PENDING", "delivery": {"status": "PENDING"}, "bulkSend": {"status": "PROCESSING"}}],
    }
