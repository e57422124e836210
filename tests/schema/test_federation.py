"""The Apollo Federation 2 subgraph: its SDL, resolving entities, and composition."""

from pathlib import Path
from typing import Any, Final

import pytest
from graphql import build_schema as read_schema
from graphql import get_introspection_query, introspection_types
from support.gateway import RunningGateway, Tenant, new_api_key, new_tenant, running_gateway
from support.node_project import APOLLO, Ended, run_node
from support.smtp.sink import SmtpSink
from support.statements import counted, purposes
from support.stored_bulk_sends import Stored, store

from bulksend.db import ids
from bulksend.db.pool import Pool

OTHER: Final = APOLLO / "federation" / "invoices.graphql"
SERVICE: Final = "{ _service { sdl } }"
ENTITIES: Final = """
query($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on BulkSend { id name template { id } }
    ... on Document { id signer { email } bulkSend { id } }
    ... on Template { id name }
  }
}
"""


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> list[Stored]:
    return [await store(pool, tenant, 3) for _ in range(4)]


async def find(gateway: RunningGateway, tenant: Tenant | None, *asked: object) -> Any:
    return (await gateway.ask(tenant, ENTITIES, {"representations": asked})).body


def bulk_send(id: str) -> dict[str, str]:
    return {"__typename": "BulkSend", "id": id}


def document(id: str) -> dict[str, str]:
    return {"__typename": "Document", "id": id}


def template(id: str) -> dict[str, str]:
    return {"__typename": "Template", "id": id}


# Composition


async def compose(gateway: RunningGateway, folder: Path, *others: Path, changed: tuple[str, str] = ("", "")) -> Ended:
    """Compose the SDL that the gateway returns to a client without a key."""
    sdl = (await gateway.ask(None, SERVICE)).data["_service"]["sdl"]
    subgraph = folder / "bulksend.graphql"
    subgraph.write_text(sdl.replace(*changed), "utf-8")
    return await run_node("compose.mjs", str(subgraph), *map(str, others))


async def test_composes_alone(gateway: RunningGateway, tmp_path: Path) -> None:
    composed = await compose(gateway, tmp_path)
    assert composed.status == 0, composed.output
    shown = read_schema(composed.output)
    assert shown.query_type is not None
    assert {"bulkSends", "documents", "templates", "viewer"} <= set(shown.query_type.fields)
    assert not {"node", "nodes", "_entities", "_service"} & set(shown.query_type.fields)
    assert not {"Node", "_Any", "_Entity", "_Service"} & set(shown.type_map)
    assert shown.mutation_type is not None
    assert "createBulkSend" in shown.mutation_type.fields
    assert shown.subscription_type is not None


async def test_composes_beside_another_subgraph_with_pages_and_nodes(gateway: RunningGateway, tmp_path: Path) -> None:
    composed = await compose(gateway, tmp_path, OTHER)
    assert composed.status == 0, composed.output
    shown = read_schema(composed.output)
    assert shown.query_type is not None
    assert {"bulkSends", "invoices"} <= set(shown.query_type.fields)
    fields = getattr(shown.type_map["BulkSend"], "fields", {})
    assert {"name", "documents", "invoice"} <= set(fields)


@pytest.mark.parametrize(
    ("mark", "told"),
    [("type PageInfo @shareable", "PageInfo.hasNextPage"), ("Node @shareable @inaccessible", "Query.node")],
)
async def test_composition_needs_each_mark(gateway: RunningGateway, tmp_path: Path, mark: str, told: str) -> None:
    composed = await compose(gateway, tmp_path, OTHER, changed=(mark, mark.replace(" @shareable", "")))
    assert composed.status == 1
    assert told in composed.output


# Entities


async def test_finds_entities_of_every_type_in_order(
    gateway: RunningGateway, tenant: Tenant, stored: list[Stored]
) -> None:
    first, second = stored[0], stored[1]
    found = await find(
        gateway,
        tenant,
        document(second.document_ids[1]),
        bulk_send(first.id) | {"invoiceNumber": 7},
        template(tenant.template_id),
        document(first.document_ids[0]),
    )
    assert found["data"]["_entities"] == [
        {
            "__typename": "Document",
            "id": second.document_ids[1],
            "signer": {"email": "signer1@example.com"},
            "bulkSend": {"id": second.id},
        },
        {"__typename": "BulkSend", "id": first.id, "name": "Spring", "template": {"id": tenant.template_id}},
        {"__typename": "Template", "id": tenant.template_id, "name": "Agreement"},
        {
            "__typename": "Document",
            "id": first.document_ids[0],
            "signer": {"email": "signer0@example.com"},
            "bulkSend": {"id": first.id},
        },
    ]
    assert "errors" not in found


async def test_entities_are_one_statement_a_type(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stored: list[Stored]
) -> None:
    asked = [template(tenant.template_id), *(bulk_send(one.id) for one in stored)]
    asked += [document(id) for one in stored for id in one.document_ids]
    async with running_gateway(dsn, sink.url, delivery=False) as gateway, counted(gateway.pool) as statements:
        found = await find(gateway, tenant, *asked)
    assert [entity["id"] for entity in found["data"]["_entities"]] == [one["id"] for one in asked]
    # One for the key, and one per type.
    assert len(statements) <= 4, purposes(statements)


async def test_what_is_not_there_is_null(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: list[Stored]
) -> None:
    stranger = await new_tenant(pool, name="Globex")
    theirs = await store(pool, stranger)
    found = await find(
        gateway,
        tenant,
        bulk_send(theirs.id),
        document(theirs.document_ids[0]),
        template(stranger.template_id),
        bulk_send(ids.encode(ids.BULK_SEND, tenant.organization_id)),
        bulk_send(stored[0].document_ids[0]),
        bulk_send("nonsense"),
        bulk_send(stored[0].id),
    )
    assert [entity and entity["id"] for entity in found["data"]["_entities"]] == [None] * 6 + [stored[0].id]
    assert "errors" not in found


async def test_scopes_hold_for_entities(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: list[Stored]
) -> None:
    key = await new_api_key(pool, tenant.organization_id, "documents.read")
    reader = Tenant(tenant.organization_id, key, tenant.template_id)
    first = stored[0]
    query = ENTITIES.replace("signer { email } bulkSend { id }", "signer { email }")
    asked = [
        bulk_send(first.id),
        bulk_send(stored[1].id),
        template(tenant.template_id),
        document(first.document_ids[0]),
    ]
    found = (await gateway.ask(reader, query, {"representations": asked})).body

    assert [entity and entity["__typename"] for entity in found["data"]["_entities"]] == [None, None, None, "Document"]
    refusals = [(error["path"], error["extensions"]["requiredScope"]) for error in found["errors"]]
    assert refusals == [(["_entities", 0], "bulk_sends.read"), (["_entities", 2], "templates.read")]


@pytest.mark.parametrize("asked", [{"__typename": "Invoice", "id": "1"}, {"__typename": "BulkSend"}, "BulkSend", 3, []])
async def test_a_representation_of_no_entity_is_an_error_of_its_own(
    gateway: RunningGateway, tenant: Tenant, stored: list[Stored], asked: object
) -> None:
    found = await find(gateway, tenant, asked, bulk_send(stored[0].id))
    (error,) = found["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["representations"]}
    assert error["path"] == ["_entities", 0]
    assert found["data"]["_entities"][1]["id"] == stored[0].id


async def test_each_representation_costs(gateway: RunningGateway, tenant: Tenant, stored: list[Stored]) -> None:
    inner = "... on BulkSend { documents(first: 100) { nodes { id } } }"
    query = f"query($asked: [_Any!]!) {{ _entities(representations: $asked) {{ {inner} }} }}"
    asked = [bulk_send(stored[0].id)] * 300
    reply = await gateway.ask(tenant, query, {"asked": asked})
    assert reply.error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert reply.error["extensions"]["limit"] == "cost"
    assert "errors" not in (await gateway.ask(tenant, query, {"asked": asked[:100]})).body


# Authorization


async def test_entities_need_a_key(gateway: RunningGateway, stored: list[Stored]) -> None:
    found = await find(gateway, None, bulk_send(stored[0].id))
    assert [error["extensions"]["code"] for error in found["errors"]] == ["UNAUTHENTICATED"]
    both = await gateway.ask(None, "{ _service { sdl } viewer { organization { id } } }")
    assert both.error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_subgraph_keeps_to_itself_without_introspection(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, stored: list[Stored]
) -> None:
    async with running_gateway(dsn, sink.url, delivery=False, introspection=False) as gateway:
        for asks in (None, tenant):
            refused = await gateway.ask(asks, SERVICE)
            assert refused.error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        found = await find(gateway, tenant, bulk_send(stored[0].id))
        assert found["data"]["_entities"][0]["id"] == stored[0].id


async def test_introspection_shows_the_public_schema(gateway: RunningGateway, tenant: Tenant) -> None:
    shown = (await gateway.ask(tenant, get_introspection_query())).data["__schema"]
    names = {kind["name"] for kind in shown["types"]}
    assert not {name for name in names - set(introspection_types) if name.startswith("_")}
    (query,) = (kind for kind in shown["types"] if kind["name"] == "Query")
    assert not {field["name"] for field in query["fields"] if field["name"].startswith("_")}
    assert {directive["name"] for directive in shown["directives"]} <= {
        "deprecated",
        "include",
        "oneOf",
        "skip",
        "specifiedBy",
    }
