"""Apollo Client against a gateway: each file of tests/apollo, with the code of docs/apollo.md."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from support.gateway import RunningGateway, Tenant, new_api_key, running_gateway
from support.node_project import APOLLO, run_node
from support.processes import BULKSEND
from support.smtp.sink import Phase, SmtpSink

from bulksend.db import api_keys, ids
from bulksend.db.pool import Pool

ORIGIN = "https://app.example.com"
PATHS = [*APOLLO.glob("*.test.mjs"), *APOLLO.glob("federation/*.test.mjs")]
FILES = sorted(str(path.relative_to(APOLLO)) for path in PATHS)


@pytest.fixture
async def gateway(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    """A gateway for pages of one origin; its mail server refuses one signer permanently and one temporarily."""
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user", recipient="refused@*")
    sink.refuse(Phase.RCPT, 450, "4.2.1 Busy", recipient="busy@*")
    async with running_gateway(dsn, sink.url, cors_origins=(ORIGIN,)) as running:
        yield running


@pytest.fixture
async def other_gateway(pool: Pool, dsn: str, sink: SmtpSink) -> AsyncIterator[RunningGateway]:
    """Another gateway on the same database, with a low request limit."""
    async with running_gateway(dsn, sink.url, delivery=False, requests_per_minute=5) as running:
        yield running


def test_there_are_files() -> None:
    assert len(FILES) == 8


@pytest.mark.parametrize("file", FILES)
async def test_apollo_client(
    file: str, gateway: RunningGateway, other_gateway: RunningGateway, pool: Pool, dsn: str, tenant: Tenant
) -> None:
    told = {
        "url": gateway.url,
        "otherUrl": other_gateway.url,
        "origin": ORIGIN,
        "organizationId": ids.encode(ids.ORGANIZATION, tenant.organization_id),
        "templateId": tenant.template_id,
        "key": tenant.key,
        "readerKey": await new_api_key(pool, tenant.organization_id, "bulk_sends.read"),
        "revocable": [await revocable_key(pool, tenant.organization_id) for _ in range(2)],
        "bulksend": str(BULKSEND),
    }
    environment = {"BULKSEND_TEST_GATEWAY": json.dumps(told), "BULKSEND_DATABASE_URL": dsn}
    ran = await run_node("--test", "--test-timeout=60000", file, environment=environment)
    assert ran.status == 0, ran.output


async def revocable_key(pool: Pool, organization_id: UUID) -> dict[str, str]:
    """Create a key and return it with its id."""
    key = await new_api_key(pool, organization_id)
    async with pool.acquire() as conn:
        newest, *_ = await api_keys.list_keys(conn, organization_id=organization_id)
    return {"id": ids.encode(ids.API_KEY, newest.id), "key": key}
