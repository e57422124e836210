"""Creating through the REST API: input, idempotency, rate limit, waiting."""

import asyncio
import json
from io import BytesIO
from typing import Any

import pytest
from support.gateway import CREATE, RunningGateway, Tenant, new_template, new_tenant, running_gateway, signers
from support.rest import call, field_errors, filled, post, problem
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool


@pytest.fixture
def gateway(delivering_gateway: RunningGateway) -> RunningGateway:
    """A gateway whose creates wait until their mail was sent."""
    return delivering_gateway


async def test_everything_wrong_with_a_create_is_told_at_once(gateway: RunningGateway, tenant: Tenant) -> None:
    wrong = [*signers(3), {"name": "", "email": "nobody", "values": [{"field": "1", "value": "x"}], "fax": "1"}]

    reply = await post(gateway, tenant, name="", signers=wrong, emailMessage="x" * 1001)

    assert sorted(field_errors(reply)) == [
        ("emailMessage", "TOO_LONG"),
        ("name", "TOO_SHORT"),
        ("signers[3].email", "INVALID_EMAIL"),
        ("signers[3].fax", "UNKNOWN_FIELD"),
        ("signers[3].name", "TOO_SHORT"),
        ("signers[3].values[0].field", "INVALID_CHARACTER"),
    ]
    assert reply.body["errors"][0].keys() == {"field", "message", "code"}


@pytest.mark.parametrize("key", ["template_id", "external_id", "wait_for_delivery"])
async def test_names_are_camel_case_only(gateway: RunningGateway, tenant: Tenant, key: str) -> None:
    assert (key, "UNKNOWN_FIELD") in field_errors(await call(gateway, tenant, "POST", json=filled(tenant, {key: "x"})))


async def test_odd_names_of_fields_are_told_and_bounded(gateway: RunningGateway, tenant: Tenant) -> None:
    long = await call(gateway, tenant, "POST", json=filled(tenant, {"x" * 100_000: 1, "\0": 1}))
    surrogate = await call(gateway, tenant, "POST", json=filled(tenant, {"\ud800": 1}))

    assert [code for _, code in field_errors(long)] == ["UNKNOWN_FIELD"] * 2
    assert len(json.dumps(long.body)) < 2000
    assert [code for _, code in field_errors(surrogate)] == ["INVALID_CHARACTER"]


@pytest.mark.parametrize("number", [0, 11, -1, 2**31, 2**63, 10**30])
async def test_a_number_of_reminders_out_of_range_is_told(gateway: RunningGateway, tenant: Tenant, number: int) -> None:
    reply = await post(gateway, tenant, reminders={"afterDays": 3, "atMost": number})

    assert field_errors(reply) == [("reminders.atMost", "INVALID_VALUE")]


@pytest.mark.parametrize("template_id", [None, 7, "nonsense", "tpl_01h455vb4pex5vsknk084sn02q"])
async def test_an_unknown_template_is_a_field_that_is_wrong(
    gateway: RunningGateway, tenant: Tenant, template_id: object
) -> None:
    ((field, _),) = field_errors(await post(gateway, tenant, templateId=template_id))
    assert field == "templateId"


async def test_a_foreign_template_is_unknown(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    other = await new_tenant(pool, name="Other")
    assert field_errors(await post(gateway, tenant, templateId=other.template_id)) == [("templateId", "NOT_FOUND")]


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"{", {}, (400, "malformed-request")),
        (b"", {}, (400, "malformed-request")),
        (b"null", {}, (400, "malformed-request")),
        (b"[]", {}, (400, "malformed-request")),
        (b'"x"', {}, (400, "malformed-request")),
        (b"\xff", {}, (400, "malformed-request")),
        (b'{"name": NaN}', {}, (400, "malformed-request")),
        (b"[" * 100_000, {}, (400, "malformed-request")),
        (b"1" * 10_000, {}, (400, "malformed-request")),
        (b"{}", {"Content-Type": "text/plain"}, (415, "unsupported-media-type")),
        (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, (415, "unsupported-media-type")),
        (b"{}", {"Content-Type": "application/json; charset=utf-16"}, (415, "unsupported-media-type")),
        (b" " * (2 * 1024 * 1024 + 1), {}, (413, "payload-too-large")),
        (b"{}", {}, (422, "invalid-input")),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_odd_bodies(
    gateway: RunningGateway, tenant: Tenant, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    reply = await call(
        gateway,
        tenant,
        "POST",
        data=BytesIO(body),
        headers={"Content-Type": "application/json; charset=utf-8", **headers},
    )

    assert (reply.status, problem(reply)) == expected


async def test_optional_inputs_are_taken(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    template_id = await new_template(pool, tenant.organization_id, body="For {{ values.company }}.")
    values = [{"field": "company", "value": "Vendor A"}]

    reply = await post(
        gateway,
        tenant,
        templateId=template_id,
        externalId="crm-7",
        waitForDelivery=True,
        dryRun=False,
        signers=[{**signers(1)[0], "phone": "+1 555 0100", "message": "Hi", "externalId": "x", "values": values}],
    )

    assert reply.status == 201
    query = "query($id: ID!) { bulkSend(id: $id) { externalId documents { nodes { externalId signer { phone } } } } }"
    found = (await gateway.ask(tenant, query, {"id": reply.body["data"]["id"]})).data["bulkSend"]
    assert found == {
        "externalId": "crm-7",
        "documents": {"nodes": [{"externalId": "x", "signer": {"phone": "+1 555 0100"}}]},
    }


async def test_warnings_of_what_was_done_are_counted(gateway: RunningGateway, tenant: Tenant) -> None:
    unused = [{"field": "company", "value": "Vendor A"}]
    people = [*signers(1) * 3, {**signers(1, start=1)[0], "values": unused}]

    warned = await post(gateway, tenant, signers=people)
    fine = await post(gateway, tenant)

    assert (warned.status, fine.status) == (201, 201)
    assert warned.headers["Bulksend-Warnings"] == "DUPLICATE_EMAIL;count=2, UNUSED_VALUE;count=1"
    assert "Bulksend-Warnings" not in fine.headers


async def test_a_dry_run_shows_the_mail_and_sends_nothing(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink
) -> None:
    twice = signers(1) * 2

    reply = await post(gateway, tenant, signers=twice, dryRun=True)

    assert reply.status == 200
    assert "Location" not in reply.headers
    shown = reply.body["data"]
    assert list(shown) == ["totalCount", "nextBulkSendAt", "previewSubject", "previewText", "warnings"]
    assert (shown["totalCount"], shown["nextBulkSendAt"]) == (2, None)
    assert "Signer 0" in shown["previewText"]
    assert [(note["field"], note["code"]) for note in shown["warnings"]] == [("signers[1].email", "DUPLICATE_EMAIL")]
    assert (await call(gateway, tenant, "GET")).body["data"] == []
    assert sink.mails == []


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_repeated_create_gives_the_original(
    gateway: RunningGateway, tenant: Tenant, sink: SmtpSink, by_header: bool
) -> None:
    options: dict[str, Any] = {"headers": {"Idempotency-Key": "k1"}} if by_header else {"idempotencyKey": "k1"}

    original = await post(gateway, tenant, **options)
    replayed = await post(gateway, tenant, headers={"Idempotency-Key": "k1"})

    assert (original.status, replayed.status) == (201, 201)
    assert replayed.body["data"] == original.body["data"]
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.headers["Location"] == original.headers["Location"]
    assert "Idempotency-Replayed" not in original.headers
    assert len(sink.mails) == 1


async def test_a_key_stands_for_one_input(gateway: RunningGateway, tenant: Tenant) -> None:
    key = {"Idempotency-Key": "k1"}
    original = await post(gateway, tenant, headers=key)

    reused = await post(gateway, tenant, headers=key, name="Another")
    await call(gateway, tenant, "DELETE", f"/{original.body['data']['id']}")
    deleted = await post(gateway, tenant, headers=key)

    assert (reused.status, problem(reused)) == (409, "idempotency-key-reused")
    assert (deleted.status, problem(deleted)) == (404, "not-found")


async def test_odd_keys_are_refused(gateway: RunningGateway, tenant: Tenant) -> None:
    for key in ("", "k" * 256):
        ((field, _),) = field_errors(await post(gateway, tenant, headers={"Idempotency-Key": key}))
        assert field == "idempotencyKey"
    differing = await post(gateway, tenant, headers={"Idempotency-Key": "a"}, idempotencyKey="b")
    assert field_errors(differing) == [("idempotencyKey", "BAD_USER_INPUT")]
    same = await post(gateway, tenant, headers={"Idempotency-Key": "a"}, idempotencyKey="a")
    assert same.status == 201


async def test_it_is_too_early_for_another(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, bulk_send_interval=300) as gateway:
        await post(gateway, tenant)
        refused = await post(gateway, tenant)
        over_graphql = await gateway.ask(
            tenant,
            CREATE,
            {"input": {"templateId": tenant.template_id, "name": "Again", "signers": signers(1)}},
        )

    assert (refused.status, problem(refused)) == (429, "bulk-send-rate")
    assert 295 <= int(refused.headers["Retry-After"]) <= 300
    (error,) = over_graphql.data["createBulkSend"]["userErrors"]
    assert error["code"] == "RATE_LIMITED"
    assert over_graphql.headers["Retry-After"] == str(error["retryAfter"])


async def test_a_caller_may_prefer_not_to_wait(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool)
    async with running_gateway(dsn, sink.url, delivery=False, sync_wait=30) as gateway, asyncio.timeout(10):
        reply = await post(gateway, tenant, headers={"Prefer": "return=representation, Respond-Async; x=y"})
        other = await post(gateway, tenant, headers={"Prefer": "wait=1, respond-asynchronously"}, waitForDelivery=False)

    assert (reply.status, reply.body["data"]["status"]) == (201, "processing")
    assert reply.headers["Preference-Applied"] == "respond-async"
    assert other.status == 201
    assert "Preference-Applied" not in other.headers


async def test_invalid_signers_are_skipped_on_request(gateway: RunningGateway, tenant: Tenant) -> None:
    some = [{"name": "Nobody", "email": "nobody"}, *signers(2)]
    refused = await post(gateway, tenant, signers=[*some, *signers(1)])
    assert field_errors(refused) == [("signers[0].email", "INVALID_EMAIL")]
    assert [(note["field"], note["code"]) for note in refused.body["warnings"]] == [
        ("signers[3].email", "DUPLICATE_EMAIL")
    ]

    created = await post(gateway, tenant, signers=some, onInvalidSigners="SKIP")
    assert (created.status, created.body["data"]["totalCount"]) == (201, 2)
    assert created.headers["Bulksend-Warnings"] == "SIGNER_SKIPPED;count=1"
    dry = await post(gateway, tenant, signers=some, onInvalidSigners="SKIP", dryRun=True)
    assert [note["field"] for note in dry.body["data"]["warnings"]] == ["signers[0].email"]


async def test_whatever_is_within_the_documented_limits_is_accepted(gateway: RunningGateway, tenant: Tenant) -> None:
    names = [f"field_{number}" for number in range(50)]
    body = "\n\n".join(f"{{{{ values.{name} }}}}" for name in names)
    template_id = await new_template(gateway.pool, tenant.organization_id, body=body)
    values = [{"field": name, "value": "a, b, [c], {d}: e"} for name in names]
    many = [{**one, "values": values} for one in signers(500)]
    asked = filled(tenant, {"templateId": template_id, "signers": many, "dryRun": True})
    headers = {"Content-Type": "application/json"}
    created = await call(gateway, tenant, "POST", data=BytesIO(json.dumps(asked).encode()), headers=headers)
    assert (created.status, created.body["data"]["totalCount"]) == (200, 500)
