"""Hostile requests: each one is refused with the expected error, before anything is executed."""

import io
from typing import Any

import graphql
import pytest
from support.gateway import RunningGateway, Tenant
from support.hostile_requests import ATTACKS, ATTACKS_WITH_A_KEY, Attack

ACCEPT = "application/graphql-response+json"


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the operations that were executed."""
    found: list[str] = []

    def note(*arguments: Any, **more: Any) -> Any:
        found.append("operation")
        return graphql.execute(*arguments, **more)

    monkeypatch.setattr("strawberry.schema.schema.execute", note)
    return found


async def send(gateway: RunningGateway, attack: Attack, headers: dict[str, str]) -> tuple[int, Any]:
    sent = {"Content-Type": "application/json", "Accept": ACCEPT, **headers}
    body = io.BytesIO(attack.body())
    async with gateway.session.post(f"{gateway.url}/graphql", data=body, headers=sent) as response:
        return response.status, await response.json(content_type=None)


def assert_refused(attack: Attack, status: int, body: Any) -> None:
    assert status == attack.status, body
    if not attack.code:
        return
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {attack.code}
    assert len(body["errors"]) <= 50
    if attack.limit:
        (error,) = body["errors"]
        assert error["extensions"]["limit"] == attack.limit
        assert str(error["extensions"]["maximum"]) in error["message"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_is_refused_to_nobody(gateway: RunningGateway, executed: list[str], attack: Attack) -> None:
    status, body = await send(gateway, attack, {})
    if status == 401:
        # Requests without a key are refused before anything else takes time.
        assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
    else:
        assert_refused(attack, status, body)
    assert not executed
    assert (await gateway.ask(None, "{ __typename }")).data


ONLY_WITH_A_KEY = 401
TO_ALL = [attack for attack in ATTACKS if attack.status != ONLY_WITH_A_KEY]


@pytest.mark.parametrize("attack", [*TO_ALL, *ATTACKS_WITH_A_KEY], ids=lambda attack: attack.name)
async def test_is_refused_to_those_who_have_a_key(gateway: RunningGateway, tenant: Tenant, attack: Attack) -> None:
    assert_refused(attack, *await send(gateway, attack, tenant.headers))
    assert await gateway.pool.fetchval("SELECT count(*) FROM bulk_sends") == 0
