"""The OpenAPI document, its page, and schemathesis testing the API against the document."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

from support.gateway import RunningGateway, Tenant, new_tenant, running_gateway
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import mark_sent, store

from bulksend.db.pool import Pool
from bulksend.resolvers.viewer import Scope
from bulksend.server.rest.openapi import document

HOOKS = Path(__file__).parents[2] / "support" / "schemathesis_rest_hooks.py"
MOST_SECONDS = 300
SEED = 20260528


async def test_the_document_is_served(gateway: RunningGateway) -> None:
    reply = await gateway.get("/api/v1/openapi.json")

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(reply.body) == document()
    assert document()["openapi"].startswith("3.1.")


def test_every_scope_of_the_door_is_told() -> None:
    texts = " ".join(operation["description"] for operation in operations())
    for scope in (Scope.BULK_SENDS_READ, Scope.BULK_SENDS_CREATE, Scope.BULK_SENDS_DELETE):
        assert f"`{scope.value}`" in texts


def test_examples_have_the_fields_of_their_schemas_in_order() -> None:
    schemas = document()["components"]["schemas"]
    for operation in operations():
        for response in operation["responses"].values():
            content = response.get("content", {}).get("application/json", {})
            if "example" not in content:
                continue
            schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
            shown = schema["properties"]["data"]
            example = content["example"]["data"]
            name = (shown.get("items") or shown)["$ref"].rpartition("/")[2]
            first = example[0] if isinstance(example, list) else example
            assert list(first) == list(schemas[name]["properties"])


async def test_the_page_is_read_without_other_hosts(gateway: RunningGateway) -> None:
    reply = await gateway.get("/api/v1/docs")

    assert reply.status == 200
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    for text in ("POST /api/v1/bulk-sends", "signers[].email", "1–200 characters", "/api/v1/openapi.json", "1–100"):
        assert text in reply.body
    assert "<script" not in reply.body
    assert "src=" not in reply.body


async def test_schemathesis_finds_nothing(pool: Pool, dsn: str, sink: SmtpSink, tmp_path: Path) -> None:
    tenant = await new_tenant(pool)
    stored = {action: await _store_sent(pool, tenant) for action in ("remind", "void", "amend")}
    async with running_gateway(dsn, sink.url, delivery=False, sync_wait=0) as gateway:
        status, output = await _run_schemathesis(gateway, tenant, stored, tmp_path)

    assert status == 0, output


async def _store_sent(pool: Pool, tenant: Tenant) -> dict[str, Any]:
    stored = await store(pool, tenant, 3)
    await mark_sent(pool, stored, 0, 1, 2)
    return {"id": stored.id, "documentIds": stored.document_ids}


async def _run_schemathesis(
    gateway: RunningGateway, tenant: Tenant, stored: dict[str, Any], folder: Path
) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{gateway.url}/api/v1/openapi.json",
        "--header",
        f"Authorization: Bearer {tenant.key}",
        "--checks=all",
        f"--seed={SEED}",
        "--max-examples=10",
        "--generation-database=none",
        "--continue-on-failure",
        "--no-color",
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": str(HOOKS),
            "BULKSEND_TEST_STORED": json.dumps(stored),
            "BULKSEND_TEST_TEMPLATE": tenant.template_id,
            "PYTHONPATH": str(HOOKS.parent),
        },
        cwd=folder,
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), MOST_SECONDS)
    return process.returncode, output.decode()


def operations() -> list[dict[str, Any]]:
    paths = document()["paths"].values()
    return [operation for path in paths for name, operation in path.items() if name != "parameters"]
