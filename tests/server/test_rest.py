"""The REST door: shapes, order of refusals, headers."""

import asyncio
import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from gateway import (
    CREATE,
    Reply,
    RunningGateway,
    Tenant,
    create,
    new_api_key,
    new_template,
    new_tenant,
    running_gateway,
    signers,
)
from smtp_sink import SmtpSink

from bulksend.db.pool import Pool

PATH = "/api/v1/bulk-sends"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN_ID = "bs_01h455vb4pex5vsknk084sn02q"


async def call(
    gateway: RunningGateway,
    tenant: Tenant | None,
    method: str,
    path: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> Reply:
    """Call the REST door; the body parsed if there is one."""
    sent = {**(tenant.headers if tenant else {}), **(headers or {})}
    async with gateway.session.request(method, f"{gateway.url}{PATH}{path}", headers=sent, **options) as response:
        text = await response.text()
        return Reply(response.status, response.headers, json.loads(text) if text else None)


async def post(
    gateway: RunningGateway, tenant: Tenant, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Reply:
    """Create a bulk send, with what a test does not care about filled in."""
    return await call(gateway, tenant, "POST", json=filled(tenant, more), headers=headers)


def filled(tenant: Tenant, more: Mapping[str, object]) -> dict[str, object]:
    return {"templateId": tenant.template_id, "name": "Q3 Vendor Agreements", "signers": signers(1), **more}


def problem(reply: Reply) -> str:
    """The name of the problem that a reply is."""
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.body["status"] == reply.status
    assert reply.body["title"]
    assert reply.body["detail"]
    address: str = reply.body["type"]
    assert address.startswith("http://sign.example.com/problems/")
    return address.rpartition("/")[2]


def field_errors(reply: Reply) -> list[tuple[str, str]]:
    assert (reply.status, problem(reply)) == (422, "invalid-input")
    return [(error["field"], error["code"]) for error in reply.body["errors"]]


async def test_a_create_answers_as_the_page_shows(gateway: RunningGateway, tenant: Tenant) -> None:
    reply = await post(gateway, tenant, signers=signers(3), emailMessage="Please sign.")

    assert reply.status == 201
    assert list(reply.body) == ["data"]
    data = reply.body["data"]
    assert list(data) == [
        "id",
        "name",
        "status",
        "totalCount",
        "sentCount",
        "failedCount",
        "templateId",
        "createdAt",
    ]
    assert TIMESTAMP.fullmatch(data["createdAt"])
    assert data | {"id": "", "createdAt": ""} == {
        "id": "",
        "name": "Q3 Vendor Agreements",
        "status": "completed",
        "totalCount": 3,
        "sentCount": 3,
        "failedCount": 0,
        "templateId": tenant.template_id,
        "createdAt": "",
    }
    assert reply.headers["Location"] == f"{PATH}/{data['id']}"
    assert "Idempotency-Replayed" not in reply.headers
    assert "Preference-Applied" not in reply.headers


async def test_one_bulk_send_is_read_as_the_page_shows(gateway: RunningGateway, tenant: Tenant) -> None:
    told = (await post(gateway, tenant, emailMessage="Please\nsign.")).body["data"]["id"]
    untold = (await post(gateway, tenant)).body["data"]["id"]

    reply = await call(gateway, tenant, "GET", f"/{told}")

    assert reply.status == 200
    assert list(reply.body["data"]) == [
        "id",
        "name",
        "status",
        "totalCount",
        "sentCount",
        "failedCount",
        "emailMessage",
        "templateId",
        "createdAt",
        "updatedAt",
    ]
    assert reply.body["data"]["emailMessage"] == "Please\nsign."
    assert (await call(gateway, tenant, "GET", f"/{untold}")).body["data"]["emailMessage"] is None


async def test_the_list_is_walked_newest_first(gateway: RunningGateway, tenant: Tenant) -> None:
    made = [(await post(gateway, tenant)).body["data"]["id"] for _ in range(3)]

    first = (await call(gateway, tenant, "GET", "?limit=2")).body
    second = (await call(gateway, tenant, "GET", f"?limit=2&cursor={first['meta']['nextCursor']}")).body

    assert list(first) == ["data", "meta"]
    assert list(first["meta"]) == ["count", "hasMore", "nextCursor"]
    assert (first["meta"]["count"], first["meta"]["hasMore"]) == (2, True)
    assert second["meta"] == {"count": 1, "hasMore": False, "nextCursor": None}
    assert [one["id"] for one in first["data"] + second["data"]] == made[::-1]
    assert list(first["data"][0]) == [
        "id",
        "name",
        "status",
        "totalCount",
        "sentCount",
        "failedCount",
        "templateId",
        "createdAt",
        "updatedAt",
    ]


async def test_the_list_is_narrowed_to_a_status(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await post(gateway, tenant)).body["data"]["id"]

    completed = (await call(gateway, tenant, "GET", "?status=completed")).body
    failed = (await call(gateway, tenant, "GET", "?status=failed")).body

    assert [one["id"] for one in completed["data"]] == [made]
    assert failed == {"data": [], "meta": {"count": 0, "hasMore": False, "nextCursor": None}}


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("?limit=0", ["limit"]),
        ("?limit=101", ["limit"]),
        ("?limit=-1", ["limit"]),
        ("?limit=1.0", ["limit"]),
        ("?limit=%EF%BC%91", ["limit"]),
        ("?limit=", ["limit"]),
        ("?status=COMPLETED", ["status"]),
        ("?status=done&limit=x", ["limit", "status"]),
        ("?cursor=nonsense", ["cursor"]),
        ("?cursor=", ["cursor"]),
        ("?cursor=%ff", ["cursor"]),
        ("?status=failed&status=failed", ["status"]),
        ("?staus=failed", ["staus"]),
    ],
)
async def test_query_parameters_are_checked(
    gateway: RunningGateway, tenant: Tenant, query: str, fields: list[str]
) -> None:
    reply = await call(gateway, tenant, "GET", query)

    assert field_errors(reply) == [(field, "BAD_USER_INPUT") for field in fields]
    assert "after" not in reply.body["detail"]


async def test_a_cursor_of_another_list_is_refused(gateway: RunningGateway, tenant: Tenant) -> None:
    for _ in range(2):
        await post(gateway, tenant)
    cursor = (await call(gateway, tenant, "GET", "?limit=1")).body["meta"]["nextCursor"]

    assert field_errors(await call(gateway, tenant, "GET", f"?status=completed&cursor={cursor}")) == [
        ("cursor", "BAD_USER_INPUT")
    ]


async def test_a_delete_leaves_nothing(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await post(gateway, tenant)).body["data"]["id"]

    deleted = await call(gateway, tenant, "DELETE", f"/{made}")

    assert (deleted.status, deleted.body) == (204, None)
    assert problem(await call(gateway, tenant, "DELETE", f"/{made}")) == "not-found"
    assert problem(await call(gateway, tenant, "GET", f"/{made}")) == "not-found"
    assert (await call(gateway, tenant, "GET")).body["data"] == []


async def test_what_is_not_mine_does_not_exist(gateway: RunningGateway, tenant: Tenant, pool: Pool) -> None:
    other = await new_tenant(pool, name="Other")
    foreign = (await post(gateway, other)).body["data"]["id"]

    for path in (f"/{foreign}", f"/{UNKNOWN_ID}", "/nonsense", f"/{tenant.template_id}", "/%00", "/%ff", "/bs_{}"):
        for method in ("GET", "DELETE"):
            reply = await call(gateway, tenant, method, path)
            assert (reply.status, problem(reply)) == (404, "not-found"), path
    assert (await call(gateway, other, "GET", f"/{foreign}")).status == 200


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


async def test_a_key_is_needed(gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool)
    for authorization in (None, "Bearer isk_nonsense", f"Basic {tenant.key}", f"Bearer isk_{'x' * 44}"):
        headers = {"Authorization": authorization} if authorization else {}
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/nonsense"), ("DELETE", f"/{UNKNOWN_ID}")):
            reply = await call(gateway, None, method, path, headers=headers)
            assert (reply.status, problem(reply)) == (401, "unauthenticated")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", "bulk_sends.read"),
        ("GET", "/nonsense", "bulk_sends.read"),
        ("POST", "", "bulk_sends.create"),
        ("DELETE", "/nonsense", "bulk_sends.delete"),
    ],
)
async def test_a_scope_is_needed(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, method: str, path: str, scope: str
) -> None:
    others = {"bulk_sends.read", "bulk_sends.create", "bulk_sends.delete", "documents.*", "templates.*"} - {scope}
    without = Tenant(tenant.organization_id, await new_api_key(pool, tenant.organization_id, *others), "")
    with_it = Tenant(tenant.organization_id, await new_api_key(pool, tenant.organization_id, scope), "")

    refused = await call(gateway, without, method, path)

    assert (refused.status, problem(refused)) == (403, "forbidden")
    assert refused.body["requiredScope"] == scope
    assert (await call(gateway, with_it, method, path)).status in (200, 404, 415)


async def test_a_scope_is_refused_before_the_request_rate(pool: Pool, dsn: str, sink: SmtpSink) -> None:
    tenant = await new_tenant(pool, "bulk_sends.read")
    async with running_gateway(dsn, sink.url, delivery=False, requests_per_minute=1) as gateway:
        await call(gateway, tenant, "GET")
        too_many = await call(gateway, tenant, "GET", "?limit=nonsense")
        no_scope = await call(gateway, tenant, "POST")

    assert (too_many.status, problem(too_many)) == (429, "too-many-requests")
    assert int(too_many.headers["Retry-After"]) >= 1
    assert (no_scope.status, no_scope.headers["RateLimit-Remaining"]) == (403, "0")


async def test_every_response_tells_the_rate_and_a_request_id(gateway: RunningGateway, tenant: Tenant) -> None:
    replies = [
        await call(gateway, tenant, "GET"),
        await call(gateway, tenant, "POST", data=b"{"),
        await call(gateway, tenant, "GET", "/nonsense"),
        await post(gateway, tenant),
    ]

    for reply in replies:
        assert reply.headers["RateLimit-Limit"] == "1000000"
        assert 0 < int(reply.headers["RateLimit-Reset"]) <= 60
        assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["X-Request-Id"])
    remaining = [int(reply.headers["RateLimit-Remaining"]) for reply in replies]
    assert remaining == sorted(remaining, reverse=True)
    kept = await call(gateway, tenant, "GET", headers={"X-Request-Id": "mine-1"})
    replaced = await call(gateway, tenant, "GET", headers={"X-Request-Id": "not mine"})
    assert kept.headers["X-Request-Id"] == "mine-1"
    assert replaced.headers["X-Request-Id"] != "not mine"


@pytest.mark.parametrize(
    ("path", "wrong", "allowed"),
    [
        ("", "DELETE", {"GET", "HEAD", "OPTIONS", "POST"}),
        (f"/{UNKNOWN_ID}", "PUT", {"DELETE", "GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_methods(gateway: RunningGateway, tenant: Tenant, path: str, wrong: str, allowed: set[str]) -> None:
    refused = await call(gateway, tenant, wrong, path)
    options = await call(gateway, None, "OPTIONS", path)

    assert (refused.status, problem(refused)) == (405, "method-not-allowed")
    assert set(re.split(r",\s*", refused.headers["Allow"])) == allowed
    assert (options.status, set(options.headers["Allow"].split(", "))) == (204, allowed)


async def test_head_is_get_without_its_body(gateway: RunningGateway, tenant: Tenant) -> None:
    made = (await post(gateway, tenant)).body["data"]["id"]
    for path in ("", f"/{made}", "/nonsense"):
        get = await call(gateway, tenant, "GET", path)
        head = await call(gateway, tenant, "HEAD", path)
        assert (head.status, head.body) == (get.status, None)
        assert head.headers["Content-Length"] == get.headers["Content-Length"]
        assert head.headers["Content-Type"] == get.headers["Content-Type"]


async def test_everything_under_api_is_a_problem(gateway: RunningGateway, tenant: Tenant) -> None:
    for path in ("/", "/x/y"):
        reply = await call(gateway, tenant, "GET", path)
        assert (reply.status, problem(reply)) == (404, "not-found")


async def test_what_nobody_expected_is_masked(
    gateway: RunningGateway, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    await create(gateway, tenant)
    await gateway.pool.execute("ALTER TABLE bulk_sends RENAME TO moved")
    try:
        reply = await call(gateway, tenant, "GET")
    finally:
        await gateway.pool.execute("ALTER TABLE moved RENAME TO bulk_sends")

    assert (reply.status, problem(reply)) == (500, "internal-error")
    assert reply.body["requestId"] == reply.headers["X-Request-Id"]
    assert reply.body["requestId"] in reply.body["detail"]
    assert "moved" not in json.dumps(reply.body)
    assert "relation" not in json.dumps(reply.body)
