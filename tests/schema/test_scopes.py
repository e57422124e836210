"""API key scopes: each scoped field with and without its scope, and one error per coordinate."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gateway import CREATE, RunningGateway, Sending, Tenant, new_api_key
from support.stored_bulk_sends import Stored, mark_failed, mark_sent, store

from bulksend.db.pool import Pool
from bulksend.resolvers.viewer import GRANTABLE, Scope, expand_scopes

READERS = ("documents.read", "bulk_sends.read")
WILDCARDS = {
    "bulk_sends.*": {"bulk_sends.read", "bulk_sends.create", "bulk_sends.delete"},
    "templates.*": {"templates.read", "templates.write"},
    "documents.*": {"documents.read", "documents.write"},
    "*": {scope.value for scope in Scope},
}

# Each scoped field: its path in a response, the query, and the scopes of which any one is sufficient.
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "bulkSend": ("{ bulkSend(id: $bulkSend) { id } }", ("bulk_sends.read",)),
    "bulkSends": ("{ bulkSends { nodes { id } } }", ("bulk_sends.read",)),
    "document": ("{ document(id: $document) { id } }", READERS),
    "documents": ("{ documents { nodes { id } } }", READERS),
    "template": ("{ template(id: $template) { id } }", ("templates.read",)),
    "templates": ("{ templates { nodes { id } } }", ("templates.read",)),
    "bulk": ("{ bulk: node(id: $bulkSend) { id } }", ("bulk_sends.read",)),
    "doc": ("{ doc: node(id: $document) { id } }", READERS),
    "tpl": ("{ tpl: node(id: $template) { id } }", ("templates.read",)),
    "rateLimit.lastBulkSend": ("{ rateLimit { limit lastBulkSend { id } } }", ("bulk_sends.read",)),
    "document.bulkSend": ("{ document(id: $document) { id bulkSend { id } } }", ("bulk_sends.read",)),
    "document.template": ("{ document(id: $document) { id template { id } } }", ("templates.read",)),
    "document.signingUrl": ("{ document(id: $document) { id signingUrl } }", ("signing_links.read",)),
    "bulkSend.template": ("{ bulkSend(id: $bulkSend) { id template { id } } }", ("templates.read",)),
    "bulkSend.documents": ("{ bulkSend(id: $bulkSend) { id documents { nodes { id } } } }", ("bulk_sends.read",)),
}
# The scopes required to reach the field at all.
PARENTS = {"document": ("documents.read",), "bulkSend": ("bulk_sends.read",)}


async def ask_as(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, scopes: Iterable[str], query: str, **more: Any
) -> Any:
    key = await new_api_key(pool, tenant.organization_id, *scopes)
    return (await gateway.ask(Tenant(tenant.organization_id, key, tenant.template_id), query, **more)).body


def asked(tenant: Tenant, stored: Stored, query: str) -> dict[str, Any]:
    variables = {"bulkSend": stored.id, "document": stored.document_ids[0], "template": tenant.template_id}
    declared = ", ".join(f"${name}: ID!" for name in variables if f"${name}" in query)
    return {"query": f"query({declared}) {query}" if declared else query, "variables": variables}


def at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[step]
    return data


@pytest.mark.parametrize("path", FIELDS)
async def test_a_field_needs_its_scope(gateway: RunningGateway, pool: Pool, tenant: Tenant, path: str) -> None:
    stored = await store(pool, tenant)
    query, enough = FIELDS[path]
    parent = set(PARENTS.get(path.partition(".")[0], ())) if "." in path else set()
    for scope in enough:
        body = await ask_as(gateway, pool, tenant, {scope, *parent}, **asked(tenant, stored, query))
        assert "errors" not in body
        assert at(body["data"], path)

    others = ({scope.value for scope in Scope} | parent) - set(enough)
    if not parent.isdisjoint(enough):
        return  # Reaching the field already requires a sufficient scope.
    body = await ask_as(gateway, pool, tenant, others, **asked(tenant, stored, query))
    (error,) = body["errors"]
    assert at(body["data"], path) is None
    assert error["path"] == path.split(".")
    assert error["extensions"] == {"code": "FORBIDDEN", "requiredScope": enough[0]}
    if "." in path:
        assert at(body["data"], path.partition(".")[0]), "the rest must answer"


@pytest.mark.parametrize("scopes", [*[[scope.value] for scope in Scope], *[[wildcard] for wildcard in WILDCARDS]])
async def test_only_signing_links_read_and_everything_give_signing_links(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, scopes: list[str]
) -> None:
    stored = await store(pool, tenant)
    query = asked(tenant, stored, "{ document(id: $document) { signingUrl } }")
    body = await ask_as(gateway, pool, tenant, ["documents.read", *scopes], **query)
    if scopes[0] in ("signing_links.read", "*"):
        assert body["data"]["document"]["signingUrl"].startswith("http://sign.example.com/sign/")
    else:
        assert body["data"]["document"]["signingUrl"] is None
        assert [error["extensions"]["requiredScope"] for error in body["errors"]] == ["signing_links.read"]


async def test_500_refusals_are_one_error(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 500)
    query = asked(
        tenant,
        stored,
        "{ bulkSend(id: $bulkSend) { documents(first: 500) { nodes { id signingUrl template { id } } } } }",
    )
    body = await ask_as(gateway, pool, tenant, ["bulk_sends.read"], **query)
    rows = body["data"]["bulkSend"]["documents"]["nodes"]
    assert [row["id"] for row in rows] == stored.document_ids
    assert {row["signingUrl"] for row in rows} == {row["template"] for row in rows} == {None}
    assert sorted(error["extensions"]["requiredScope"] for error in body["errors"]) == [
        "signing_links.read",
        "templates.read",
    ]
    assert {tuple(error["path"][:4]) for error in body["errors"]} == {("bulkSend", "documents", "nodes", 0)}


async def test_nodes_answers_what_it_may(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 2)
    wanted = [stored.id, tenant.template_id, stored.id, *stored.document_ids]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } viewer { organization { name } } }"
    body = await ask_as(gateway, pool, tenant, ["templates.read"], query, variables={"ids": wanted})
    assert body["data"] == {
        "nodes": [None, {"id": tenant.template_id}, None, None, None],
        "viewer": {"organization": {"name": "Acme"}},
    }
    assert sorted((error["path"], error["extensions"]["requiredScope"]) for error in body["errors"]) == [
        (["nodes", 0], "bulk_sends.read"),
        (["nodes", 3], "documents.read"),
    ]


async def test_one_error_a_coordinate_and_scope(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant)
    query = asked(
        tenant, stored, "{ a: node(id: $bulkSend) { id } b: node(id: $bulkSend) { id } c: node(id: $template) { id } }"
    )
    body = await ask_as(gateway, pool, tenant, ["signing_links.read"], **query)
    assert body["data"] == {"a": None, "b": None, "c": None}
    assert sorted(error["extensions"]["requiredScope"] for error in body["errors"]) == [
        "bulk_sends.read",
        "templates.read",
    ]


async def test_a_refusal_tells_nothing_of_what_exists(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant)
    unknown = stored.id[:-4] + "zzzz"
    answers = [
        await ask_as(
            gateway,
            pool,
            tenant,
            ["documents.read"],
            "query($id: ID!) { bulkSend(id: $id) { id } node(id: $id) { id } }",
            variables={"id": id_},
        )
        for id_ in (stored.id, unknown)
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]["errors"]) == 2


@pytest.mark.parametrize(
    ("mutation", "scope"),
    [
        (CREATE, "bulk_sends.create"),
        (
            "mutation($id: ID!) { deleteBulkSend(input: {id: $id}) { deletedBulkSendId userErrors { code } } }",
            "bulk_sends.delete",
        ),
        (
            "mutation($id: ID!) { cancelBulkSend(input: {id: $id}) { cancelledCount userErrors { code } } }",
            "bulk_sends.delete",
        ),
        (
            "mutation($id: ID!) { retryBulkSend(input: {id: $id}) { retriedCount userErrors { code } } }",
            "bulk_sends.create",
        ),
    ],
    ids=["create", "delete", "cancel", "retry"],
)
async def test_a_mutation_needs_its_scope(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, mutation: str, scope: str
) -> None:
    stored = await store(pool, tenant)
    variables = Sending(tenant, more={"waitForDelivery": False}).variables if mutation is CREATE else {"id": stored.id}
    others = [other.value for other in Scope if other != scope]
    refused = await ask_as(gateway, pool, tenant, others, mutation, variables=variables)
    assert set(refused["data"].values()) == {None}
    assert [error["extensions"] for error in refused["errors"]] == [{"code": "FORBIDDEN", "requiredScope": scope}]
    assert await pool.fetchval("SELECT count(*) FROM bulk_sends WHERE deleted_at IS NULL") == 1

    allowed = await ask_as(gateway, pool, tenant, [scope], mutation, variables=variables)
    (payload,) = allowed["data"].values()
    assert payload["userErrors"] == [] or mutation.find("retryBulkSend") > 0


CHANGES = {
    "cancelBulkSend": ("{id: $id}", "bulk_sends.delete", "cancelledCount"),
    "remindDocuments": ("{bulkSendId: $id}", "documents.write", "remindedCount"),
    "voidDocuments": ('{bulkSendId: $id, reason: "Wrong"}', "documents.write", "voidedCount"),
    "amendDocuments": (
        '{bulkSendId: $id, documents: [{documentId: $document, name: "Grace"}]}',
        "documents.write",
        "amendedCount",
    ),
    "retryBulkSend": ("{id: $id}", "bulk_sends.create", "retriedCount"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_payload_shows_its_bulk_send_only_to_readers(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, name: str
) -> None:
    given, scope, count = CHANGES[name]
    declared = "$id: ID!, $document: ID!" if "$document" in given else "$id: ID!"
    mutation = (
        f"mutation({declared}) {{ {name}(input: {given}) {{ bulkSend {{ id }} {count} userErrors {{ code }} }} }}"
    )
    counts = []
    for scopes in ((scope,), (scope, "bulk_sends.read")):
        stored = await store(pool, tenant)
        await (mark_failed if name == "retryBulkSend" else mark_sent)(pool, stored, 0)
        variables = {"id": stored.id, "document": stored.document_ids[0]}
        body = await ask_as(gateway, pool, tenant, scopes, mutation, variables=variables)
        payload = body["data"][name]
        assert payload["userErrors"] == []
        counts.append(payload[count])
        if len(scopes) == 2:
            assert "errors" not in body
            assert payload["bulkSend"] == {"id": stored.id}
        else:
            assert payload["bulkSend"] is None
            assert refusals(body) == [([name, "bulkSend"], "bulk_sends.read")]
    # The mutation was executed in both cases.
    assert counts == ([0, 0] if name == "cancelBulkSend" else [1, 1])


async def test_a_key_that_only_creates_creates(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    body = await ask_as(
        gateway,
        pool,
        tenant,
        ["bulk_sends.create"],
        CREATE,
        variables=Sending(tenant, more={"waitForDelivery": False}).variables,
    )
    assert body["data"]["createBulkSend"]["bulkSend"] is None
    assert body["data"]["createBulkSend"]["userErrors"] == []
    assert refusals(body) == [(["createBulkSend", "bulkSend"], "bulk_sends.read")]
    assert await pool.fetchval("SELECT count(*) FROM bulk_sends") == 1

    # Without a bulk send in the payload there is nothing to refuse.
    missing = Sending(tenant, more={"waitForDelivery": False}).variables
    missing["input"]["signers"] = []
    body = await ask_as(gateway, pool, tenant, ["bulk_sends.create"], CREATE, variables=missing)
    assert "errors" not in body
    assert body["data"]["createBulkSend"]["userErrors"]


def refusals(body: Any) -> list[tuple[list[str | int], str]]:
    assert {error["extensions"]["code"] for error in body["errors"]} == {"FORBIDDEN"}
    return [(error["path"], error["extensions"]["requiredScope"]) for error in body["errors"]]


@pytest.mark.parametrize("wildcard", WILDCARDS)
def test_a_wildcard_covers_its_noun(wildcard: str) -> None:
    assert {scope.value for scope in expand_scopes((wildcard,))} == WILDCARDS[wildcard]


@given(st.lists(st.sampled_from(GRANTABLE) | st.text(max_size=20)))
def test_scopes_add_up_and_unknown_ones_give_nothing(granted: list[str]) -> None:
    known = {scope.value for scope in Scope}
    expected = itertools.chain.from_iterable(WILDCARDS.get(one, {one} & known) for one in granted)
    assert {scope.value for scope in expand_scopes(tuple(granted))} == set(expected)


@pytest.mark.parametrize("granted", ["signing_links.*", "bulk_sends", "bulk_sends.", "**", ".*", "BULK_SENDS.READ", ""])
def test_what_is_nearly_a_scope_gives_nothing(granted: str) -> None:
    assert expand_scopes((granted,)) == frozenset()
