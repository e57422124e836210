"""Fields that the signer fills in on the page."""

from typing import Any

import pytest
from support.gateway import RunningGateway, Tenant
from support.signing import document_status, document_uuid, events_of, open_form, post_form, signing_path

from bulksend.db.pool import Pool

CREATE_TEMPLATE = """
mutation($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } userErrors { message } } }
"""
CREATE = """
mutation($input: CreateBulkSendInput!) {
  createBulkSend(input: $input) { bulkSend { documents { nodes { id } } } userErrors { code field message } }
}
"""
BODY = "Size {{ values.size }}, from {{ values.start }}, home: {{ values.remote }}, {{ values.remarks }}."


@pytest.fixture
def gateway(delivering_gateway: RunningGateway) -> RunningGateway:
    """A gateway whose creates wait until their mail was sent."""
    return delivering_gateway


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "filledBy": "SIGNER", **more}


FIELDS = [
    field("size", "CHOICE", choices=["S", "M"], label="Shirt size"),
    field("start", "DATE", minimum="2026-01-01"),
    field("remote", "CHECKBOX", required=False),
    field("remarks", "MULTILINE_TEXT", required=False, maxLength=20),
]


@pytest.fixture
async def document_id(gateway: RunningGateway, tenant: Tenant) -> str:
    given = {"name": "Welcome", "body": BODY, "fields": FIELDS}
    payload = (await gateway.ask(tenant, CREATE_TEMPLATE, {"input": given})).data["createTemplate"]
    assert payload["userErrors"] == []
    signers = [{"name": "Ann", "email": "ann@example.com"}]
    given = {"templateId": payload["template"]["id"], "name": "Spring", "signers": signers}
    payload = (await gateway.ask(tenant, CREATE, {"input": given})).data["createBulkSend"]
    assert payload["userErrors"] == []
    (document,) = payload["bulkSend"]["documents"]["nodes"]
    return str(document["id"])


@pytest.fixture
async def path(gateway: RunningGateway, tenant: Tenant, document_id: str) -> str:
    return await signing_path(gateway, tenant, document_id)


async def test_what_the_signer_fills_in_is_signed(
    gateway: RunningGateway, pool: Pool, path: str, document_id: str
) -> None:
    form = await open_form(gateway, path)
    assert "Size \u2009____" in form.page.body
    filled = {"field-size": "M", "field-start": "2026-12-01", "field-remote": "true", "field-remarks": "a <b>"}
    assert (await post_form(gateway, path, form.signed("Ann", **filled))).status == 303
    page = (await gateway.get(path)).body
    assert "Size M, from 2026-12-01, home: ☑, a &lt;b&gt;." in page
    signed = (await events_of(pool, document_uuid(document_id)))[-1].details
    assert signed["document_sha256"] in page
    assert signed["document_sha256"] != form.hidden["document_sha256"]
    assert [signed[f"field_{number}"] for number in range(1, 5)] == [
        "remarks=a <b>",
        "remote=true",
        "size=M",
        "start=2026-12-01",
    ]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("size", "", "Enter: Shirt size"),
        ("size", "XL", "Check what you entered for: Shirt size"),
        ("start", "tomorrow", "Check what you entered for: Start (a date, such as 2026-05-28, at least 2026-01-01)"),
        ("start", "2025-12-31", "Check what you entered for: Start"),
        ("remarks", "x" * 21, "Check what you entered for: Remarks (at most 20 characters, optional)"),
        ("remarks", "a\x00b", "Check what you entered for: Remarks"),
    ],
)
async def test_what_breaks_a_rule_is_told_and_kept(
    gateway: RunningGateway, pool: Pool, path: str, document_id: str, name: str, value: str, told: str
) -> None:
    form = await open_form(gateway, path)
    filled = {"field-size": "M", "field-start": "2026-12-01", f"field-{name}": value}
    reply = await post_form(gateway, path, form.signed("Ann", **filled))
    assert reply.status == 422
    assert f'<a href="#field-{name}">' in reply.body
    assert told in reply.body
    assert 'value="Ann"' in reply.body
    assert await document_status(pool, document_uuid(document_id)) == "pending"
