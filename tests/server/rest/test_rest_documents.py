"""Reminding about, voiding and amending documents over REST."""

from typing import Any

import pytest
from support.gateway import Reply, RunningGateway, Tenant, new_tenant
from support.signing import document_status
from support.stored_bulk_sends import Stored, mark_sent, store

from bulksend.db.pool import Pool


async def post(gateway: RunningGateway, tenant: Tenant, stored: Stored, action: str, body: Any) -> Reply:
    url = f"{gateway.url}/api/v1/bulk-sends/{stored.id}/{action}"
    async with gateway.session.post(url, json=body, headers=tenant.headers) as response:
        return Reply(response.status, response.headers, await response.json(content_type=None))


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    stored = await store(pool, tenant, 2)
    await mark_sent(pool, stored, 0, 1)
    return stored


async def test_reminds(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    first = await post(gateway, tenant, stored, "remind", {})
    assert (first.status, first.body) == (200, {"data": {"id": stored.id, "count": 2}})
    again = await post(gateway, tenant, stored, "remind", {"documentIds": stored.document_ids})
    assert again.body == {"data": {"id": stored.id, "count": 0}}


async def test_voids(gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored) -> None:
    body = {"documentIds": stored.document_ids[:1], "reason": "Wrong."}
    assert (await post(gateway, tenant, stored, "void", body)).body["data"]["count"] == 1
    assert [await document_status(pool, uuid) for uuid in stored.document_uuids] == ["cancelled", "pending"]
    refused = await post(gateway, tenant, stored, "void", {"reason": "x" * 1001})
    assert refused.status == 422
    assert [(error["field"], error["code"]) for error in refused.body["errors"]] == [("reason", "TOO_LONG")]


async def test_amends(gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored) -> None:
    rows = [{"documentId": stored.document_ids[1], "email": "right@example.com"}]
    assert (await post(gateway, tenant, stored, "amend", {"documents": rows})).body["data"]["count"] == 1
    assert await pool.fetchval("SELECT signer_email FROM documents WHERE signer_index = 1") == "right@example.com"
    rows += [{"documentId": stored.document_ids[0], "email": "nonsense"}]
    refused = await post(gateway, tenant, stored, "amend", {"documents": rows})
    assert refused.status == 422
    assert [error["field"] for error in refused.body["errors"]] == ["documents[1].email"]


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("remind", {"documentIds": []}, "documentIds"),
        ("remind", {"nothing": 1}, "nothing"),
        ("remind", {"documentIds": ["doc_nonsense"]}, "documentIds[0]"),
        ("void", {}, "reason"),
        ("amend", {"documents": []}, "documents"),
        ("amend", {}, "documents"),
    ],
)
async def test_what_is_wrong_is_422(
    gateway: RunningGateway, tenant: Tenant, stored: Stored, action: str, body: Any, field: str
) -> None:
    reply = await post(gateway, tenant, stored, action, body)
    assert reply.status == 422
    assert [error["field"] for error in reply.body["errors"]] == [field]


@pytest.mark.parametrize("action", ["remind", "void", "amend"])
async def test_refusals(gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored, action: str) -> None:
    body = {"void": {"reason": "x"}, "amend": {"documents": [{"documentId": stored.document_ids[0]}]}}.get(action, {})
    other = await new_tenant(pool, name="Globex")
    assert (await post(gateway, other, stored, action, body)).status == 404
    reader = await new_tenant(pool, "documents.read", name="Reader")
    refused = await post(gateway, reader, stored, action, body)
    assert (refused.status, refused.body["requiredScope"]) == (403, "documents.write")
    assert (await post(gateway, tenant, stored, action, [])).status == 400
