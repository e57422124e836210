"""Every query over HTTP: what it returns, what it leaves out, and isolation between organizations."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.gateway import RunningGateway, Tenant, create, new_template, new_tenant
from support.stored_bulk_sends import Stored, delete, mark_failed, mark_sent, move_to, nodes, store

from bulksend.db import ids
from bulksend.db.pool import Pool

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

BULK_SEND = "query($id: ID!) { bulkSend(id: $id) { id name } }"
EVERY_READ = """
query($bulkSend: ID!, $document: ID!, $template: ID!, $all: [ID!]!) {
  bulkSend(id: $bulkSend) { id }
  document(id: $document) { id }
  template(id: $template) { id }
  bulk: node(id: $bulkSend) { id }
  doc: node(id: $document) { id }
  tpl: node(id: $template) { id }
  nodes(ids: $all) { id }
  bulkSends { totalCount nodes { id } }
  documents { totalCount nodes { id } }
  templates { totalCount nodes { id } }
  ofTemplate: bulkSends(templateId: $template) { totalCount nodes { id } }
  rateLimit { lastBulkSend { id } }
}
"""


async def ask_all(gateway: RunningGateway, asker: Tenant, owner: Tenant, stored: Stored) -> Any:
    wanted = {"bulkSend": stored.id, "document": stored.document_ids[0], "template": owner.template_id}
    variables = wanted | {"all": list(wanted.values())}
    return (await gateway.ask(asker, EVERY_READ, variables)).data


async def found(gateway: RunningGateway, tenant: Tenant, arguments: str) -> Any:
    """Return the names of the bulk sends that match a filter; `totalCount` must agree."""
    reply = await gateway.ask(tenant, f"{{ bulkSends({arguments}) {{ totalCount nodes {{ name }} }} }}")
    connection = reply.data["bulkSends"]
    assert connection["totalCount"] == len(connection["nodes"])
    return nodes(connection, "name")


async def found_documents(gateway: RunningGateway, tenant: Tenant, arguments: str) -> Any:
    reply = await gateway.ask(tenant, f"{{ documents({arguments}) {{ totalCount nodes {{ id }} }} }}")
    connection = reply.data["documents"]
    assert connection["totalCount"] == len(connection["nodes"])
    return nodes(connection)


async def test_viewer_tells_organization_and_key(gateway: RunningGateway, tenant: Tenant) -> None:
    query = "{ viewer { organization { id name } apiKey { id name scopes expiresAt } } }"
    viewer = (await gateway.ask(tenant, query)).data["viewer"]

    assert viewer["organization"] == {"id": ids.encode(ids.ORGANIZATION, tenant.organization_id), "name": "Acme"}
    assert viewer["apiKey"] | {"id": ""} == {"id": "", "name": "Test key", "scopes": ["*"], "expiresAt": None}
    again = await gateway.ask(
        tenant,
        "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }",
        {"ids": [viewer["organization"]["id"], viewer["apiKey"]["id"]]},
    )
    assert again.data["nodes"] == [
        {"__typename": "Organization", "id": viewer["organization"]["id"]},
        {"__typename": "ApiKey", "id": viewer["apiKey"]["id"]},
    ]


async def test_a_sent_bulk_send_in_full(delivering_gateway: RunningGateway, tenant: Tenant) -> None:
    payload = await create(delivering_gateway, tenant, 2, emailMessage="Please.", externalId="crm-7")
    reply = await delivering_gateway.ask(
        tenant,
        """query($id: ID!) { bulkSend(id: $id) {
             id name status emailMessage externalId totalCount sentCount failedCount pendingCount templateId
             template { id name description body mergeFields createdAt } createdAt updatedAt
             documents { totalCount nodes {
               id signerIndex externalId status signingUrl viewedAt signedAt declinedAt expiresAt createdAt updatedAt
               signer { name email phone } bulkSend { id } template { id }
               delivery { status attempts sentAt failedAt nextAttemptAt error { code message smtpCode } }
             } } } }""",
        {"id": payload["bulkSend"]["id"]},
    )

    found = reply.data["bulkSend"]
    assert TIME.fullmatch(found["createdAt"])
    assert TIME.fullmatch(found["updatedAt"])
    assert TIME.fullmatch(found["template"].pop("createdAt"))
    connection = found.pop("documents")
    assert found | {"createdAt": "", "updatedAt": ""} == {
        "id": payload["bulkSend"]["id"],
        "name": "Q3 Vendor Agreements",
        "status": "COMPLETED",
        "emailMessage": "Please.",
        "externalId": "crm-7",
        "totalCount": 2,
        "sentCount": 2,
        "failedCount": 0,
        "pendingCount": 0,
        "templateId": tenant.template_id,
        "template": {
            "id": tenant.template_id,
            "name": "Agreement",
            "description": None,
            "body": "# Agreement\n\nBetween us and {{ signer.name }}.\n",
            "mergeFields": [],
        },
        "createdAt": "",
        "updatedAt": "",
    }
    assert connection["totalCount"] == 2
    first, second = connection["nodes"]
    assert (first["signerIndex"], second["signerIndex"]) == (0, 1)
    assert first["signer"] == {"name": "Signer 0", "email": "signer0@example.com", "phone": None}
    assert first["bulkSend"] == {"id": found["id"]}
    assert first["template"] == {"id": tenant.template_id}
    assert first["signingUrl"].startswith("http://sign.example.com/sign/")
    assert first["signingUrl"] != second["signingUrl"]
    assert TIME.fullmatch(first["delivery"].pop("sentAt"))
    assert first["delivery"] == {
        "status": "SENT",
        "attempts": 1,
        "failedAt": None,
        "nextAttemptAt": None,
        "error": None,
    }
    absent = ("externalId", "viewedAt", "signedAt", "declinedAt", "expiresAt")
    assert [first[name] for name in absent] == [None] * 5
    assert first["status"] == "PENDING"


async def test_a_failed_delivery_tells_why(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant)
    await mark_failed(pool, stored, 0)
    reply = await gateway.ask(
        tenant,
        "query($id: ID!) { document(id: $id) { delivery { status failedAt error { code message smtpCode } } } }",
        {"id": stored.document_ids[0]},
    )
    delivery = reply.data["document"]["delivery"]
    assert TIME.fullmatch(delivery["failedAt"])
    assert delivery["status"] == "FAILED"
    assert delivery["error"] == {
        "code": "MAILBOX_UNAVAILABLE",
        "message": "5.1.1 No such user",
        "smtpCode": 550,
    }


async def test_rate_limit_tells_where_the_key_stands(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    query = "{ rateLimit { nextBulkSendAt limit remaining resetAt lastBulkSend { id } } }"
    before = (await gateway.ask(tenant, query)).data["rateLimit"]
    assert TIME.fullmatch(before.pop("resetAt"))
    assert before == {"nextBulkSendAt": None, "limit": 1_000_000, "remaining": 999_999, "lastBulkSend": None}

    await store(pool, tenant)
    newest = await store(pool, tenant)
    after = (await gateway.ask(tenant, query)).data["rateLimit"]
    assert after["lastBulkSend"] == {"id": newest.id}
    assert after["remaining"] == 999_998


async def test_node_finds_every_type(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant)
    wanted = [tenant.template_id, stored.id, stored.document_ids[0], stored.id]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    reply = await gateway.ask(tenant, query, {"ids": wanted})
    assert reply.data["nodes"] == [
        {"__typename": "Template", "id": wanted[0]},
        {"__typename": "BulkSend", "id": wanted[1]},
        {"__typename": "Document", "id": wanted[2]},
        {"__typename": "BulkSend", "id": wanted[3]},
    ]
    for node in reply.data["nodes"]:
        one = await gateway.ask(tenant, "query($id: ID!) { node(id: $id) { __typename id } }", {"id": node["id"]})
        assert one.data["node"] == node


NO_IDS = [
    "",
    "bs_",
    "nonsense",
    "bs_01h455vb4pex5vsknk084sn02q",
    "tpl_01h455vb4pex5vsknk084sn02q",
    "doc_01h455vb4pex5vsknk084sn02q",
    "org_01h455vb4pex5vsknk084sn02q",
    "key_01h455vb4pex5vsknk084sn02q",
    "xyz_01h455vb4pex5vsknk084sn02q",
    "bs_7zzzzzzzzzzzzzzzzzzzzzzzzz",
    "bs_00000000000000000000000000",
    "bs_01h455vb4pex5vsknk084sn02\0",
    "bs_01h455vb4pex5vsknk084sn02\ud800",
    "b" * 10_000,
]


@pytest.mark.parametrize("text", NO_IDS, ids=range(len(NO_IDS)))
async def test_an_id_of_nothing_finds_nothing(gateway: RunningGateway, tenant: Tenant, text: str) -> None:
    reply = await gateway.ask(
        tenant,
        """query($id: ID!) { bulkSend(id: $id) { id } document(id: $id) { id } template(id: $id) { id }
             node(id: $id) { id } nodes(ids: [$id]) { id } bulkSends(templateId: $id) { totalCount } }""",
        {"id": text},
    )
    if "\ud800" in text or "\0" in text:
        # Such a text may be refused before any lookup, but never with an internal error.
        assert "INTERNAL" not in str(reply.body)
        return
    assert reply.data == {
        "bulkSend": None,
        "document": None,
        "template": None,
        "node": None,
        "nodes": [None],
        "bulkSends": {"totalCount": 0},
    }


async def test_an_id_of_another_type_finds_nothing(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant)
    assert (await gateway.ask(tenant, BULK_SEND, {"id": tenant.template_id})).data == {"bulkSend": None}
    assert (await gateway.ask(tenant, BULK_SEND, {"id": stored.document_ids[0]})).data == {"bulkSend": None}
    swapped = stored.id.replace("bs_", "doc_")
    reply = await gateway.ask(tenant, "query($id: ID!) { document(id: $id) { id } }", {"id": swapped})
    assert reply.data == {"document": None}


async def test_nodes_takes_100_ids_and_no_more(gateway: RunningGateway, tenant: Tenant) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    reply = await gateway.ask(tenant, query, {"ids": [tenant.template_id] * 100})
    assert reply.data["nodes"] == [{"id": tenant.template_id}] * 100
    reply = await gateway.ask(tenant, query, {"ids": []})
    assert reply.data["nodes"] == []
    refused = await gateway.ask(tenant, query, {"ids": [tenant.template_id] * 101})
    assert refused.error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["ids"]}


async def test_what_belongs_to_someone_else_does_not_exist(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 2)
    own = await ask_all(gateway, tenant, tenant, stored)
    assert None not in own["nodes"]
    assert own["bulkSends"] == {"totalCount": 1, "nodes": [{"id": stored.id}]}
    assert own["rateLimit"] == {"lastBulkSend": {"id": stored.id}}

    stranger = await new_tenant(pool)
    assert await ask_all(gateway, stranger, tenant, stored) == {
        **dict.fromkeys(("bulkSend", "document", "template", "bulk", "doc", "tpl")),
        "nodes": [None, None, None],
        "bulkSends": {"totalCount": 0, "nodes": []},
        "documents": {"totalCount": 0, "nodes": []},
        "templates": {"totalCount": 1, "nodes": [{"id": stranger.template_id}]},
        "ofTemplate": {"totalCount": 0, "nodes": []},
        "rateLimit": {"lastBulkSend": None},
    }


async def test_another_organization_and_key_are_no_nodes(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stranger = await new_tenant(pool)
    query = "{ viewer { organization { id } apiKey { id } } }"
    viewer = (await gateway.ask(stranger, query)).data["viewer"]
    reply = await gateway.ask(
        tenant,
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        {"ids": [viewer["organization"]["id"], viewer["apiKey"]["id"]]},
    )
    assert reply.data["nodes"] == [None, None]


async def test_a_deleted_bulk_send_is_gone_from_every_read(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 2)
    await delete(pool, tenant, stored)
    assert await ask_all(gateway, tenant, tenant, stored) == {
        **dict.fromkeys(("bulkSend", "document", "bulk", "doc")),
        "template": {"id": tenant.template_id},
        "tpl": {"id": tenant.template_id},
        "nodes": [None, None, {"id": tenant.template_id}],
        "bulkSends": {"totalCount": 0, "nodes": []},
        "documents": {"totalCount": 0, "nodes": []},
        "templates": {"totalCount": 1, "nodes": [{"id": tenant.template_id}]},
        "ofTemplate": {"totalCount": 0, "nodes": []},
        "rateLimit": {"lastBulkSend": None},
    }


async def test_last_bulk_send_skips_a_deleted_one(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    kept = await store(pool, tenant)
    await delete(pool, tenant, await store(pool, tenant))
    reply = await gateway.ask(tenant, "{ rateLimit { lastBulkSend { id } } }")
    assert reply.data["rateLimit"]["lastBulkSend"] == {"id": kept.id}


async def test_bulk_sends_are_newest_first(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = [await store(pool, tenant) for _ in range(3)]
    reply = await gateway.ask(tenant, "{ bulkSends { nodes { id } } }")
    assert nodes(reply.data["bulkSends"]) == [one.id for one in reversed(stored)]


async def test_bulk_sends_by_status(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    await store(pool, tenant, 2, name="processing")
    mixed, lost = await store(pool, tenant, 2, name="completed"), await store(pool, tenant, 2, name="failed")
    await mark_sent(pool, mixed, 0)
    await mark_failed(pool, mixed, 1)
    await mark_failed(pool, lost, 0, 1)

    assert await found(gateway, tenant, "status: [PROCESSING]") == ["processing"]
    assert await found(gateway, tenant, "status: [COMPLETED]") == ["completed"]
    assert await found(gateway, tenant, "status: [FAILED, PROCESSING, FAILED]") == ["failed", "processing"]
    assert await found(gateway, tenant, "status: []") == []
    assert len(await found(gateway, tenant, "status: null")) == 3


async def test_bulk_sends_by_name(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    for name in ("Spring 50%_off", "SPRÄNG", "autumn"):
        await store(pool, tenant, name=name)

    assert await found(gateway, tenant, 'search: "sPr"') == ["SPRÄNG", "Spring 50%_off"]
    assert await found(gateway, tenant, 'search: "ä"') == ["SPRÄNG"]
    assert await found(gateway, tenant, 'search: "%_"') == ["Spring 50%_off"]
    assert await found(gateway, tenant, 'search: "a%n"') == []
    assert len(await found(gateway, tenant, 'search: ""')) == 3


async def test_bulk_sends_by_template_and_external_id(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    other = await new_template(pool, tenant.organization_id, name="Other")
    await store(pool, tenant, name="a", external_id="x")
    await store(pool, tenant, name="b", template_id=other, external_id="x")
    await store(pool, tenant, name="c", template_id=other)

    assert await found(gateway, tenant, f'templateId: "{other}"') == ["c", "b"]
    assert await found(gateway, tenant, 'externalId: "x"') == ["b", "a"]
    assert await found(gateway, tenant, f'externalId: "x", templateId: "{tenant.template_id}"') == ["a"]
    assert await found(gateway, tenant, 'externalId: "X"') == []
    assert await found(gateway, tenant, 'externalId: ""') == []


async def test_bulk_sends_by_time(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    moment = datetime.fromisoformat("2026-03-01T12:00:00.000+00:00")
    await move_to(pool, await store(pool, tenant, name="old"), moment)
    await store(pool, tenant, name="new")
    later = (moment + timedelta(milliseconds=1)).isoformat()

    assert await found(gateway, tenant, 'createdBefore: "2026-03-01T12:00:00.001Z"') == ["old"]
    assert await found(gateway, tenant, 'createdBefore: "2026-03-01T12:00:00Z"') == []
    assert await found(gateway, tenant, 'createdAfter: "2026-03-01T12:00:00Z"') == ["new", "old"]
    assert await found(gateway, tenant, 'createdAfter: "2026-03-01T14:00:00+02:00"') == ["new", "old"]
    assert await found(gateway, tenant, f'createdAfter: "{later}"') == ["new"]


NO_TIMES = [
    "yesterday",
    "",
    "2026-03-01",
    "2026-03-01T12:00:00",
    "2026-13-01T12:00:00Z",
    "2026-W10-1T12:00:00Z",
    "20260301T120000Z",
    "2026-03-01T12Z",
    "2026-03-01T24:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-03-01T12:00:00Z\0",
    "٢٠٢٦-03-01T12:00:00Z",
]


@pytest.mark.parametrize("text", NO_TIMES, ids=range(len(NO_TIMES)))
async def test_what_is_no_time_is_refused_unrepeated(gateway: RunningGateway, tenant: Tenant, text: str) -> None:
    query = "query($at: DateTime) { bulkSends(createdAfter: $at) { totalCount } }"
    reply = await gateway.ask(tenant, query, {"at": text})
    assert reply.error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not text or text not in reply.error["message"]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-03-01t12:00:00z"])
async def test_every_moment_can_be_asked_for(gateway: RunningGateway, tenant: Tenant, text: str) -> None:
    query = "query($at: DateTime) { bulkSends(createdAfter: $at) { totalCount } }"
    assert (await gateway.ask(tenant, query, {"at": text})).data == {"bulkSends": {"totalCount": 0}}


async def test_documents_by_signer(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    older = await store(pool, tenant, 2, email="Alice{}@Example.com")
    newer = await store(pool, tenant, 2, email="alice{}@example.com", document_external_id="d")

    assert await found_documents(gateway, tenant, 'signerEmail: "ALICE1@example.com"') == [
        newer.document_ids[1],
        older.document_ids[1],
    ]
    assert await found_documents(gateway, tenant, 'signerEmail: "alice1@example.com", externalId: "d"') == [
        newer.document_ids[1]
    ]
    assert await found_documents(gateway, tenant, 'externalId: "d"') == newer.document_ids
    assert await found_documents(gateway, tenant, 'signerEmail: "alice_@example.com"') == []


async def test_documents_by_bulk_send_template_and_time(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    other = await new_template(pool, tenant.organization_id, name="Other")
    oldest = await store(pool, tenant, 2, email="alice{}@example.com", template_id=other)
    middle = await store(pool, tenant, 3, email="alice{}@example.com", document_external_id="d")
    newest = await store(pool, tenant, 2, email="alice{}@example.com", template_id=other)
    moment = "2026-03-01T12:00:00Z"
    oldest = await move_to(pool, oldest, datetime.fromisoformat(moment))

    async def ids_of(arguments: str) -> Any:
        return await found_documents(gateway, tenant, arguments)

    assert await ids_of(f'bulkSendId: "{middle.id}"') == middle.document_ids
    assert await ids_of(f'bulkSendId: "{middle.id}", templateId: "{other}"') == []
    assert await ids_of(f'bulkSendId: "{middle.id}", signerEmail: "alice1@example.com"') == [middle.document_ids[1]]
    assert await ids_of(f'bulkSendId: "{middle.id}", externalId: "d", first: 500') == middle.document_ids
    assert await ids_of(f'templateId: "{other}"') == [*newest.document_ids, *oldest.document_ids]
    assert await ids_of(f'templateId: "{other}", signerEmail: "alice0@example.com"') == [
        newest.document_ids[0],
        oldest.document_ids[0],
    ]
    assert await ids_of(f'templateId: "{other}", externalId: "d"') == []
    assert await ids_of(f'createdBefore: "{moment}"') == []
    assert await ids_of('createdBefore: "2026-03-01T12:00:00.001Z"') == oldest.document_ids
    assert await ids_of(f'createdAfter: "{moment}", templateId: "{other}", last: 500') == [
        *newest.document_ids,
        *oldest.document_ids,
    ]
    assert await ids_of('createdAfter: "2026-03-01T12:00:00.001Z"') == [*newest.document_ids, *middle.document_ids]
    for nothing in ("x", tenant.template_id, "bs_01h455vb4pex5vsknk084sn02q"):
        assert await ids_of(f'bulkSendId: "{nothing}"') == []


async def test_documents_of_another_organizations_bulk_send_are_none(
    gateway: RunningGateway, pool: Pool, tenant: Tenant
) -> None:
    stranger = await new_tenant(pool, name="Other")
    theirs = await store(pool, stranger, 2)
    assert await found_documents(gateway, tenant, f'bulkSendId: "{theirs.id}"') == []
    assert await found_documents(gateway, tenant, f'templateId: "{stranger.template_id}"') == []


async def test_a_bulk_sends_documents_by_signer(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 12, email="alice{}@example.com")

    async def indexes(arguments: str) -> Any:
        query = (
            f'{{ bulkSend(id: "{stored.id}") {{ documents({arguments}) {{ totalCount nodes {{ signerIndex }} }} }} }}'
        )
        connection = (await gateway.ask(tenant, query)).data["bulkSend"]["documents"]
        assert connection["totalCount"] == len(connection["nodes"])
        return [node["signerIndex"] for node in connection["nodes"]]

    assert await indexes('signerEmail: "ALICE3@example.com"') == [3]
    assert await indexes('search: "SIGNER 1"') == [1, 10, 11]
    assert await indexes('search: "alice1"') == [1, 10, 11]
    assert await indexes('search: "alice1", signerEmail: "alice10@example.com"') == [10]
    assert await indexes('search: "alice1", status: [SIGNED]') == []
    assert await indexes('search: "%"') == []
    assert await indexes('last: 100, search: "1@"') == [1, 11]


async def test_documents_of_a_page_of_bulk_sends_by_signer(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    for name in ("Older", "Newer"):
        await store(pool, tenant, 2, name=name, email=f"{name.lower()}{{}}@example.com")
    query = '{ bulkSends { nodes { name documents(search: "newer1") { nodes { signerIndex } } } } }'
    assert (await gateway.ask(tenant, query)).data["bulkSends"]["nodes"] == [
        {"name": "Newer", "documents": {"nodes": [{"signerIndex": 1}]}},
        {"name": "Older", "documents": {"nodes": []}},
    ]


@pytest.mark.parametrize("argument", ["signerEmail", "search"])
async def test_what_no_signer_can_have_is_refused(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, argument: str
) -> None:
    stored = await store(pool, tenant, 1)
    query = (
        f'query($text: String) {{ bulkSend(id: "{stored.id}") {{ documents({argument}: $text) {{ totalCount }} }} }}'
    )
    error = (await gateway.ask(tenant, query, {"text": "x" * 1001})).body["errors"][0]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": [argument]}
    assert error["path"] == ["bulkSend", "documents"]


async def test_bulk_sends_oldest_first(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = [(await store(pool, tenant, name=name)).id for name in ("a", "b", "c", "d")]
    page = "edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"

    async def read(arguments: str) -> Any:
        reply = await gateway.ask(tenant, f"{{ bulkSends(orderBy: CREATED_AT_ASC, {arguments}) {{ {page} }} }}")
        connection = reply.data["bulkSends"]
        return [edge["node"]["id"] for edge in connection["edges"]], connection["pageInfo"]

    first, info = await read("first: 2")
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == (stored[:2], True, False)
    second, info = await read(f'first: 2, after: "{info["endCursor"]}"')
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == (stored[2:], False, True)
    back, info = await read(f'last: 1, before: "{info["startCursor"]}"')
    assert (back, info["hasNextPage"], info["hasPreviousPage"]) == ([stored[1]], True, True)
    last, _ = await read("last: 3")
    assert last == stored[1:]


async def test_the_cost_of_an_operation(gateway: RunningGateway, tenant: Tenant) -> None:
    for query in (
        "{ rateLimit { cost } }",
        "{ rateLimit { cost } bulkSends(first: 10) { nodes { documents(first: 20) { nodes { id } } } } }",
        "{ rateLimit { cost } bulkSends(first: 100) { nodes { id } } }",
    ):
        reply = await gateway.ask(tenant, query, headers={"X-GraphQL-Cost": "1"})
        assert reply.data["rateLimit"]["cost"] == reply.body["extensions"]["cost"]["requested"] > 0


@pytest.mark.parametrize("spelling", ["ann@bücher.example", "ann@BU\u0308CHER.example", "ann@xn--bcher-kva.example"])
async def test_documents_by_any_spelling_of_an_address(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, spelling: str
) -> None:
    created = await create(
        gateway, tenant, signers=[{"name": "Ann", "email": "ann@xn--bcher-kva.example"}], waitForDelivery=False
    )
    listed = f'{{ documents(signerEmail: "{spelling}") {{ nodes {{ bulkSend {{ id }} signer {{ email }} }} }} }}'
    assert (await gateway.ask(tenant, listed)).data["documents"]["nodes"] == [
        {"bulkSend": {"id": created["bulkSend"]["id"]}, "signer": {"email": "ann@bücher.example"}}
    ]


async def test_documents_are_in_their_signers_order_newest_bulk_send_first(
    gateway: RunningGateway, pool: Pool, tenant: Tenant
) -> None:
    older, newer = await store(pool, tenant, 3), await store(pool, tenant, 2)
    assert await found_documents(gateway, tenant, "first: 500") == newer.document_ids + older.document_ids


async def test_documents_by_state(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    stored = await store(pool, tenant, 4)
    await mark_sent(pool, stored, 0, 1)
    await mark_failed(pool, stored, 2)
    await pool.execute("UPDATE documents SET status = 'signed' WHERE signer_index = 0")
    first, second, third, fourth = stored.document_ids

    assert await found_documents(gateway, tenant, "deliveryStatus: [SENT]") == [first, second]
    assert await found_documents(gateway, tenant, "deliveryStatus: [PENDING, FAILED]") == [third, fourth]
    assert await found_documents(gateway, tenant, "status: [SIGNED]") == [first]
    assert await found_documents(gateway, tenant, "status: [PENDING], deliveryStatus: [SENT]") == [second]

    query = "query($id: ID!) { bulkSend(id: $id) { documents(%s) { totalCount nodes { id } } } }"
    for arguments, left in [
        ("deliveryStatus: [SENT]", [first, second]),
        ("status: [SIGNED, DECLINED]", [first]),
        ("status: [DECLINED]", []),
    ]:
        reply = await gateway.ask(tenant, query % arguments, {"id": stored.id})
        connection = reply.data["bulkSend"]["documents"]
        assert (nodes(connection), connection["totalCount"]) == (left, len(left))


async def test_templates_by_name(gateway: RunningGateway, pool: Pool, tenant: Tenant) -> None:
    newer = await new_template(pool, tenant.organization_id, name="Vendor NDA")
    everything = await gateway.ask(tenant, "{ templates { totalCount nodes { id } } }")
    assert everything.data["templates"] == {"totalCount": 2, "nodes": [{"id": newer}, {"id": tenant.template_id}]}
    some = await gateway.ask(tenant, '{ templates(search: "nda") { totalCount nodes { id } } }')
    assert some.data["templates"] == {"totalCount": 1, "nodes": [{"id": newer}]}


@pytest.mark.parametrize(
    ("field", "argument"),
    [
        ("bulkSends", "search"),
        ("bulkSends", "externalId"),
        ("documents", "signerEmail"),
        ("documents", "externalId"),
        ("templates", "search"),
    ],
)
@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 1001], ids=["nul", "surrogate", "long"])
async def test_a_text_that_nothing_can_have_is_refused(
    gateway: RunningGateway, tenant: Tenant, field: str, argument: str, text: str
) -> None:
    query = f"query($text: String) {{ {field}({argument}: $text) {{ totalCount }} }}"
    reply = await gateway.ask(tenant, query, {"text": text})
    assert reply.error["extensions"]["code"] == "BAD_USER_INPUT"
