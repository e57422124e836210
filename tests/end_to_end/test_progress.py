"""The progress that a list of bulk sends shows."""

from typing import Any

from support.gateway import RunningGateway, Tenant, create
from support.smtp.sink import Phase, SmtpSink

BULK_SEND = """
query($id: ID!) {
  bulkSend(id: $id) { failedCount pendingCount cancelledCount progress createdBy completedAt updatedAt }
}
"""
CANCEL = "mutation($id: ID!) { cancelBulkSend(input: {id: $id}) { cancelledCount } }"
RETRY = "mutation($id: ID!) { retryBulkSend(input: {id: $id}) { bulkSend { cancelledCount completedAt progress } } }"


async def read(gateway: RunningGateway, tenant: Tenant, bulk_send_id: str) -> Any:
    return (await gateway.ask(tenant, BULK_SEND, {"id": bulk_send_id})).data["bulkSend"]


async def test_progress_from_the_create_to_the_end(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 no", recipient="signer1@*")
    gate = sink.hold(Phase.MESSAGE)
    bulk_send_id = (await create(gateway, tenant, 4, waitForDelivery=False))["bulkSend"]["id"]
    await gate.reached(3)
    begun = await read(gateway, tenant, bulk_send_id)
    assert (begun["createdBy"], begun["completedAt"], begun["cancelledCount"]) == ("Test key", None, 0)
    assert begun["progress"] == (4 - begun["pendingCount"]) / 4

    count = (await gateway.ask(tenant, CANCEL, {"id": bulk_send_id})).data["cancelBulkSend"]["cancelledCount"]
    cancelled = await read(gateway, tenant, bulk_send_id)
    assert (cancelled["progress"], cancelled["pendingCount"], cancelled["failedCount"]) == (1, 0, 4)
    assert cancelled["completedAt"] is not None
    assert cancelled["cancelledCount"] == count
    assert count >= 3
    gate.open()


async def test_a_retry_takes_it_back(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 no", recipient="signer0@*")
    bulk_send_id = (await create(gateway, tenant, 2))["bulkSend"]["id"]
    completed = await read(gateway, tenant, bulk_send_id)
    assert completed["completedAt"] is not None
    gate = sink.hold(Phase.RCPT)
    retried = (await gateway.ask(tenant, RETRY, {"id": bulk_send_id})).data["retryBulkSend"]["bulkSend"]
    assert retried == {"cancelledCount": 0, "completedAt": None, "progress": 0.5}
    gate.open()


async def test_an_input_that_is_null_has_its_default(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    created = await create(gateway, tenant, waitForDelivery=None, dryRun=None)
    assert (created["userErrors"], created["bulkSend"]["sentCount"]) == ([], 1)
