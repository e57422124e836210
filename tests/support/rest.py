"""Call the REST endpoints, and read their problem details."""

import json
from collections.abc import Mapping
from typing import Any

from support.gateway import Reply, RunningGateway, Tenant, signers

PATH = "/api/v1/bulk-sends"
UNKNOWN_ID = "bs_01h455vb4pex5vsknk084sn02q"


async def call(
    gateway: RunningGateway,
    tenant: Tenant | None,
    method: str,
    path: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> Reply:
    """Call an endpoint and return the response with its parsed body."""
    sent = {**(tenant.headers if tenant else {}), **(headers or {})}
    async with gateway.session.request(method, f"{gateway.url}{PATH}{path}", headers=sent, **options) as response:
        text = await response.text()
        return Reply(response.status, response.headers, json.loads(text) if text else None)


async def post(
    gateway: RunningGateway, tenant: Tenant, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Reply:
    """Create a bulk send, with defaults for everything that a test does not set."""
    return await call(gateway, tenant, "POST", json=filled(tenant, more), headers=headers)


def filled(tenant: Tenant, more: Mapping[str, object]) -> dict[str, object]:
    return {"templateId": tenant.template_id, "name": "Q3 Vendor Agreements", "signers": signers(1), **more}


def problem(reply: Reply) -> str:
    """Return the name of the problem in a response."""
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.body["status"] == reply.status
    assert reply.body["title"]
    assert reply.body["detail"]
    address: str = reply.body["type"]
    assert address.startswith("http://sign.example.com/problems/")
    return address.rpartition("/")[2]


def field_errors(reply: Reply) -> list[tuple[str, str]]:
    assert (reply.status, problem(reply)) == (422, "invalid-input")
    return [(error["field"], error["code"]) for error in reply.body["errors"]]
