"""After delivery: sending reminders, voiding and amending documents, and reading the history."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.bulk_sends import miscounted
from support.gateway import RunningGateway, Tenant, create, new_tenant
from support.graphql_socket import connect
from support.rest import call
from support.signing import document_uuid, events_of, open_form, post_form, signing_path
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool

REMIND = """
mutation($input: RemindDocumentsInput!) {
  remindDocuments(input: $input) { remindedCount bulkSend { id } userErrors { code field message } }
}
"""
VOID = """
mutation($input: VoidDocumentsInput!) {
  voidDocuments(input: $input) {
    voidedCount bulkSend { totalCount sentCount failedCount } userErrors { code field message }
  }
}
"""
AMEND = """
mutation($input: AmendDocumentsInput!) {
  amendDocuments(input: $input) {
    amendedCount bulkSend { sentCount failedCount viewedCount } userErrors { code field message }
  }
}
"""
RETRY = """
mutation($id: ID!) { retryBulkSend(input: {id: $id}) { retriedCount userErrors { code } } }
"""
DOCUMENTS = """
query($id: ID!) { bulkSend(id: $id) {
  viewedCount signedCount declinedCount expiredCount
  documents(first: 3) { nodes {
    id status signer { name email phone } message values { field value } declineReason voidReason locale
    delivery { status } signature { name documentSha256 intent }
    events(first: 20) { totalCount nodes { type actor sequence hash details { name value } } }
  } }
} }
"""


class World:
    """A bulk send to three signers, delivered."""

    def __init__(self, gateway: RunningGateway, tenant: Tenant, bulk_send_id: str) -> None:
        self.gateway = gateway
        self.tenant = tenant
        self.id = bulk_send_id

    async def read(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.gateway.ask(self.tenant, DOCUMENTS, {"id": self.id})).data["bulkSend"]
        return found

    async def documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.read())["documents"]["nodes"]
        return found

    async def change(self, mutation: str, **given: Any) -> dict[str, Any]:
        reply = await self.gateway.ask(self.tenant, mutation, {"input": {"bulkSendId": self.id, **given}})
        (payload,) = reply.data.values()
        return dict(payload)

    async def sign(self, document_id: str) -> None:
        path = await signing_path(self.gateway, self.tenant, document_id)
        form = await open_form(self.gateway, path)
        assert (await post_form(self.gateway, path, form.signed())).status == 303


@pytest.fixture
async def world(gateway: RunningGateway, pool: Pool) -> World:
    tenant = await new_tenant(pool, body="Between us and {{ signer.name }} of {{ values.company }}.")
    signers = [
        {
            "name": f"Signer {number}",
            "email": f"signer{number}@example.com",
            "values": [{"field": "company", "value": f"Company {number}"}],
        }
        for number in range(3)
    ]
    payload = await create(gateway, tenant, signers=signers)
    assert payload["bulkSend"]["status"] == "COMPLETED"
    return World(gateway, tenant, payload["bulkSend"]["id"])


async def assert_counts(pool: Pool) -> None:
    async with pool.acquire() as conn:
        assert await miscounted(conn) == []


async def test_what_was_sent_and_signed_is_read(world: World, pool: Pool) -> None:
    first, *_ = await world.documents()
    await world.sign(first["id"])
    read = await world.read()
    assert {name: read[name] for name in read if name.endswith("Count")} == {
        "viewedCount": 1,
        "signedCount": 1,
        "declinedCount": 0,
        "expiredCount": 0,
    }
    document = read["documents"]["nodes"][0]
    assert document["status"] == "SIGNED"
    assert document["values"] == [{"field": "company", "value": "Company 0"}]
    assert document["signature"]["name"] == "Ann Example"
    events = document["events"]["nodes"]
    assert [event["type"] for event in events] == ["CREATED", "SENT", "VIEWED", "CONSENTED", "SIGNED"]
    assert [event["sequence"] for event in events] == [None, None, 1, 2, 3]
    assert document["events"]["totalCount"] == 5
    details = {detail["name"]: detail["value"] for detail in events[-1]["details"]}
    assert details["document_sha256"] == document["signature"]["documentSha256"]


async def test_a_reminder_goes_to_whom_it_may_once_a_day(world: World, pool: Pool, sink: SmtpSink) -> None:
    documents = await world.documents()
    await world.sign(documents[0]["id"])
    assert (await world.change(REMIND))["remindedCount"] == 2
    assert (await world.change(REMIND))["remindedCount"] == 0
    await sink.wait_for(5)
    reminded = {str(mail.parsed["To"]) for mail in sink.mails[3:]}
    assert reminded == {f"Signer {number} <signer{number}@example.com>" for number in (1, 2)}
    assert all("eminder" in str(mail.parsed["Subject"]) for mail in sink.mails[3:])
    after = await world.documents()
    assert [event["type"] for event in after[1]["events"]["nodes"]] == ["CREATED", "SENT", "REMINDED"]
    assert after[1]["events"]["nodes"][-1]["actor"].startswith("key_")
    assert [document["delivery"]["status"] for document in after] == ["SENT"] * 3
    await assert_counts(pool)


async def test_reminding_the_signed_is_refused_by_row(world: World) -> None:
    documents = await world.documents()
    await world.sign(documents[1]["id"])
    payload = await world.change(REMIND, documentIds=[documents[0]["id"], documents[1]["id"], "doc_nonsense"])
    assert payload["remindedCount"] == 0
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("NOT_FOUND", ["documentIds", "2"])]
    payload = await world.change(REMIND, documentIds=[documents[0]["id"], documents[1]["id"]])
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("NOT_PENDING", ["documentIds", "1"])
    ]
    assert (await world.documents())[0]["events"]["totalCount"] == 2


async def test_what_is_voided_is_gone(world: World, pool: Pool, sink: SmtpSink) -> None:
    documents = await world.documents()
    await world.sign(documents[0]["id"])
    path = await signing_path(world.gateway, world.tenant, documents[1]["id"])
    form = await open_form(world.gateway, path)

    payload = await world.change(VOID, reason="The price was wrong.", notify=True)
    assert payload["voidedCount"] == 2
    assert payload["bulkSend"] == {"totalCount": 3, "sentCount": 3, "failedCount": 0}
    assert (await world.change(VOID, reason="Again."))["voidedCount"] == 0
    page = await world.gateway.get(path)
    assert page.status == 410
    assert "The price was wrong." in page.body
    assert (await post_form(world.gateway, path, form.signed())).status == 410

    after = await world.documents()
    assert [document["status"] for document in after] == ["SIGNED", "CANCELLED", "CANCELLED"]
    assert [document["voidReason"] for document in after] == [None, "The price was wrong.", "The price was wrong."]
    await sink.wait_for(5)
    await assert_counts(pool)
    refused = await world.change(VOID, reason=" ", documentIds=[documents[0]["id"]])
    assert [error["code"] for error in refused["userErrors"]] == ["BLANK"]
    refused = await world.change(VOID, reason="x", documentIds=[documents[0]["id"]])
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_PENDING"]


async def _void_over_graphql(world: World, given: dict[str, Any], headers: dict[str, str]) -> None:
    reply = await world.gateway.ask(world.tenant, VOID, {"input": {"bulkSendId": world.id, **given}}, headers=headers)
    assert reply.data["voidDocuments"]["voidedCount"] == 1


async def _void_over_rest(world: World, given: dict[str, Any], headers: dict[str, str]) -> None:
    reply = await call(world.gateway, world.tenant, "POST", f"/{world.id}/void", json=given, headers=headers)
    assert reply.body["data"]["count"] == 1


async def _void_over_a_socket(world: World, given: dict[str, Any], headers: dict[str, str]) -> None:
    async with connect(world.gateway, headers=headers) as socket:
        await socket.initialise(world.tenant)
        await socket.subscribe("1", VOID, {"input": {"bulkSendId": world.id, **given}})
        message = await socket.receive()
    assert message["payload"]["data"]["voidDocuments"]["voidedCount"] == 1


@pytest.mark.parametrize("void", [_void_over_graphql, _void_over_rest, _void_over_a_socket])
async def test_an_event_records_who_changed_a_document_and_from_where(
    world: World, pool: Pool, void: Callable[..., Awaitable[None]]
) -> None:
    document_id = (await world.documents())[0]["id"]
    await void(world, {"documentIds": [document_id], "reason": "Wrong template"}, {"User-Agent": "Test program"})
    last = (await events_of(pool, document_uuid(document_id)))[-1]
    assert (last.type, last.ip, last.user_agent) == ("voided", "127.0.0.1", "Test program")
    assert last.actor.startswith("key_")


async def test_what_is_voided_is_not_retried(gateway: RunningGateway, pool: Pool, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    sink.refuse(Phase.RCPT, 550, "5.1.1 no", recipient="signer0@*")
    world = World(gateway, tenant, (await create(gateway, tenant, 2))["bulkSend"]["id"])
    sink.forgive()
    failed, _ = await world.documents()
    voided = await world.change(VOID, documentIds=[failed["id"]], reason="Wrong rate.")
    assert voided["voidedCount"] == 1
    retried = (await gateway.ask(tenant, RETRY, {"id": world.id})).data["retryBulkSend"]
    assert retried == {"retriedCount": 0, "userErrors": []}
    document, _ = await world.documents()
    assert (document["status"], document["delivery"]["status"]) == ("CANCELLED", "FAILED")
    await assert_counts(pool)


async def test_what_is_amended_is_sent_again_with_a_new_link(world: World, pool: Pool, sink: SmtpSink) -> None:
    documents = await world.documents()
    path = await signing_path(world.gateway, world.tenant, documents[1]["id"])
    form = await open_form(world.gateway, path)
    correction = {
        "documentId": documents[1]["id"],
        "name": "Right Name",
        "email": "right@example.com",
        "phone": "+1 555",
        "message": "Sorry!",
        "values": [{"field": "company", "value": "Right Company"}],
    }
    payload = await world.change(AMEND, documents=[correction])
    assert payload == {
        "amendedCount": 1,
        "bulkSend": {"sentCount": 3, "failedCount": 0, "viewedCount": 0},
        "userErrors": [],
    }
    assert (await world.change(AMEND, documents=[correction]))["amendedCount"] == 0

    assert "This link has been replaced" in (await world.gateway.get(path)).body
    assert (await post_form(world.gateway, path, form.signed())).status == 410
    await sink.wait_for(4)
    mail = sink.mails[-1].parsed
    assert str(mail["To"]) == "Right Name <right@example.com>"
    new = await signing_path(world.gateway, world.tenant, documents[1]["id"])
    assert new != path
    assert new in sink.mails[-1].message.decode()
    assert "Right Name of Right Company" in (await world.gateway.get(new)).body
    await world.sign(documents[1]["id"])
    document = (await world.documents())[1]
    assert document["status"] == "SIGNED"
    assert document["message"] == "Sorry!"
    assert [event["type"] for event in document["events"]["nodes"]][2:] == [
        "VIEWED",
        "AMENDED",
        "VIEWED",
        "CONSENTED",
        "SIGNED",
    ]
    await assert_counts(pool)


async def test_a_failed_document_is_amended_and_sent(gateway: RunningGateway, pool: Pool, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user", times=1)
    payload = await create(gateway, tenant, count=1)
    world = World(gateway, tenant, payload["bulkSend"]["id"])
    (document,) = await world.documents()
    assert document["delivery"]["status"] == "FAILED"
    await world.change(AMEND, documents=[{"documentId": document["id"], "email": "right@example.com"}])
    await sink.wait_for(1)
    assert str(sink.mails[0].parsed["To"]).endswith("<right@example.com>")
    wait = "query($id: ID!) { bulkSend(id: $id) { sentCount failedCount status } }"
    while (found := (await gateway.ask(tenant, wait, {"id": world.id})).data["bulkSend"])["status"] == "PROCESSING":
        pass
    assert found == {"sentCount": 1, "failedCount": 0, "status": "COMPLETED"}
    await assert_counts(pool)


async def test_every_problem_of_an_amendment_is_told_by_row(world: World) -> None:
    documents = await world.documents()
    rows = [
        {"documentId": documents[0]["id"], "email": "nonsense"},
        {"documentId": documents[1]["id"], "name": "", "phone": "x" * 21},
        {"documentId": documents[2]["id"], "values": [{"field": "company", "value": ""}]},
    ]
    payload = await world.change(AMEND, documents=rows)
    assert payload["amendedCount"] == 0
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("INVALID_EMAIL", ["documents", "0", "email"]),
        ("TOO_SHORT", ["documents", "1", "name"]),
        ("TOO_LONG", ["documents", "1", "phone"]),
        ("TOO_SHORT", ["documents", "2", "values", "0", "value"]),
    ]
    payload = await world.change(
        AMEND, documents=[{"documentId": documents[0]["id"], "values": [{"field": "other", "value": "x"}]}]
    )
    assert [error["code"] for error in payload["userErrors"]] == ["UNKNOWN_FIELD"]


async def test_amended_values_are_checked_by_the_fields_of_the_template(gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool, body="---\nfields:\n  start: { type: date }\n---\n{{ values.start }}")
    signer = {"name": "A", "email": "a@example.com", "values": [{"field": "start", "value": "2026-05-28"}]}
    payload = await create(gateway, tenant, signers=[signer])
    world = World(gateway, tenant, payload["bulkSend"]["id"])
    (document,) = await world.documents()
    rows = [{"documentId": document["id"], "values": [{"field": "start", "value": "soon"}]}]
    refused = await world.change(AMEND, documents=rows)
    assert [(error["code"], error["field"], error["message"]) for error in refused["userErrors"]] == [
        ("INVALID_VALUE", ["documents", "0", "values", "0", "value"], "start must be a date like 2026-05-28")
    ]
    rows[0]["values"][0]["value"] = "2026-06-01"
    assert (await world.change(AMEND, documents=rows))["amendedCount"] == 1
    assert await pool.fetchval("SELECT signer_values::text FROM documents") == '{"start": "2026-06-01"}'


async def test_someone_elses_bulk_send_does_not_exist(world: World, pool: Pool) -> None:
    other = World(world.gateway, await new_tenant(pool, name="Globex"), world.id)
    for mutation, given in ((REMIND, {}), (VOID, {"reason": "x"}), (AMEND, {"documents": []})):
        payload = await other.change(mutation, **given)
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]


async def test_what_expired_is_told_without_a_job(world: World, pool: Pool) -> None:
    documents = await world.documents()
    await world.sign(documents[0]["id"])
    await pool.execute("UPDATE documents SET expires_at = clock_timestamp() - interval '1 s'")
    await pool.execute("UPDATE bulk_sends SET expires_at = clock_timestamp() - interval '1 s'")
    read = await world.read()
    assert (read["signedCount"], read["expiredCount"]) == (1, 2)
    assert [document["status"] for document in read["documents"]["nodes"]] == ["SIGNED", "EXPIRED", "EXPIRED"]
    assert "EXPIRED" in [event["type"] for event in read["documents"]["nodes"][1]["events"]["nodes"]]
    query = "query($id: ID!) { bulkSend(id: $id) { documents(status: [EXPIRED]) { totalCount } } }"
    found = (await world.gateway.ask(world.tenant, query, {"id": world.id})).data["bulkSend"]
    assert found == {"documents": {"totalCount": 2}}
    assert document_uuid(documents[1]["id"])
    assert (await world.change(REMIND))["remindedCount"] == 0
