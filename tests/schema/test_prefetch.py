"""Templates and documents are prefetched with their bulk sends, with the same results as loaders."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.gateway import RunningGateway, Tenant, new_api_key, new_template, new_tenant, running_gateway
from support.smtp.sink import SmtpSink
from support.statements import counted, names
from support.stored_bulk_sends import Stored, delete, mark_failed, mark_sent, store

from bulksend.db.bulk_sends import BulkSendWithTemplateRow
from bulksend.db.pool import Pool
from bulksend.resolvers import documents


@pytest.fixture(params=["compiled", "core"])
async def idle_gateway(
    request: pytest.FixtureRequest, pool: Pool, dsn: str, sink: SmtpSink
) -> AsyncIterator[RunningGateway]:
    """A gateway that only answers requests."""
    async with running_gateway(dsn, sink.url, delivery=False, executor=request.param) as running:
        yield running


@pytest.fixture
async def compiled_gateway(
    pool: Pool, dsn: str, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningGateway]:
    """A gateway with the compiled executor, whichever executor this test run uses."""
    monkeypatch.delenv("BULKSEND_EXECUTOR", raising=False)
    async with running_gateway(dsn, sink.url, delivery=False) as running:
        yield running


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    """The newest of three bulk sends: five signers; the second one's mail was sent, the third one's failed."""
    other = await new_template(pool, tenant.organization_id, name="Other", body="To {{ values.company }}.")
    await store(pool, tenant, 3, template_id=other, name="Older")
    await store(pool, tenant, 1, name="Old")
    stored = await store(pool, tenant, 5, name="Newest", external_id="newest")
    await mark_sent(pool, stored, 1)
    await mark_failed(pool, stored, 2)
    return stored


async def ask(gateway: RunningGateway, tenant: Tenant, query: str, given: dict[str, Any]) -> tuple[Any, list[str]]:
    """Return the response, and the names of the executed statements without the key's."""
    async with counted(gateway.pool) as statements:
        reply = await gateway.ask(tenant, query, given)
    return reply.body, names(statements)


async def test_gives_each_bulk_send_its_own(idle_gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    reply = await idle_gateway.ask(
        tenant,
        "{ bulkSends { nodes { name template { id name description } documents(first: 3) { nodes { signerIndex "
        "bulkSend { name template { name body mergeFields } } delivery { status } } pageInfo { hasNextPage } } } } }",
    )
    rows = reply.data["bulkSends"]["nodes"]
    assert [(row["name"], row["template"]["name"]) for row in rows] == [
        ("Newest", "Agreement"),
        ("Old", "Agreement"),
        ("Older", "Other"),
    ]
    assert [len(row["documents"]["nodes"]) for row in rows] == [3, 1, 3]
    assert [row["documents"]["pageInfo"]["hasNextPage"] for row in rows] == [True, False, False]
    assert [node["delivery"]["status"] for node in rows[0]["documents"]["nodes"]] == ["PENDING", "SENT", "FAILED"]
    for row in rows:
        for index, node in enumerate(row["documents"]["nodes"]):
            assert node["signerIndex"] == index
            assert node["bulkSend"]["name"] == row["name"]
            assert node["bulkSend"]["template"]["name"] == row["template"]["name"]
    assert rows[2]["documents"]["nodes"][0]["bulkSend"]["template"]["mergeFields"] == ["company"]


async def test_remembers_nothing_of_other_requests(
    idle_gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    query = """query($id: ID!, $first: Int, $status: [DeliveryStatus!], $long: Boolean!) {
        bulkSend(id: $id) { sentCount documents(first: $first, deliveryStatus: $status) { nodes { signerIndex } } }
        bulkSends(first: 1) { nodes { template { name body @include(if: $long) } } } }"""

    async def indexes(*, long: bool = False, **given: Any) -> list[int]:
        reply = await idle_gateway.ask(tenant, query, {"id": stored.id, "long": long, **given})
        assert ("body" in reply.data["bulkSends"]["nodes"][0]["template"]) is long
        return [node["signerIndex"] for node in reply.data["bulkSend"]["documents"]["nodes"]]

    assert await indexes(first=2) == [0, 1]
    assert await indexes(first=3, long=True) == [0, 1, 2]
    assert await indexes() == [0, 1, 2, 3, 4]
    assert await indexes(status=["SENT"]) == [1]
    await mark_sent(pool, stored, 3)
    assert await indexes(status=["SENT"]) == [1, 3]
    assert await indexes(status=["SENT", "FAILED"], first=2) == [1, 2]


# Equal to the results of loaders

ROW = "id name status template { id name } documents%s { edges { cursor node { id signerIndex } } totalCount %s }"
ENDS = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
FIELDS = {
    "bulkSend": f"bulkSend(id: $id) {{ {ROW % ('%s', ENDS)} }}",
    "bulkSends": f"bulkSends(first: 2) {{ nodes {{ {ROW % ('%s', ENDS)} }} }}",
}
TYPES = {
    "first": "Int",
    "after": "String",
    "last": "Int",
    "before": "String",
    "status": "[DocumentStatus!]",
    "deliveryStatus": "[DeliveryStatus!]",
}
sizes = st.none() | st.integers(-1, 6) | st.just(501)
given_arguments = st.fixed_dictionaries(
    {},
    optional={
        "first": sizes,
        "last": sizes,
        "after": st.sampled_from([None, "a cursor", "nonsense"]),
        "before": st.sampled_from([None, "a cursor"]),
        "status": st.none() | st.lists(st.sampled_from(["PENDING", "SIGNED"]), max_size=2),
        "deliveryStatus": st.none() | st.lists(st.sampled_from(["PENDING", "SENT", "FAILED"]), max_size=3),
    },
)


@pytest.mark.parametrize("field", FIELDS)
@given(wanted=given_arguments, as_variables=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_gives_what_loaders_give(
    idle_gateway: RunningGateway,
    tenant: Tenant,
    stored: Stored,
    field: str,
    wanted: dict[str, Any],
    as_variables: bool,
) -> None:
    if "a cursor" in wanted.values():
        reply = await idle_gateway.ask(tenant, f"query($id: ID!) {{ {FIELDS['bulkSend'] % ''} }}", {"id": stored.id})
        cursor = reply.data["bulkSend"]["documents"]["edges"][1]["cursor"]
        wanted = {name: cursor if value == "a cursor" else value for name, value in wanted.items()}
    if as_variables:
        declared = "".join(f", ${name}: {TYPES[name]}" for name in wanted)
        written = ", ".join(f"{name}: ${name}" for name in wanted)
    else:
        declared = ""
        written = ", ".join(
            f"{name}: {json.dumps(value) if isinstance(value, str) else json.dumps(value).replace(chr(34), '')}"
            for name, value in wanted.items()
        )
    asked = FIELDS[field] % (f"({written})" if written else "")
    variables = {"id": stored.id, **(wanted if as_variables else {})}
    head = f"query($id: ID!{declared})"
    ahead = await idle_gateway.ask(tenant, f"{head} {{ {asked} node(id: $id) {{ id }} }}", variables)
    # Nothing is prefetched below a fragment on the operation's root.
    loaded = await idle_gateway.ask(
        tenant, f"{head} {{ ...Q node(id: $id) {{ id }} }} fragment Q on Query {{ {asked} }}", variables
    )
    assert ahead.body.get("data") == loaded.body.get("data")
    assert refusals(ahead.body) == refusals(loaded.body)


def refusals(body: Any) -> list[Any]:
    return [(error["message"], error.get("path"), error["extensions"]) for error in body.get("errors", ())]


# Authorization

TOGETHER = "query($id: ID!) { bulkSend(id: $id) { id documents { nodes { id } } } }"
LIST = "{ bulkSends { nodes { name template { name } documents { nodes { id } } } } }"


async def test_prefetched_documents_are_resolved_once_for_the_page(
    compiled_gateway: RunningGateway, tenant: Tenant, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        raise AssertionError("the documents of one bulk send were asked for")

    monkeypatch.setattr(documents, "load_page_of_bulk_send", load)
    reply = await compiled_gateway.ask(tenant, LIST)
    assert [len(row["documents"]["nodes"]) for row in reply.data["bulkSends"]["nodes"]] == [5, 1, 3]
    arguments = "{ bulkSends { nodes { documents(last: 2, deliveryStatus: [SENT], search: null) { totalCount } } } }"
    reply = await compiled_gateway.ask(tenant, arguments)
    assert [row["documents"]["totalCount"] for row in reply.data["bulkSends"]["nodes"]] == [1, 0, 0]


async def test_templates_need_their_scope(
    idle_gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    key = await new_api_key(pool, tenant.organization_id, "bulk_sends.read")
    reply = await idle_gateway.ask(Tenant(tenant.organization_id, key, tenant.template_id), LIST)
    assert reply.error["extensions"] == {"code": "FORBIDDEN", "requiredScope": "templates.read"}
    assert reply.error["path"] == ["bulkSends", "nodes", 0, "template"]
    rows = reply.body["data"]["bulkSends"]["nodes"]
    assert [row["template"] for row in rows] == [None] * 3
    assert [len(row["documents"]["nodes"]) for row in rows] == [5, 1, 3]


async def test_bulk_sends_need_their_scope(
    idle_gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    key = await new_api_key(pool, tenant.organization_id, "documents.read", "templates.read")
    stranger = Tenant(tenant.organization_id, key, tenant.template_id)
    for query, of in ((TOGETHER, {"id": stored.id}), (LIST, {})):
        body, statements = await ask(idle_gateway, stranger, query, of)
        assert [error["extensions"]["requiredScope"] for error in body["errors"]] == ["bulk_sends.read"]
        assert not statements


async def test_what_is_somebody_elses_is_not_there(
    idle_gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    stranger = await new_tenant(pool)
    await store(pool, stranger, 1, name="Mine")
    body, statements = await ask(idle_gateway, stranger, TOGETHER, {"id": stored.id})
    assert body == {"data": {"bulkSend": None}}
    assert statements == ["documents.with_bulk_send"]
    reply = await idle_gateway.ask(stranger, LIST)
    assert [row["name"] for row in reply.data["bulkSends"]["nodes"]] == ["Mine"]


async def test_what_is_deleted_is_not_there(
    idle_gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    async with pool.acquire() as conn:
        await conn.execute(
            "UPDATE documents SET deleted_at = clock_timestamp() WHERE bulk_send_id = $1 AND signer_index = 0",
            stored.uuid,
        )
    left = stored.document_ids[1:]
    reply = await idle_gateway.ask(tenant, TOGETHER, {"id": stored.id})
    assert [node["id"] for node in reply.data["bulkSend"]["documents"]["nodes"]] == left
    reply = await idle_gateway.ask(tenant, LIST)
    assert [node["id"] for node in reply.data["bulkSends"]["nodes"][0]["documents"]["nodes"]] == left

    await delete(pool, tenant, stored)
    reply = await idle_gateway.ask(tenant, TOGETHER, {"id": stored.id})
    assert reply.data == {"bulkSend": None}
    reply = await idle_gateway.ask(tenant, LIST)
    assert [row["name"] for row in reply.data["bulkSends"]["nodes"]] == ["Old", "Older"]


async def test_an_id_of_nothing_is_nothing(idle_gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    for nothing in ("nonsense", tenant.template_id, stored.document_ids[0]):
        body, statements = await ask(idle_gateway, tenant, TOGETHER, {"id": nothing})
        assert body == {"data": {"bulkSend": None}}
        assert not statements


@pytest.mark.parametrize(
    "below", ["pageInfo { hasNextPage endCursor } nodes { signer { name } }", "edges { cursor } nodes { id }"]
)
async def test_a_page_with_documents_is_completed_by_its_columns(
    compiled_gateway: RunningGateway, tenant: Tenant, stored: Stored, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    monkeypatch.setattr(BulkSendWithTemplateRow, "name", property(lambda _: 1 / 0))
    query = f"{{ bulkSends {{ nodes {{ name template {{ name }} documents(first: 3) {{ {below} }} }} }} }}"
    reply = await compiled_gateway.ask(tenant, query)
    assert [row["name"] for row in reply.data["bulkSends"]["nodes"]] == ["Newest", "Old", "Older"]


async def test_so_is_one_with_its_templates_bodies(
    compiled_gateway: RunningGateway, tenant: Tenant, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BulkSendWithTemplateRow, "name", property(lambda _: 1 / 0))
    reply = await compiled_gateway.ask(tenant, "{ bulkSends { nodes { name template { name body } } } }")
    rows = reply.data["bulkSends"]["nodes"]
    assert [row["name"] for row in rows] == ["Newest", "Old", "Older"]
    assert rows[2]["template"]["body"] == "To {{ values.company }}."
