"""Templates through the API: created, previewed, sent with typed values, archived."""

import asyncio
import base64
import importlib
import threading
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from support.gateway import RunningGateway, Tenant, create, new_api_key
from support.pdf_text import opened, shown
from support.smtp.sink import SmtpSink

CREATE_TEMPLATE = """
mutation($input: CreateTemplateInput!) {
  createTemplate(input: $input) {
    template {
      id name description body mergeFields jsonSchema archivedAt
      fields { name type label filledBy required default minLength maxLength minimum maximum choices }
    }
    userErrors { code field message }
  }
}
"""
ARCHIVE = """
mutation($id: ID!) { archiveTemplate(input: {id: $id}) { template { id archivedAt } userErrors { code field } } }
"""
PREVIEW = """
mutation($input: PreviewTemplateInput!) {
  previewTemplate(input: $input) { preview { html fields { name } } userErrors { code field message } }
}
"""
PREVIEW_PDF = "mutation($input: PreviewTemplateInput!) { previewTemplate(input: $input) { preview { pdf } } }"
BODY = "# Lease\n\n{{ signer.name }} rents {{ values.flat }} from {{ values.start }}: {{ values.pets }}\n"
FIELDS = [
    {"name": "start", "type": "DATE", "label": "First day", "minimum": "2026-01-01"},
    {"name": "pets", "type": "CHECKBOX", "required": False},
]


async def new_template(gateway: RunningGateway, tenant: Tenant, **more: Any) -> Any:
    given = {"name": "Lease", "body": BODY, "fields": FIELDS, **more}
    reply = await gateway.ask(tenant, CREATE_TEMPLATE, {"input": given})
    return reply.data["createTemplate"]


async def test_a_template_is_created_with_its_fields(gateway: RunningGateway, tenant: Tenant) -> None:
    created = await new_template(gateway, tenant, description="For flats")
    assert created["userErrors"] == []
    template = created["template"]
    assert (template["name"], template["description"], template["body"]) == ("Lease", "For flats", BODY)
    assert template["mergeFields"] == ["flat", "start", "pets"]
    assert [(field["name"], field["type"], field["filledBy"]) for field in template["fields"]] == [
        ("flat", "TEXT", "SENDER"),
        ("start", "DATE", "SENDER"),
        ("pets", "CHECKBOX", "SENDER"),
    ]
    assert template["jsonSchema"]["required"] == ["flat", "start"]
    assert jsonschema_rs.meta.is_valid(template["jsonSchema"])
    listed = await gateway.ask(tenant, "{ templates { nodes { id fields { label } } } }")
    assert listed.data["templates"]["nodes"][0] == {
        "id": template["id"],
        "fields": [{"label": None}, {"label": "First day"}, {"label": None}],
    }


async def test_every_problem_of_a_template_is_told(gateway: RunningGateway, tenant: Tenant) -> None:
    created = await new_template(gateway, tenant, name="", fields=[{"name": "start", "type": "DATE", "maxLength": 3}])
    assert created == {
        "template": None,
        "userErrors": [{"code": "TOO_SHORT", "field": ["name"], "message": "name must not be empty"}],
    }
    created = await new_template(gateway, tenant, fields=[{"name": "start", "type": "DATE", "maxLength": 3}])
    assert created["userErrors"] == [
        {
            "code": "INVALID_VALUE",
            "field": ["fields", "0", "maxLength"],
            "message": "maxLength of start is for text only",
        }
    ]
    created = await new_template(gateway, tenant, body="{{ nonsense }}", fields=None)
    assert (created["userErrors"][0]["code"], created["userErrors"][0]["field"]) == ("INVALID_TEMPLATE", ["body"])


async def test_values_are_checked_by_their_fields(gateway: RunningGateway, tenant: Tenant, sink: SmtpSink) -> None:
    template = (await new_template(gateway, tenant))["template"]
    signers = [
        {"name": "Alice", "email": "alice@example.com", "values": [{"field": "flat", "value": "12 B"}]},
        {
            "name": "Bob",
            "email": "bob@example.com",
            "values": [{"field": "flat", "value": "12 B"}, {"field": "start", "value": "1 May"}],
        },
    ]
    refused = await create(gateway, tenant, templateId=template["id"], signers=signers)
    assert [(error["code"], error["field"], error["message"]) for error in refused["userErrors"]] == [
        (
            "MISSING_VALUE",
            ["signers", "0", "values"],
            "values must have start, which the template's text asks for",
        ),
        (
            "INVALID_VALUE",
            ["signers", "1", "values", "1", "value"],
            "start must be a date like 2026-05-28",
        ),
    ]
    for signer in signers:
        signer["values"] = [{"field": "flat", "value": "12 B"}, {"field": "start", "value": "2026-05-01"}]
    sent = await create(gateway, tenant, templateId=template["id"], signers=signers)
    assert (sent["userErrors"], sent["bulkSend"]["sentCount"]) == ([], 2)
    stored = await gateway.pool.fetchval("SELECT signer_values::text FROM documents LIMIT 1")
    assert stored == '{"flat": "12 B", "pets": "false", "start": "2026-05-01"}'


async def test_an_archived_template_is_not_listed_nor_sent_but_still_read(
    gateway: RunningGateway, tenant: Tenant
) -> None:
    sent = await create(gateway, tenant, idempotencyKey="before")
    archived = (await gateway.ask(tenant, ARCHIVE, {"id": tenant.template_id})).data["archiveTemplate"]
    assert archived["userErrors"] == []
    again = (await gateway.ask(tenant, ARCHIVE, {"id": tenant.template_id})).data["archiveTemplate"]
    assert again == archived
    read = await gateway.ask(
        tenant,
        "query($id: ID!) { templates { totalCount nodes { id } } template(id: $id) { archivedAt } bulkSends { nodes { "
        "template { id archivedAt } } } }",
        {"id": tenant.template_id},
    )
    assert read.data["templates"] == {"totalCount": 0, "nodes": []}
    assert read.data["template"] == {"archivedAt": archived["template"]["archivedAt"]}
    assert read.data["bulkSends"]["nodes"][0]["template"] == archived["template"]
    refused = await create(gateway, tenant)
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("NOT_FOUND", ["templateId"])]
    replayed = await create(gateway, tenant, idempotencyKey="before")
    assert (replayed["replayed"], replayed["bulkSend"]["id"]) == (True, sent["bulkSend"]["id"])


@pytest.mark.parametrize("template_id", ["tpl_unknown", "bs_01h455vb4pex5vsknk084sn02q"])
async def test_what_is_not_there_cannot_be_archived(gateway: RunningGateway, tenant: Tenant, template_id: str) -> None:
    archived = (await gateway.ask(tenant, ARCHIVE, {"id": template_id})).data["archiveTemplate"]
    assert archived == {"template": None, "userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]}


async def test_a_preview_fills_what_is_not_given(gateway: RunningGateway, tenant: Tenant) -> None:
    given = {"body": BODY, "fields": FIELDS, "signerName": "<Zoë>", "values": [{"field": "flat", "value": "*12*"}]}
    previewed = (await gateway.ask(tenant, PREVIEW, {"input": given})).data["previewTemplate"]
    assert previewed["userErrors"] == []
    assert previewed["preview"]["html"] == "<h1>Lease</h1>\n<p>&lt;Zoë&gt; rents *12* from 2026-05-28: ☑</p>\n"
    stored = (await gateway.ask(tenant, PREVIEW, {"input": {"templateId": tenant.template_id}})).data
    assert "Alice Johnson" in stored["previewTemplate"]["preview"]["html"]
    assert await gateway.pool.fetchval("SELECT count(*) FROM templates") == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, ("REQUIRED", ["body"])),
        ({"body": "x", "templateId": "tpl_x"}, ("REQUIRED", ["body"])),
        ({"templateId": "tpl_x"}, ("NOT_FOUND", ["templateId"])),
        ({"body": "{{ x }}"}, ("INVALID_TEMPLATE", ["body"])),
        (
            {"body": BODY, "fields": FIELDS, "values": [{"field": "start", "value": "May"}]},
            ("INVALID_VALUE", ["values"]),
        ),
    ],
)
async def test_a_preview_that_cannot_be(
    gateway: RunningGateway, tenant: Tenant, given: dict[str, Any], error: tuple[str, list[str]]
) -> None:
    previewed = (await gateway.ask(tenant, PREVIEW, {"input": given})).data["previewTemplate"]
    assert [(found["code"], found["field"]) for found in previewed["userErrors"]] == [error]


async def test_scopes_of_templates(gateway: RunningGateway, tenant: Tenant) -> None:
    reader = Tenant(
        tenant.organization_id,
        await new_api_key(gateway.pool, tenant.organization_id, "templates.read"),
        tenant.template_id,
    )
    refused = await gateway.ask(reader, CREATE_TEMPLATE, {"input": {"name": "x", "body": "x"}})
    assert refused.body["data"] == {"createTemplate": None}
    assert refused.error["extensions"] == {**refused.error["extensions"], "requiredScope": "templates.write"}
    refused = await gateway.ask(reader, ARCHIVE, {"id": tenant.template_id})
    assert refused.error["extensions"]["code"] == "FORBIDDEN"
    assert (await gateway.ask(reader, PREVIEW, {"input": {"body": "x"}})).data["previewTemplate"]["preview"]


@pytest.mark.parametrize(
    ("module", "name", "mutation", "given"),
    [
        ("preview_template", "render", PREVIEW, {"body": "Text"}),
        ("templates", "validate_template", CREATE_TEMPLATE, {"name": "Lease", "body": "Text"}),
    ],
)
async def test_others_are_answered_while_a_template_is_parsed(
    gateway: RunningGateway,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    name: str,
    mutation: str,
    given: dict[str, str],
) -> None:
    path = f"bulksend.resolvers.{module}"
    slow = Slow(getattr(importlib.import_module(path), name))
    monkeypatch.setattr(f"{path}.{name}", slow)
    asking = asyncio.create_task(gateway.ask(tenant, mutation, {"input": given}))
    assert await asyncio.to_thread(slow.begun.wait, 10)
    assert (await gateway.ask(tenant, "{ viewer { organization { name } } }")).data["viewer"]
    slow.may_end.set()
    (payload,) = (await asking).data.values()
    assert payload["userErrors"] == []


class Slow:
    """A function that signals its start and then waits until the test lets it continue."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.begun.set()
        assert self.may_end.wait(10)
        return self._function(*given, **named)


async def test_a_preview_as_pdf(gateway: RunningGateway, tenant: Tenant) -> None:
    given = {
        "body": BODY,
        "fields": FIELDS,
        "signerName": "Grace Hopper",
        "values": [{"field": "flat", "value": "7 C"}],
    }
    reply = await gateway.ask(tenant, PREVIEW_PDF, {"input": given})
    data = base64.b64decode(reply.data["previewTemplate"]["preview"]["pdf"], validate=True)
    with opened(data) as pdf:
        assert (len(pdf.pages), list(pdf.attachments), str(pdf.docinfo["/Title"])) == (1, [], "Preview")
    text = shown(data)
    assert "Grace Hopper rents 7 C from 2026-05-28" in text
    assert "Certificate" not in text
