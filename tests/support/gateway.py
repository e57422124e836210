"""A gateway in the test's own process, accessed over HTTP, and tenants that call it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
from support.pgbouncer import STATEMENT_CACHE_SIZE, pooled

from bulksend.db import api_keys, ids, organizations
from bulksend.db.pool import Pool
from bulksend.resolvers import templates
from bulksend.resolvers.template_inputs import validate_template
from bulksend.server.app import build_app
from bulksend.server.http.authentication import hash_key, new_key
from bulksend.server.listening import listening
from bulksend.server.process import Parts, open_parts
from bulksend.server.settings import Settings

SECRET_KEY = "a secret key of the tests that is long enough"
PLAIN_BODY = "# Agreement\n\nBetween us and {{ signer.name }}.\n"


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization with a template and an API key."""

    organization_id: UUID
    key: str
    template_id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response with its body."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def error(self) -> Any:
        (only,) = self.body["errors"]
        return only


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway that listens on loopback."""

    url: str
    parts: Parts
    session: aiohttp.ClientSession

    @property
    def pool(self) -> Pool:
        return self.parts.pool

    async def ask(
        self,
        tenant: Tenant | None,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Reply:
        """Send a GraphQL request by POST."""
        payload = {"query": query, **parameters} | ({"variables": variables} if variables is not None else {})
        sent = {**(tenant.headers if tenant else {}), **(headers or {})}
        async with self.session.post(f"{self.url}/graphql", json=payload, headers=sent) as response:
            return Reply(response.status, response.headers, await response.json(content_type=None))

    async def get(self, path: str, **options: Any) -> Reply:
        """Send a GET request and return the body as text."""
        async with self.session.get(f"{self.url}{path}", **options) as response:
            return Reply(response.status, response.headers, await response.text())


@asynccontextmanager
async def running_gateway(
    dsn: str, smtp_url: str, *, delivery: bool = True, **given: Any
) -> AsyncIterator[RunningGateway]:
    """Run a gateway; `given` overrides the settings below."""
    settings = Settings.read(
        **{
            "database_url": pooled(dsn),
            "database_listen_url": dsn,
            "statement_cache_size": STATEMENT_CACHE_SIZE,
            "smtp_url": smtp_url,
            "mail_from": "Bulksend <bulksend@example.com>",
            "public_url": "http://sign.example.com",
            "secret_keys": (SECRET_KEY,),
            "bulk_send_interval": 0,
            "requests_per_minute": 1_000_000,
            "sync_wait": 10,
            "shutdown_grace": 5,
            "host": "127.0.0.1",
            "port": 0,
            **given,
        }
    )
    async with (
        open_parts(settings, delivery=delivery) as parts,
        listening(build_app(parts), parts, host="127.0.0.1", port=0) as port,
        aiohttp.ClientSession() as session,
    ):
        yield RunningGateway(f"http://127.0.0.1:{port}", parts, session)


async def new_tenant(pool: Pool, *scopes: str, name: str = "Acme", body: str = PLAIN_BODY) -> Tenant:
    """Create an organization with one template and a key with these scopes (`*` if none are given)."""
    async with pool.acquire() as conn:
        organization_id = await organizations.create(conn, name=name)
    key = await new_api_key(pool, organization_id, *scopes)
    return Tenant(organization_id, key, await new_template(pool, organization_id, body=body))


async def new_api_key(pool: Pool, organization_id: UUID, *scopes: str) -> str:
    """Create another key of an organization."""
    key = new_key()
    async with pool.acquire() as conn:
        await api_keys.create(
            conn, organization_id=organization_id, name="Test key", key_hash=hash_key(key), scopes=scopes or ("*",)
        )
    return key


async def new_template(pool: Pool, organization_id: UUID, *, name: str = "Agreement", body: str = PLAIN_BODY) -> str:
    """Create a template and return its public id."""
    async with pool.acquire() as conn:
        valid = validate_template({"name": name, "body": body})
        template_id = await templates.store(conn, organization_id, valid)
    return ids.encode(ids.TEMPLATE, template_id)


CREATE = """
mutation($input: CreateBulkSendInput!) {
  createBulkSend(input: $input) {
    bulkSend { id name status totalCount sentCount failedCount pendingCount }
    dryRun { totalCount nextBulkSendAt previewSubject previewText }
    replayed
    userErrors { code field message retryAfter }
    warnings { code field message }
  }
}
"""


def signers(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    """Return `count` signers with different addresses."""
    return [
        {"name": f"Signer {number}", "email": f"signer{number}@example.com"} for number in range(start, start + count)
    ]


@dataclass
class Sending:
    """The variables of a create, with defaults for everything that a test does not set."""

    tenant: Tenant
    count: int = 1
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, Any]:
        return {
            "input": {
                "templateId": self.tenant.template_id,
                "name": "Q3 Vendor Agreements",
                "signers": signers(self.count),
                **self.more,
            }
        }


async def create(gateway: RunningGateway, tenant: Tenant, count: int = 1, **more: Any) -> Any:
    """Create a bulk send and return the payload."""
    reply = await gateway.ask(tenant, CREATE, Sending(tenant, count, more).variables)
    return reply.data["createBulkSend"]
