"""Automatic reminders: when they are due, for whom, and how many."""

import asyncio
from typing import Any

import pytest
from support.bulk_sends import miscounted
from support.gateway import RunningGateway, Tenant, create
from support.signing import document_uuid, events_of, open_form, post_form, signing_path
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.delivery.reminders import Reminders

IDS = "query($id: ID!) { bulkSend(id: $id) { documents { nodes { id } } } }"
BACK = (
    "UPDATE documents SET next_reminder_at = next_reminder_at - $1::integer * interval '1 day' "
    "WHERE next_reminder_at IS NOT NULL"
)


async def pass_days(pool: Pool, days: int) -> None:
    """Move due reminders this many days nearer, and events this many days into the past."""
    await pool.execute(BACK, days)
    await pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_append_only; "
        f"UPDATE events SET occurred_at = occurred_at - {days} * interval '1 day'; "
        "ALTER TABLE events ENABLE TRIGGER events_append_only"
    )


@pytest.fixture
async def document_ids(gateway: RunningGateway, tenant: Tenant) -> list[str]:
    """The ids of two sent documents with two reminders each: after 2 days, and 3 days later."""
    reminders = {"afterDays": 2, "everyDays": 3, "atMost": 2}
    payload = await create(gateway, tenant, count=2, reminders=reminders)
    assert payload["userErrors"] == []
    reply = await gateway.ask(tenant, IDS, {"id": payload["bulkSend"]["id"]})
    return [node["id"] for node in reply.data["bulkSend"]["documents"]["nodes"]]


@pytest.fixture
def reminders(gateway: RunningGateway) -> Reminders:
    return Reminders(gateway.parts.pool, gateway.parts.gateway.notices)


async def types(pool: Pool, document_id: str) -> list[Any]:
    return [(event.type, event.actor) for event in await events_of(pool, document_uuid(document_id))]


async def test_reminders_come_when_due_and_no_more_than_asked_for(
    pool: Pool, sink: SmtpSink, reminders: Reminders, document_ids: list[str]
) -> None:
    assert await reminders.remind_due() == 0
    await pass_days(pool, 2)
    # Two concurrent processes remind each signer once.
    await asyncio.gather(reminders.remind_due(), reminders.remind_due())
    await sink.wait_for(4)
    await pass_days(pool, 2)
    assert await reminders.remind_due() == 0
    await pass_days(pool, 1)
    assert await reminders.remind_due() == 1
    await sink.wait_for(6)
    await pass_days(pool, 30)
    assert await reminders.remind_due() == 0
    assert len(sink.mails) == 6
    for document_id in document_ids:
        assert await types(pool, document_id) == [("reminded", "system")] * 2


async def test_who_has_signed_is_left_alone(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, sink: SmtpSink, reminders: Reminders, document_ids: list[str]
) -> None:
    path = await signing_path(gateway, tenant, document_ids[0])
    await post_form(gateway, path, (await open_form(gateway, path)).signed())
    await pass_days(pool, 2)
    await reminders.remind_due()
    await sink.wait_for(3)
    assert len(sink.mails) == 3
    assert ("reminded", "system") not in await types(pool, document_ids[0])
    assert await types(pool, document_ids[1]) == [("reminded", "system")]
    async with pool.acquire() as conn:
        assert await miscounted(conn) == []


async def test_who_was_reminded_today_waits_a_day(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, sink: SmtpSink, reminders: Reminders, document_ids: list[str]
) -> None:
    bulk_send = "query($id: ID!) { document(id: $id) { bulkSend { id } } }"
    found = (await gateway.ask(tenant, bulk_send, {"id": document_ids[0]})).data["document"]["bulkSend"]["id"]
    remind = "mutation($id: ID!) { remindDocuments(input: {bulkSendId: $id}) { remindedCount } }"
    await pool.execute(BACK, 2)
    assert (await gateway.ask(tenant, remind, {"id": found})).data["remindDocuments"]["remindedCount"] == 2
    await reminders.remind_due()
    for document_id in document_ids:
        assert len(await types(pool, document_id)) == 1
    assert await reminders.remind_due() == 0
    await pass_days(pool, 1)
    await reminders.remind_due()
    for document_id in document_ids:
        assert (await types(pool, document_id))[-1] == ("reminded", "system")
