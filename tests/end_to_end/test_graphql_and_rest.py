"""GraphQL and REST share the same rules: what one API creates or refuses, the other sees or refuses alike."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.gateway import Reply, RunningGateway, Tenant, create, new_tenant, running_gateway, signers
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool

PATH = "/api/v1/bulk-sends"
READ = """
query($id: ID!) {
  bulkSend(id: $id) {
    id name status totalCount sentCount failedCount emailMessage templateId createdAt updatedAt
  }
}
"""
LIST = "{ bulkSends(first: 2) { nodes { id } pageInfo { hasNextPage } } }"


async def rest(
    gateway: RunningGateway,
    tenant: Tenant,
    method: str,
    path: str = "",
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    sent = {**tenant.headers, **(headers or {})}
    url = f"{gateway.url}{PATH}{path}"
    async with gateway.session.request(method, url, json=body, headers=sent) as response:
        return Reply(response.status, response.headers, await response.json(content_type=None))


def a_create(tenant: Tenant, count: int = 1, **more: Any) -> dict[str, Any]:
    return {"templateId": tenant.template_id, "name": "Q3 Vendor Agreements", "signers": signers(count), **more}


async def test_created_over_rest_and_read_over_graphql(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await rest(gateway, tenant, "POST", "", a_create(tenant, 3, emailMessage="Hi"))).body["data"]

    shown = (await gateway.ask(tenant, READ, {"id": made["id"]})).data["bulkSend"]

    assert {**shown, "status": shown["status"].lower()} == {
        **made,
        "emailMessage": "Hi",
        "updatedAt": shown["updatedAt"],
    }


async def test_created_over_graphql_and_read_over_rest(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await create(gateway, tenant, 3, emailMessage="Hi"))["bulkSend"]

    over_rest = (await rest(gateway, tenant, "GET", f"/{made['id']}")).body["data"]
    over_graphql = (await gateway.ask(tenant, READ, {"id": made["id"]})).data["bulkSend"]

    assert over_rest == {**over_graphql, "status": over_graphql["status"].lower()}


async def test_deleted_through_one_and_gone_from_both(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await create(gateway, tenant))["bulkSend"]["id"]

    assert (await rest(gateway, tenant, "DELETE", f"/{made}")).status == 204

    assert (await gateway.ask(tenant, READ, {"id": made})).data["bulkSend"] is None


async def test_both_lists_have_the_same_order(gateway: RunningGateway, tenant: Tenant) -> None:
    made = [(await create(gateway, tenant))["bulkSend"]["id"] for _ in range(3)]

    over_graphql = (await gateway.ask(tenant, LIST)).data["bulkSends"]
    over_rest = (await rest(gateway, tenant, "GET", "?limit=2")).body

    assert [one["id"] for one in over_graphql["nodes"]] == made[:0:-1]
    assert [one["id"] for one in over_rest["data"]] == made[:0:-1]
    assert over_graphql["pageInfo"]["hasNextPage"] == over_rest["meta"]["hasMore"]


@pytest.mark.parametrize("rest_first", [True, False])
async def test_an_idempotency_key_holds_across_doors(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, rest_first: bool
) -> None:
    async def over_rest() -> tuple[str, bool]:
        reply = await rest(gateway, tenant, "POST", "", a_create(tenant), {"Idempotency-Key": "k1"})
        return reply.body["data"]["id"], reply.headers.get("Idempotency-Replayed") == "true"

    async def over_graphql() -> tuple[str, bool]:
        payload = await create(gateway, tenant, idempotencyKey="k1", name="Q3 Vendor Agreements")
        return payload["bulkSend"]["id"], payload["replayed"]

    doors = [over_rest, over_graphql] if rest_first else [over_graphql, over_rest]
    (original, was_replayed), (again, replayed) = [await door() for door in doors]

    assert (was_replayed, replayed) == (False, True)
    assert again == original
    assert len(sink.mails) == 1


async def test_the_bulk_send_rate_holds_across_doors(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, bulk_send_interval=300) as gateway:
        assert (await create(gateway, tenant))["userErrors"] == []
        refused = await rest(gateway, tenant, "POST", "", a_create(tenant))

    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 290


@pytest.mark.parametrize(
    "broken",
    [
        {"name": ""},
        {"name": "two\nlines"},
        {"emailMessage": "x" * 1001},
        {"signers": []},
        {"signers": signers(501)},
        {
            "signers": [
                {"name": "A", "email": "nobody", "phone": "1" * 21},
                *signers(2),
                {"name": "", "email": "a@b.test"},
            ]
        },
        {"templateId": "tpl_01h455vb4pex5vsknk084sn02q"},
        {"idempotencyKey": ""},
        {"externalId": "x" * 256},
    ],
    ids=lambda broken: "-".join(broken),
)
async def test_both_doors_find_the_same_wrong(gateway: RunningGateway, tenant: Tenant, broken: dict[str, Any]) -> None:
    payload = await create(gateway, tenant, **broken)
    reply = await rest(gateway, tenant, "POST", "", a_create(tenant) | broken)

    assert reply.status == 422
    assert [(error["code"], error["message"]) for error in reply.body["errors"]] == [
        (error["code"], error["message"]) for error in payload["userErrors"]
    ]
    paths = [error["field"].replace("[", ".").replace("]", "") for error in reply.body["errors"]]
    assert paths == [".".join(error["field"]) for error in payload["userErrors"]]
