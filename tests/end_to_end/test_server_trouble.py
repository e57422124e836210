"""Trouble with the mail server itself fails no document, and is reported to callers and operators."""

import json

from support.gateway import RunningGateway, Tenant, create, running_gateway
from support.processes import environment, running
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool


async def readiness(gateway: RunningGateway, url: str | None = None) -> tuple[int, dict[str, object]]:
    async with gateway.session.get(f"{url or gateway.url}/readyz") as response:
        return response.status, json.loads(await response.text())


async def told_of_delivery(gateway: RunningGateway, url: str | None = None) -> tuple[int, dict[str, object]]:
    while "delivery" not in (found := await readiness(gateway, url))[1]:
        pass
    return found


async def test_a_wrong_password_fails_nobody_and_is_loud(pool: Pool, dsn: str, tenant: Tenant) -> None:
    async with SmtpSink(users={"bulksend": "right"}) as sink:
        wrong = f"smtp://bulksend:wrong@localhost:{sink.port}"
        async with running_gateway(dsn, wrong, sync_wait=0.5) as gateway:
            payload = await create(gateway, tenant, 3)
            assert payload["bulkSend"]["pendingCount"] == 3
            status, told = await told_of_delivery(gateway)
            assert status == 200
            assert told["status"] == "ready"
            assert told["delivery"] == {
                **_dict(told["delivery"]),
                "status": "paused",
                "code": "SMTP_AUTHENTICATION_FAILED",
            }
            while "bulksend_circuit_open 1.0" not in (await gateway.get("/metrics")).body:
                pass  # the worker that opened the circuit counts it right after the record that /readyz reads
            async with running(["work"], environment(dsn, wrong)) as worker:
                status, told = await told_of_delivery(gateway, worker.url)
                assert (status, told["status"]) == (503, "not ready")
            query = "{ documents { nodes { delivery { status attempts error { code smtpCode } } } } }"
            nodes = (await gateway.ask(tenant, query)).data["documents"]["nodes"]
            assert {node["delivery"]["status"] for node in nodes} == {"PENDING"}
            assert {node["delivery"]["attempts"] for node in nodes} == {0}
        assert sink.mails == []

        # With the correct password, the waiting mails are sent within seconds.
        async with running_gateway(dsn, sink.url):
            await sink.wait_for(3)


async def test_mail_goes_on_when_the_server_is_back(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    sink.refuse(Phase.MAIL, 451, "4.3.0 Temporary system problem")
    payload = await create(gateway, tenant, 5, waitForDelivery=False)
    query = "query($id: ID!) { bulkSend(id: $id) { sentCount pendingCount failedCount } }"
    await told_of_delivery(gateway)
    counts = (await gateway.ask(tenant, query, {"id": payload["bulkSend"]["id"]})).data["bulkSend"]
    assert counts == {"sentCount": 0, "pendingCount": 5, "failedCount": 0}
    sink.forgive()
    await sink.wait_for(5)


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
