"""Authentication by API keys: headers, expiry, revocation, and what is stored."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from support.gateway import RunningGateway, Tenant, new_tenant

from bulksend.db import api_keys
from bulksend.db.pool import Pool
from bulksend.db.timestamps import moment
from bulksend.resolvers.errors import Unauthenticated
from bulksend.server.http import authentication
from bulksend.server.http.authentication import Authenticator, hash_key, new_key

VIEWER = "{ viewer { apiKey { name } } }"
GRAPHQL = "application/graphql-response+json"
OTHER_KEY = "isk_" + "A" * 44


async def post(gateway: RunningGateway, authorization: str | None, accept: str = GRAPHQL) -> Any:
    headers = {"Accept": accept} | ({"Authorization": authorization} if authorization is not None else {})
    return await gateway.ask(None, VIEWER, headers=headers)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Wait for a condition and return how long it took. Fail if it takes longer than `seconds`."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    while not await condition():
        assert loop.time() - start < seconds, "it took too long"
        await asyncio.sleep(0.02)
    return loop.time() - start


def test_a_key_is_random_and_url_safe() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"isk_[A-Za-z0-9_-]{44}", key) for key in keys)


async def test_only_the_hash_is_stored(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    await gateway.ask(tenant, VIEWER)
    await gateway.parts.authenticator.note_use()
    rows = await pool.fetch("SELECT k::text AS row, key_hash FROM api_keys AS k")
    assert [row["key_hash"] for row in rows] == [hashlib.sha256(tenant.key.encode()).digest()]
    assert not any(tenant.key in row["row"] or tenant.key.removeprefix("isk_") in row["row"] for row in rows)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
async def test_a_key_is_taken_with_any_spelling_of_bearer(gateway: RunningGateway, tenant: Tenant, scheme: str) -> None:
    assert (await post(gateway, f"{scheme} {tenant.key}")).status == 200


async def test_what_is_no_key_is_refused(gateway: RunningGateway, tenant: Tenant) -> None:
    key = tenant.key
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        key,
        f"Basic {key}",
        f"Token {key}",
        f"Bearer{key}",
        f"Bearer {key} {key}",
        f"Bearer {key},",
        f'Bearer "{key}"',
        f"Bearer {key}A",
        f"Bearer {key[:-1]}",
        f"Bearer {key.upper()}",
        f"Bearer {key.removeprefix('isk_')}",
        f"Bearer {OTHER_KEY}",
        "Bearer isk_" + "é" * 44,
        "Bearer " + "A" * 7000,
    ]:
        reply = await post(gateway, authorization)
        assert reply.status == 401, authorization
        assert reply.error["extensions"] == {"code": "UNAUTHENTICATED"}
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="bulksend"'
        assert "data" not in reply.body
        assert key not in str(reply.body)
        assert "RateLimit-Limit" not in reply.headers


async def test_no_header_is_refused_the_same_way(gateway: RunningGateway) -> None:
    reply = await post(gateway, None)
    assert reply.status == 401
    assert reply.error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="bulksend"'
    plain = await post(gateway, None, "application/json")
    assert plain.status == 200
    assert plain.error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_whoever_asks_for_nothing_but_the_schema_needs_no_key(gateway: RunningGateway) -> None:
    reply = await gateway.ask(None, "{ __typename __schema { queryType { name } } }")
    assert reply.data == {"__typename": "Query", "__schema": {"queryType": {"name": "Query"}}}


async def test_a_revoked_key_stops_within_a_second(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    authorization = f"Bearer {tenant.key}"
    assert (await post(gateway, authorization)).status == 200
    async with pool.acquire() as conn:
        (row,) = await api_keys.list_keys(conn, organization_id=tenant.organization_id)
        assert await api_keys.revoke(conn, organization_id=tenant.organization_id, key_id=row.id)

    async def refused() -> bool:
        return bool((await post(gateway, authorization)).status == 401)

    await until(refused, seconds=1)
    assert await refused()


async def test_an_expired_key_stops_within_a_second(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    key = new_key()
    async with pool.acquire() as conn:
        await api_keys.create(
            conn,
            organization_id=tenant.organization_id,
            name="Short",
            key_hash=hash_key(key),
            scopes=["*"],
            expires_in=timedelta(seconds=0.5),
        )
    assert (await post(gateway, f"Bearer {key}")).status == 200

    async def refused() -> bool:
        return bool((await post(gateway, f"Bearer {key}")).status == 401)

    await until(refused, seconds=1.5)


async def test_a_key_that_is_new_works_at_once(gateway: RunningGateway, pool: Pool) -> None:
    assert (await post(gateway, f"Bearer {OTHER_KEY}")).status == 401
    tenant = await new_tenant(pool)
    async with pool.acquire() as conn:
        await api_keys.create(
            conn,
            organization_id=tenant.organization_id,
            name="Late",
            key_hash=hash_key(OTHER_KEY),
            scopes=["*"],
        )
    assert (await post(gateway, f"Bearer {OTHER_KEY}")).status == 200


async def test_a_polled_key_is_not_looked_up_again(pool: Pool, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "UNPOLLED_SECONDS", 0.0)
    authenticator = Authenticator(pool)
    await authenticator.poll()
    viewer = await authenticator.viewer(f"Bearer {tenant.key}")
    await pool.execute("ALTER TABLE api_keys RENAME TO moved")
    try:
        assert await authenticator.viewer(f"Bearer {tenant.key}") is viewer
    finally:
        await pool.execute("ALTER TABLE moved RENAME TO api_keys")


async def test_a_key_is_looked_up_again_while_polling_fails(
    pool: Pool, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "UNPOLLED_SECONDS", 0.0)
    monkeypatch.setattr(authentication, "TRUST_SECONDS", 0.0)
    authenticator = Authenticator(pool)
    await authenticator.poll()
    viewer = await authenticator.viewer(f"Bearer {tenant.key}")
    assert await authenticator.viewer(f"Bearer {tenant.key}") is not viewer
    await pool.execute("UPDATE api_keys SET revoked_at = now()")
    with pytest.raises(Unauthenticated):
        await authenticator.viewer(f"Bearer {tenant.key}")


@pytest.mark.parametrize("change", ["revoked_at = clock_timestamp()", "expires_at = clock_timestamp()"])
async def test_polling_forgets_the_keys_that_became_invalid_alone(
    pool: Pool, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(authentication, "UNPOLLED_SECONDS", 0.0)
    authenticator = Authenticator(pool)
    other = await new_tenant(pool)
    await authenticator.poll()
    await authenticator.viewer(f"Bearer {tenant.key}")
    kept = await authenticator.viewer(f"Bearer {other.key}")
    await pool.execute(f"UPDATE api_keys SET {change} WHERE organization_id = $1", tenant.organization_id)
    await authenticator.poll()
    assert await authenticator.viewer(f"Bearer {other.key}") is kept
    with pytest.raises(Unauthenticated):
        await authenticator.viewer(f"Bearer {tenant.key}")


async def test_a_key_revoked_while_it_was_looked_up_is_forgotten_by_the_next_poll(pool: Pool, tenant: Tenant) -> None:
    authenticator = Authenticator(pool)
    await pool.execute("UPDATE api_keys SET revoked_at = clock_timestamp()")
    await authenticator.poll()
    await pool.execute("UPDATE api_keys SET revoked_at = NULL")
    await authenticator.viewer(f"Bearer {tenant.key}")
    # Committed only now, with the time at which the transaction began.
    await pool.execute("UPDATE api_keys SET revoked_at = clock_timestamp() - interval '20 seconds'")
    await authenticator.poll()
    with pytest.raises(Unauthenticated):
        await authenticator.viewer(f"Bearer {tenant.key}")


async def test_a_gateway_that_nobody_asks_ends_to_poll(
    pool: Pool, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = 0
    read = api_keys.list_invalid_lately

    async def counted(*arguments: Any, **more: Any) -> Any:
        nonlocal polls
        polls += 1
        return await read(*arguments, **more)

    monkeypatch.setattr(api_keys, "list_invalid_lately", counted)
    monkeypatch.setattr(authentication, "NOTE_USE_SECONDS", 0.01)
    authenticator = Authenticator(pool)
    await authenticator.viewer(f"Bearer {tenant.key}")
    await authenticator.poll()
    assert polls == 1
    monkeypatch.setattr(authentication, "REMEMBER_SECONDS", 0.0)
    running = asyncio.create_task(authenticator.run())
    await until(lambda: _nothing_is_remembered(authenticator), seconds=10)
    running.cancel()
    before = polls
    await authenticator.poll()
    assert polls == before


async def _nothing_is_remembered(authenticator: Authenticator) -> bool:
    return not authenticator._remembered


async def test_last_use_is_noted_without_a_write_a_request(pool: Pool, tenant: Tenant) -> None:
    authenticator = Authenticator(pool)
    other = await new_tenant(pool)
    for _ in range(20):
        await authenticator.viewer(f"Bearer {tenant.key}")
        await authenticator.viewer(f"Bearer {other.key}")
    assert await pool.fetch("SELECT 1 FROM api_keys WHERE last_used_at IS NOT NULL") == []

    before = await pool.fetchval("SELECT clock_timestamp()")
    await authenticator.note_use()
    used = await pool.fetch("SELECT last_used_at, xmin::text AS writer FROM api_keys")
    assert all(timedelta(0) < moment(before) - moment(row["last_used_at"]) < timedelta(seconds=10) for row in used)
    assert len({row["writer"] for row in used}) == 1, "one transaction for all of them"

    await authenticator.note_use()
    assert await pool.fetch("SELECT last_used_at, xmin::text AS writer FROM api_keys") == used


async def test_an_earlier_use_does_not_turn_back_a_later_one(pool: Pool, tenant: Tenant) -> None:
    authenticator = Authenticator(pool)
    await authenticator.viewer(f"Bearer {tenant.key}")
    later = await pool.fetchval(
        "UPDATE api_keys SET last_used_at = clock_timestamp() + interval '1 minute' RETURNING last_used_at"
    )
    await authenticator.note_use()
    assert await pool.fetchval("SELECT last_used_at FROM api_keys") == later


async def test_a_use_that_cannot_be_noted_is_noted_the_next_time(pool: Pool, dsn: str, tenant: Tenant) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1, server_settings={"lock_timeout": "50ms"}) as impatient:
        authenticator = Authenticator(impatient)
        await authenticator.viewer(f"Bearer {tenant.key}")
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("SELECT 1 FROM api_keys FOR UPDATE")
            await authenticator.note_use()
        await authenticator.note_use()
    assert await pool.fetchval("SELECT last_used_at FROM api_keys") is not None
