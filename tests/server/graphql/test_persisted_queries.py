"""Automatic persisted queries: not found, registered, found; shared by processes, bounded, and per organization."""

import hashlib
import json
from typing import Any

import pytest
from support.gateway import Reply, RunningGateway, Tenant, new_tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db import persisted_queries
from bulksend.db.pool import Pool
from bulksend.server.graphql.persisted_queries import LONGEST

QUERY = "{ viewer { organization { name } } }"
NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}


def extensions(query: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}


async def by_hash(gateway: RunningGateway, tenant: Tenant | None, query: str = QUERY, **headers: str) -> Reply:
    """Send only the hash, by GET, as Apollo Client does first."""
    parameters = {"extensions": json.dumps(extensions(query))}
    sent = {**(tenant.headers if tenant else {}), **headers}
    async with gateway.session.get(f"{gateway.url}/graphql", params=parameters, headers=sent) as response:
        return Reply(response.status, response.headers, await response.json(content_type=None))


async def with_text(gateway: RunningGateway, tenant: Tenant | None, query: str = QUERY) -> Reply:
    return await gateway.ask(tenant, query, extensions=extensions(query))


async def stored(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM persisted_queries"))


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_missed_sent_and_found(gateway: RunningGateway, tenant: Tenant, accept: str) -> None:
    missed = await by_hash(gateway, tenant, Accept=accept)
    assert (missed.status, missed.error) == (200, NOT_FOUND)
    assert missed.headers["Cache-Control"] == "private, no-store"
    assert (await with_text(gateway, tenant)).data["viewer"]
    assert (await by_hash(gateway, tenant, Accept=accept)).data["viewer"]


async def test_is_shared_by_all_gateways(
    gateway: RunningGateway, tenant: Tenant, dsn: str, sink: SmtpSink, pool: Pool
) -> None:
    await with_text(gateway, tenant)
    async with running_gateway(dsn, sink.url) as other:
        assert (await by_hash(other, tenant)).data["viewer"]


async def test_is_found_over_post_too(gateway: RunningGateway, tenant: Tenant) -> None:
    await with_text(gateway, tenant)
    payload = {"extensions": extensions(QUERY)}
    async with gateway.session.post(f"{gateway.url}/graphql", json=payload, headers=tenant.headers) as response:
        assert (await response.json())["data"]["viewer"]


async def test_is_each_organizations_own(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    await with_text(gateway, tenant)
    assert (await by_hash(gateway, await new_tenant(pool))).error == NOT_FOUND
    assert (await by_hash(gateway, None)).error == NOT_FOUND


async def test_nobody_fills_it(gateway: RunningGateway, pool: Pool) -> None:
    query = "{ __typename }"
    assert (await with_text(gateway, None, query)).data
    assert (await by_hash(gateway, None, query)).error == NOT_FOUND
    assert await stored(pool) == 0


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nothing }",
        "{ " + " ".join(f"a{n}: __typename" for n in range(100)) + " }",
        "{ __typename } #" + "x" * LONGEST,
    ],
)
async def test_only_what_is_valid_and_of_a_sensible_size_is_kept(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, query: str
) -> None:
    await with_text(gateway, tenant, query)
    assert await stored(pool) == 0


async def test_texts_that_the_database_cannot_have_are_not_kept(
    gateway: RunningGateway, tenant: Tenant, pool: Pool
) -> None:
    for text in ("\0", "\ud800"):
        query = '{ bulkSends(search: "' + text + '") { totalCount } }'
        digest = hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()
        persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
        reply = await gateway.ask(tenant, query, extensions=persisted)
        assert reply.error["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED")
    assert await stored(pool) == 0


@pytest.mark.parametrize(
    "persisted",
    [
        "x",
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": "0" * 63},
        {"version": 1, "sha256Hash": "x" * 64},
        {"version": 1, "sha256Hash": "0" * 64},
    ],
)
async def test_a_hash_must_be_that_of_its_query(gateway: RunningGateway, tenant: Tenant, persisted: Any) -> None:
    reply = await gateway.ask(tenant, QUERY, extensions={"persistedQuery": persisted})
    assert (reply.status, reply.error["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_a_mutation_by_its_hash_needs_post(gateway: RunningGateway, tenant: Tenant) -> None:
    mutation = 'mutation { deleteBulkSend(input: { id: "bs_x" }) { deletedBulkSendId } }'
    await with_text(gateway, tenant, mutation)
    assert (await by_hash(gateway, tenant, mutation)).status == 405


async def test_the_last_used_are_kept(pool: Pool, tenant: Tenant) -> None:
    other = await new_tenant(pool)
    async with pool.acquire() as conn:
        for owner in (tenant, other):
            for number in range(4):
                await persisted_queries.store(
                    conn,
                    organization_id=owner.organization_id,
                    sha256=hashlib.sha256(str(number).encode()).digest(),
                    query=f"query Q{number} {{ __typename }}",
                    keep=3,
                )
                if number == 2:  # Used again, so 1 is evicted.
                    await persisted_queries.store(
                        conn,
                        organization_id=owner.organization_id,
                        sha256=hashlib.sha256(b"0").digest(),
                        query="query Q0 { __typename }",
                        keep=3,
                    )
    rows = await pool.fetch("SELECT query FROM persisted_queries WHERE organization_id = $1", tenant.organization_id)
    assert sorted(row["query"].split()[1] for row in rows) == ["Q0", "Q2", "Q3"]
    assert await stored(pool) == 6


async def test_finding_notes_the_use_once_an_hour(pool: Pool, tenant: Tenant) -> None:
    key = {"organization_id": tenant.organization_id, "sha256": hashlib.sha256(QUERY.encode()).digest()}
    used = "SELECT last_used_at > now() - interval '1 minute' FROM persisted_queries"
    async with pool.acquire() as conn:
        await persisted_queries.store(conn, **key, query=QUERY, keep=10)  # type: ignore[arg-type]
        await conn.execute("UPDATE persisted_queries SET last_used_at = now() - interval '30 minutes'")
        assert await persisted_queries.find(conn, **key) == QUERY  # type: ignore[arg-type]
        assert not await conn.fetchval(used)
        await conn.execute("UPDATE persisted_queries SET last_used_at = now() - interval '2 hours'")
        assert await persisted_queries.find(conn, **key) == QUERY  # type: ignore[arg-type]
        assert await conn.fetchval(used)
