"""Cancel, retry and delete, also during delivery."""

from datetime import timedelta
from typing import Any

from support.gateway import RunningGateway, Tenant, create, new_tenant
from support.smtp.sink import Phase, SmtpSink
from support.workers import eventually

from bulksend.db import ids
from bulksend.db.timestamps import moment
from bulksend.delivery.policy import REPLY_SECONDS

FIELDS = "bulkSend { status totalCount sentCount failedCount pendingCount } userErrors { code field }"
CANCEL = f"mutation($id: ID!) {{ cancelBulkSend(input: {{id: $id}}) {{ cancelledCount {FIELDS} }} }}"
RETRY = (
    "mutation($id: ID!, $documents: [ID!]) "
    f"{{ retryBulkSend(input: {{id: $id, documentIds: $documents}}) {{ retriedCount {FIELDS} }} }}"
)
DELETE = "mutation($id: ID!) { deleteBulkSend(input: {id: $id}) { deletedBulkSendId userErrors { code field } } }"
DOCUMENTS = """query($id: ID!) { bulkSend(id: $id) { documents(first: 500) { nodes {
    id status signingUrl delivery { status attempts error { code } } } } } }"""


async def mutate(gateway: RunningGateway, tenant: Tenant, mutation: str, **variables: Any) -> Any:
    ((_, payload),) = (await gateway.ask(tenant, mutation, variables)).data.items()
    return payload


async def documents(gateway: RunningGateway, tenant: Tenant, bulk_send_id: str) -> Any:
    data = (await gateway.ask(tenant, DOCUMENTS, {"id": bulk_send_id})).data
    return data["bulkSend"]["documents"]["nodes"]


async def finished(gateway: RunningGateway, tenant: Tenant, bulk_send_id: str) -> Any:
    """Wait until nothing of a bulk send is pending."""
    from bulksend.resolvers.bulk_sends import wait_until_finished

    row = await wait_until_finished(
        gateway.parts.gateway,
        organization_id=tenant.organization_id,
        bulk_send_id=ids.decode(ids.BULK_SEND, bulk_send_id),
        seconds=10,
    )
    assert row is not None
    assert row.pending_count == 0
    return row


async def test_cancel_fails_what_is_pending_and_tells_what_was_in_flight_as_sent(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    created = await create(gateway, tenant, 30, waitForDelivery=False)
    bulk_send_id = created["bulkSend"]["id"]
    await gate.reached(10)

    cancelled = await mutate(gateway, tenant, CANCEL, id=bulk_send_id)
    assert cancelled == {
        "cancelledCount": 30,
        "bulkSend": {"status": "FAILED", "totalCount": 30, "sentCount": 0, "failedCount": 30, "pendingCount": 0},
        "userErrors": [],
    }
    gate.open()
    await sink.wait_for(10)
    # The ten mails in flight were accepted, which overrides the earlier status.
    await until_sent(gateway, tenant, bulk_send_id, 10)
    assert len(sink.mails) == 10
    found = await documents(gateway, tenant, bulk_send_id)
    assert {(one["status"], one["delivery"]["status"]) for one in found} == {
        ("CANCELLED", "SENT"),
        ("CANCELLED", "FAILED"),
    }
    path = found[0]["signingUrl"].removeprefix("http://sign.example.com")
    assert (await gateway.get(path)).status == 410
    again = await mutate(gateway, tenant, CANCEL, id=bulk_send_id)
    assert again["cancelledCount"] == 0


async def until_sent(gateway: RunningGateway, tenant: Tenant, bulk_send_id: str, count: int) -> None:
    value = ids.decode(ids.BULK_SEND, bulk_send_id)
    with gateway.parts.gateway.notices.watch(value) as changed:
        while True:
            changed.clear()
            sent = await gateway.pool.fetchval("SELECT sent_count FROM bulk_sends WHERE id = $1", value)
            if sent == count:
                return
            await changed.wait()


async def test_retry_sends_the_failed_ones_and_no_other(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 no", recipient="signer[12]@*")
    bulk_send_id = (await create(gateway, tenant, 4))["bulkSend"]["id"]
    sink.forgive()
    retried = await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=None)
    assert retried["retriedCount"] == 2
    assert retried["bulkSend"] == {
        "status": "PROCESSING",
        "totalCount": 4,
        "sentCount": 2,
        "failedCount": 0,
        "pendingCount": 2,
    }
    assert (await finished(gateway, tenant, bulk_send_id)).sent_count == 4
    assert sorted(mail.recipients[0] for mail in sink.mails) == [f"signer{number}@example.com" for number in range(4)]
    nothing = await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=None)
    assert (nothing["retriedCount"], nothing["userErrors"]) == (0, [])


async def test_retry_by_id_is_all_or_nothing(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 no", recipient="signer[01]@*")
    bulk_send_id = (await create(gateway, tenant, 3))["bulkSend"]["id"]
    other_id = (await create(gateway, tenant, 1))["bulkSend"]["id"]
    (other,) = await documents(gateway, tenant, other_id)
    first, second, sent = await documents(gateway, tenant, bulk_send_id)
    sink.forgive()

    chosen = [first["id"], sent["id"], "doc_nope", other["id"]]
    refused = await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=chosen)
    assert refused["retriedCount"] == 0
    assert refused["userErrors"] == [
        {"code": "NOT_FAILED", "field": ["documentIds", "1"]},
        {"code": "NOT_FOUND", "field": ["documentIds", "2"]},
        {"code": "NOT_FOUND", "field": ["documentIds", "3"]},
    ]
    none = await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=[])
    assert none["userErrors"] == [{"code": "TOO_FEW", "field": ["documentIds"]}]

    retried = await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=[second["id"]])
    assert retried["retriedCount"] == 1
    row = await finished(gateway, tenant, bulk_send_id)
    assert (row.sent_count, row.failed_count) == (2, 1)


async def test_a_cancelled_one_is_retried_only_when_its_mail_can_no_longer_be_accepted(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    bulk_send_id = (await create(gateway, tenant, 1, waitForDelivery=False))["bulkSend"]["id"]
    await gate.reached(1)
    await mutate(gateway, tenant, CANCEL, id=bulk_send_id)
    assert (await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=None))["retriedCount"] == 1
    gate.open()
    row = await finished(gateway, tenant, bulk_send_id)
    assert row.sent_count == 1
    assert len(sink.mails) == 1
    (document,) = await documents(gateway, tenant, bulk_send_id)
    assert document["delivery"] == {"status": "SENT", "attempts": 1, "error": None}


async def test_cancelling_and_retrying_again_and_again_sends_no_second_copy(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE, times=1)
    bulk_send_id = (await create(gateway, tenant, 1, waitForDelivery=False))["bulkSend"]["id"]
    await gate.reached(1)
    (leased,) = await gateway.pool.fetch("SELECT next_attempt_at FROM documents")
    for _ in range(3):
        await mutate(gateway, tenant, CANCEL, id=bulk_send_id)
        await mutate(gateway, tenant, RETRY, id=bulk_send_id, documents=None)
        (retried,) = await gateway.pool.fetch("SELECT next_attempt_at FROM documents")
        assert moment(retried["next_attempt_at"]) >= moment(leased["next_attempt_at"]) + timedelta(
            seconds=REPLY_SECONDS
        )
    gate.open()
    assert (await finished(gateway, tenant, bulk_send_id)).sent_count == 1
    assert len(sink.mails) == 1


async def test_after_a_delete_nothing_is_claimed_and_links_are_gone(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    bulk_send_id = (await create(gateway, tenant, 30, waitForDelivery=False))["bulkSend"]["id"]
    await gate.reached(10)
    path = (await documents(gateway, tenant, bulk_send_id))[0]["signingUrl"].removeprefix("http://sign.example.com")
    assert (await gateway.get(path)).status == 200
    assert (await mutate(gateway, tenant, DELETE, id=bulk_send_id))["deletedBulkSendId"] == bulk_send_id
    gate.open()
    await sink.wait_for(10)

    # The next bulk send is delivered immediately; the rest of the deleted one is never delivered.
    assert (await create(gateway, tenant, 2))["bulkSend"]["sentCount"] == 2
    assert len(sink.mails) == 12
    assert (await gateway.get(path)).status == 410
    assert (await gateway.ask(tenant, DOCUMENTS, {"id": bulk_send_id})).data == {"bulkSend": None}
    # Results are recorded for deleted rows too.
    value = ids.decode(ids.BULK_SEND, bulk_send_id)

    async def are_recorded() -> bool:
        sent: int = await gateway.pool.fetchval("SELECT sent_count FROM bulk_sends WHERE id = $1", value)
        assert sent <= 10
        return sent == 10

    # Results are recorded in batches, a moment after the mails arrived.
    await eventually(are_recorded)


async def test_what_is_anothers_does_not_exist(gateway: RunningGateway, tenant: Tenant) -> None:
    bulk_send_id = (await create(gateway, tenant))["bulkSend"]["id"]
    other = await new_tenant(gateway.pool)
    for mutation in (CANCEL, RETRY, DELETE):
        for asked in (bulk_send_id, "bs_nope", "tpl_01h455vb4pex5vsknk084sn02q"):
            variables = {"id": asked} | ({"documents": None} if mutation is RETRY else {})
            payload = await mutate(gateway, other, mutation, **variables)
            assert payload["userErrors"] == [{"code": "NOT_FOUND", "field": ["id"]}]
