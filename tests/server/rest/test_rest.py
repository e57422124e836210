"""The REST API: responses match the page of samples, field by field."""

import re

import pytest
from support.gateway import RunningGateway, Tenant, new_tenant, signers
from support.rest import PATH, UNKNOWN_ID, call, field_errors, post, problem

from bulksend.db.pool import Pool

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def gateway(delivering_gateway: RunningGateway) -> RunningGateway:
    """A gateway whose creates wait until their mail was sent."""
    return delivering_gateway


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
