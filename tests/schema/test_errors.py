"""Responses to unexpected errors contain a request id, and no details."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.gateway import RunningGateway, Tenant
from support.graphql_socket import FOLLOW, initialised

from bulksend.resolvers import bulk_sends
from bulksend.resolvers.bulk_send_feed import Feeds
from bulksend.server.http.authentication import Authenticator

SECRET = "password=hunter2"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading one bulk send raise an unexpected error."""

    async def fail(*_arguments: Any, **_more: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(bulk_sends, "get", fail)
    monkeypatch.setattr(bulk_sends, "get_directly", fail)
    monkeypatch.setattr(Feeds, "_read", fail)


ONE = 'query { bulkSend(id: "bs_01h455vb4pex5vsknk084sn02q") { id } viewer { apiKey { name } } }'


@pytest.mark.usefixtures("broken")
async def test_is_masked_and_logged_with_its_request_id(gateway: RunningGateway, tenant: Tenant) -> None:
    with capture_logs() as logged:
        reply = await gateway.ask(tenant, ONE, headers={"X-Request-Id": "the-request"})
    assert reply.status == 200
    assert reply.body["data"] == {"bulkSend": None, "viewer": {"apiKey": {"name": "Test key"}}}
    assert reply.error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "the-request"}
    assert reply.error["path"] == ["bulkSend"]
    assert "the-request" in reply.error["message"]
    assert SECRET not in json.dumps(reply.body)
    (entry,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert (entry["request_id"], entry["path"]) == ("the-request", "bulkSend")
    assert str(entry["exc_info"]) == SECRET


@pytest.mark.usefixtures("broken")
async def test_is_masked_in_a_subscription_too(gateway: RunningGateway, tenant: Tenant) -> None:
    async with initialised(gateway, tenant) as socket:
        await socket.subscribe("1", FOLLOW, {"id": "bs_01h455vb4pex5vsknk084sn02q"})
        message = await socket.receive()
    assert SECRET not in json.dumps(message)
    assert "INTERNAL_SERVER_ERROR" in json.dumps(message)


@pytest.mark.parametrize(("accept", "status"), [("application/graphql-response+json", 500), ("application/json", 200)])
async def test_is_masked_outside_of_the_schema_too(
    gateway: RunningGateway, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, accept: str, status: int
) -> None:
    async def fail(*_arguments: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Authenticator, "viewer", fail)
    with capture_logs() as logged:
        reply = await gateway.ask(tenant, ONE, headers={"X-Request-Id": "the-request", "Accept": accept})
    assert reply.status == status
    assert reply.error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "the-request"}
    assert SECRET not in json.dumps(reply.body)
    assert [entry["log_level"] for entry in logged] == ["error"]
