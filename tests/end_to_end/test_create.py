"""Creating a bulk send: accepted once, replayed exactly, and refused without leaving rows."""

import asyncio
from typing import Any

import pytest
from support.cutting_proxy import cutting_proxy, through
from support.gateway import (
    CREATE,
    RunningGateway,
    Sending,
    Tenant,
    create,
    new_api_key,
    new_template,
    new_tenant,
    running_gateway,
    signers,
)
from support.smtp.sink import Phase, SmtpSink

from bulksend.db.pool import Pool

FIVE_MINUTES = 300


async def rows(pool: Pool) -> tuple[int, int]:
    """Return the numbers of bulk sends and documents."""
    return await pool.fetchval("SELECT count(*) FROM bulk_sends"), await pool.fetchval("SELECT count(*) FROM documents")


async def test_keeps_what_each_signer_brings(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    template = await new_template(
        gateway.pool, tenant.organization_id, body="For {{ values.company }}: {{ signer.name }}"
    )
    people = [
        {
            "name": "Zoë Ångström",
            "email": "zoe@example.com",
            "phone": "+46 70 123",
            "message": "Dear Zoë,\n\tas agreed.",
            "externalId": "row-1",
            "values": [{"field": "company", "value": "Ångström & Söner"}],
        },
        {"name": "Bob", "email": "bob@example.com", "values": [{"field": "company", "value": "<b>Bob</b> Ltd"}]},
    ]
    payload = await create(
        gateway, tenant, templateId=template, emailMessage="Hello\r\nall", externalId="q3", signers=people
    )
    assert payload["userErrors"] == []
    assert payload["warnings"] == []

    query = """query($id: ID!) { bulkSend(id: $id) { emailMessage externalId documents {
        nodes { signerIndex externalId signer { name email phone }
            delivery { status attempts error { code } } } } } }"""
    found = (await gateway.ask(tenant, query, {"id": payload["bulkSend"]["id"]})).data["bulkSend"]
    assert found["emailMessage"] == "Hello\nall"
    assert found["externalId"] == "q3"
    sent = {"status": "SENT", "attempts": 1, "error": None}
    assert found["documents"]["nodes"] == [
        {
            "signerIndex": 0,
            "externalId": "row-1",
            "signer": {"name": "Zoë Ångström", "email": "zoe@example.com", "phone": "+46 70 123"},
            "delivery": sent,
        },
        {
            "signerIndex": 1,
            "externalId": None,
            "signer": {"name": "Bob", "email": "bob@example.com", "phone": None},
            "delivery": sent,
        },
    ]
    (mail,) = sink.accepted("zoe@example.com")
    text = mail.parsed.get_body(("plain",))
    assert text is not None
    assert "as agreed." in text.get_content()
    assert "Hello\nall" in text.get_content().replace("\r\n", "\n")


async def test_a_refused_recipient_fails_alone_with_the_servers_words(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user here", recipient="signer1@*")
    payload = await create(gateway, tenant, 3)
    assert payload["bulkSend"] | {"id": "", "name": ""} == {
        "id": "",
        "name": "",
        "status": "COMPLETED",
        "totalCount": 3,
        "sentCount": 2,
        "failedCount": 1,
        "pendingCount": 0,
    }
    query = """query($id: ID!) { bulkSend(id: $id) { documents(deliveryStatus: [FAILED]) { totalCount
        nodes { signerIndex delivery { attempts failedAt sentAt error { code message smtpCode } } } } } }"""
    documents = (await gateway.ask(tenant, query, {"id": payload["bulkSend"]["id"]})).data["bulkSend"]["documents"]
    assert documents["totalCount"] == 1
    (document,) = documents["nodes"]
    assert document["signerIndex"] == 1
    assert document["delivery"]["failedAt"] is not None
    assert document["delivery"]["sentAt"] is None
    assert document["delivery"]["error"] == {
        "code": "MAILBOX_UNAVAILABLE",
        "message": "5.1.1 No such user here",
        "smtpCode": 550,
    }


async def test_one_key_from_20_clients_is_one_bulk_send(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    async with running_gateway(dsn, sink.url, bulk_send_interval=FIVE_MINUTES) as gateway:
        payloads = await asyncio.gather(*(create(gateway, tenant, 5, idempotencyKey="once") for _ in range(20)))
    assert [payload["userErrors"] for payload in payloads] == [[]] * 20
    assert len({payload["bulkSend"]["id"] for payload in payloads}) == 1
    assert sorted(payload["replayed"] for payload in payloads) == [False] + [True] * 19
    # A replay waits as the original did, even while the first call is still running.
    assert {payload["bulkSend"]["status"] for payload in payloads} == {"COMPLETED"}
    assert len(sink.mails) == 5
    assert await rows(pool) == (1, 5)


async def test_of_20_different_ones_one_is_accepted(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    async with running_gateway(dsn, sink.url, bulk_send_interval=FIVE_MINUTES) as gateway:
        replies = await asyncio.gather(
            *(
                gateway.ask(tenant, CREATE, Sending(tenant, 2, {"idempotencyKey": f"key {number}"}).variables)
                for number in range(20)
            )
        )
    payloads = [reply.data["createBulkSend"] for reply in replies]
    refused = [payload["userErrors"] for payload in payloads if payload["userErrors"]]
    assert len(refused) == 19
    for (error,) in refused:
        assert error["code"] == "RATE_LIMITED"
        assert 1 <= error["retryAfter"] <= FIVE_MINUTES
    assert await rows(pool) == (1, 2)
    assert len(sink.mails) == 2


async def test_the_rate_is_each_organizations_own(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    other = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, bulk_send_interval=FIVE_MINUTES) as gateway:
        for asking in (tenant, other):
            assert (await create(gateway, asking))["userErrors"] == []
        assert (await create(gateway, tenant))["userErrors"][0]["code"] == "RATE_LIMITED"


async def test_invalid_dry_run_refused_and_replayed_calls_cost_nothing(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    async with running_gateway(dsn, sink.url, bulk_send_interval=FIVE_MINUTES) as gateway:
        assert (await create(gateway, tenant, name=""))["userErrors"][0]["code"] == "TOO_SHORT"
        assert (await create(gateway, tenant, dryRun=True))["dryRun"]["nextBulkSendAt"] is None
        assert (await create(gateway, tenant, templateId="tpl_nope"))["userErrors"][0]["code"] == "NOT_FOUND"
        assert await rows(pool) == (0, 0)

        first = await create(gateway, tenant, idempotencyKey="k")
        again = await create(gateway, tenant, idempotencyKey="k")
        assert again["replayed"]
        assert again["bulkSend"] == first["bulkSend"]
        (limited,) = (await create(gateway, tenant))["userErrors"]
        assert limited["code"] == "RATE_LIMITED"
        query = "{ rateLimit { nextBulkSendAt lastBulkSend { id } } }"
        limit = (await gateway.ask(tenant, query)).data["rateLimit"]
        assert limit["lastBulkSend"]["id"] == first["bulkSend"]["id"]
        assert limit["nextBulkSendAt"] is not None
        assert (await create(gateway, tenant, dryRun=True))["dryRun"]["nextBulkSendAt"] == limit["nextBulkSendAt"]


async def test_refusals_come_in_their_order(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    """Authentication, scope, request rate, validation, idempotency, bulk-send rate, template."""
    reader = Tenant(
        tenant.organization_id, await new_api_key(pool, tenant.organization_id, "bulk_sends.read"), tenant.template_id
    )
    async with running_gateway(dsn, sink.url, bulk_send_interval=FIVE_MINUTES) as gateway:
        await create(gateway, tenant, idempotencyKey="used")

        forbidden = await gateway.ask(reader, CREATE, Sending(tenant, 1, {"name": ""}).variables)
        assert forbidden.error["extensions"] == {"code": "FORBIDDEN", "requiredScope": "bulk_sends.create"}
        assert forbidden.body["data"] == {"createBulkSend": None}

        async def code(**more: Any) -> str:
            (error,) = (await create(gateway, tenant, **more))["userErrors"]
            return str(error["code"])

        assert await code(name="", idempotencyKey="used", templateId="tpl_nope") == "TOO_SHORT"
        assert await code(name="other", idempotencyKey="used", templateId="tpl_nope") == "IDEMPOTENCY_KEY_REUSED"
        assert await code(templateId="tpl_nope") == "RATE_LIMITED"


async def test_another_organizations_template_does_not_exist(
    gateway: RunningGateway, tenant: Tenant, pool: Pool
) -> None:
    other = await new_tenant(pool)
    (error,) = (await create(gateway, tenant, templateId=other.template_id))["userErrors"]
    assert (error["code"], error["field"]) == ("NOT_FOUND", ["templateId"])
    assert await rows(pool) == (0, 0)


async def test_the_key_is_each_organizations_own(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    other = await new_tenant(pool)
    mine = await create(gateway, tenant, idempotencyKey="k")
    theirs = await create(gateway, other, idempotencyKey="k")
    assert not theirs["replayed"]
    assert theirs["bulkSend"]["id"] != mine["bulkSend"]["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another"},
        {"emailMessage": "x"},
        {"externalId": "x"},
        {"signers": signers(2)},
        {"signers": signers(1, start=1)},
    ],
    ids=str,
)
async def test_the_same_key_with_another_input_is_refused(
    gateway: RunningGateway, tenant: Tenant, change: dict[str, Any]
) -> None:
    await create(gateway, tenant, idempotencyKey="k")
    (error,) = (await create(gateway, tenant, **{"idempotencyKey": "k", **change}))["userErrors"]
    assert (error["code"], error["field"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])


async def test_waiting_and_line_ends_are_no_difference(gateway: RunningGateway, tenant: Tenant) -> None:
    first = await create(gateway, tenant, idempotencyKey="k", emailMessage="a\r\nb", waitForDelivery=False)
    again = await create(gateway, tenant, idempotencyKey="k", emailMessage="a\nb")
    assert again["replayed"]
    assert again["bulkSend"]["id"] == first["bulkSend"]["id"]


async def test_replaying_a_deleted_one_sends_nothing(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    first = await create(gateway, tenant, idempotencyKey="k")
    delete = "mutation($id: ID!) { deleteBulkSend(input: {id: $id}) { deletedBulkSendId userErrors { code field } } }"
    deleted = (await gateway.ask(tenant, delete, {"id": first["bulkSend"]["id"]})).data["deleteBulkSend"]
    assert deleted == {"deletedBulkSendId": first["bulkSend"]["id"], "userErrors": []}
    again = await create(gateway, tenant, idempotencyKey="k")
    assert again["bulkSend"] is None
    assert again["userErrors"][0]["code"] == "NOT_FOUND"
    assert len(sink.mails) == 1
    second = (await gateway.ask(tenant, delete, {"id": first["bulkSend"]["id"]})).data["deleteBulkSend"]
    assert second == {"deletedBulkSendId": None, "userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]}


async def test_a_dry_run_shows_the_mail_and_sends_nothing(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, pool: Pool
) -> None:
    payload = await create(gateway, tenant, 3, dryRun=True, emailMessage="Please sign by Friday.")
    assert payload["bulkSend"] is None
    assert payload["dryRun"]["totalCount"] == 3
    assert "Agreement" in payload["dryRun"]["previewSubject"]
    assert "Please sign by Friday." in payload["dryRun"]["previewText"]
    assert await rows(pool) == (0, 0)
    assert sink.mails == []


async def test_warns_of_duplicates_and_unused_values(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    people = [
        {"name": "A", "email": "same@example.com"},
        {"name": "B", "email": "Same@example.com", "values": [{"field": "unused", "value": "x"}]},
    ]
    payload = await create(gateway, tenant, signers=people)
    assert [(one["code"], one["field"]) for one in payload["warnings"]] == [
        ("UNUSED_VALUE", ["signers", "1", "values", "0"]),
        ("DUPLICATE_EMAIL", ["signers", "1", "email"]),
    ]
    assert payload["bulkSend"]["sentCount"] == 2


async def test_every_missing_value_is_told(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    template = await new_template(pool, tenant.organization_id, body="{{ values.a }} {{ values.b }}")
    people: list[dict[str, Any]] = signers(3)
    people[1]["values"] = [{"field": "a", "value": "x"}, {"field": "b", "value": "y"}]
    people[2]["values"] = [{"field": "b", "value": "y"}]
    payload = await create(gateway, tenant, templateId=template, signers=people)
    assert [(error["code"], error["field"], error["message"]) for error in payload["userErrors"]] == [
        ("MISSING_VALUE", ["signers", "0", "values"], "values must have a, which the template's text asks for"),
        ("MISSING_VALUE", ["signers", "0", "values"], "values must have b, which the template's text asks for"),
        ("MISSING_VALUE", ["signers", "2", "values"], "values must have a, which the template's text asks for"),
    ]
    assert await rows(pool) == (0, 0)


async def test_missing_values_are_told_beside_everything_else(gateway: RunningGateway, tenant: Tenant) -> None:
    template = await new_template(gateway.pool, tenant.organization_id, body="{{ values.company }}")
    people = [*signers(2), {"name": "", "email": "third@example.com"}]
    people[0]["email"] = "nobody"
    payload = await create(gateway, tenant, name="", templateId=template, signers=people)
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("TOO_SHORT", ["name"]),
        ("INVALID_EMAIL", ["signers", "0", "email"]),
        ("MISSING_VALUE", ["signers", "0", "values"]),
        ("MISSING_VALUE", ["signers", "1", "values"]),
        ("TOO_SHORT", ["signers", "2", "name"]),
        ("MISSING_VALUE", ["signers", "2", "values"]),
    ]


async def test_a_lock_that_is_held_for_seconds_is_waited_for(
    gateway: RunningGateway, tenant: Tenant, pool: Pool
) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM bulk_send_rates FOR UPDATE")
        creating = asyncio.create_task(create(gateway, tenant))
        # The first attempt gives up after 2 s.
        await asyncio.wait([creating], timeout=2.5)
        assert not creating.done()
    assert (await creating)["userErrors"] == []


async def test_what_is_committed_is_told_although_the_database_goes_away_meanwhile(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    async with cutting_proxy(dsn) as proxy, running_gateway(dsn, sink.url, **through(proxy)) as gateway:
        creating = asyncio.create_task(create(gateway, tenant, 2))
        await gate.reached(2)
        proxy.refuse_all()
        payload = await creating
        assert payload["userErrors"] == []
        assert payload["bulkSend"]["pendingCount"] == 2
        proxy.allow_all()
        gate.open()
        await sink.wait_for(2)


async def test_answers_with_what_is_true_when_delivery_outlasts_the_wait(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    async with running_gateway(dsn, sink.url, sync_wait=0.3) as gateway:
        payload = await create(gateway, tenant, 2)
        assert payload["bulkSend"]["status"] == "PROCESSING"
        assert payload["bulkSend"]["pendingCount"] == 2
        gate.open()
        await sink.wait_for(2)


async def test_answers_right_after_the_commit_when_asked_to(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    gate = sink.hold(Phase.MESSAGE)
    payload = await create(gateway, tenant, 2, waitForDelivery=False)
    assert payload["bulkSend"]["pendingCount"] == 2
    gate.open()
    await sink.wait_for(2)


async def test_the_largest_create_that_is_documented_is_accepted(gateway: RunningGateway, tenant: Tenant) -> None:
    names = [f"v{number}" for number in range(50)]
    body = " ".join(f"{{{{ values.{name} }}}}" for name in names)
    template = await new_template(gateway.pool, tenant.organization_id, body=body)
    values = [{"field": name, "value": "x"} for name in names]
    people = [{**signer, "values": values} for signer in signers(500)]
    payload = await create(gateway, tenant, templateId=template, signers=people)
    assert payload["userErrors"] == []
    assert payload["bulkSend"]["sentCount"] == 500
