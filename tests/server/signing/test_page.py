"""The page of a signing link: its contents, and links that are refused."""

import re

import pytest
from support.gateway import SECRET_KEY, Reply, RunningGateway, Tenant, create, new_tenant, running_gateway
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import Stored, delete, store

from bulksend.db import ids
from bulksend.db.pool import Pool
from bulksend.delivery.signing_links import SigningLinks

BODY = "# Agreement\n\nBetween **{{ signer.name }}** and {{ values.company }}.\n"
HOSTILE = "<script>alert(1)</script> **bold** [link](javascript:alert(2)) <img src=x onerror=alert(3)>"


async def link(gateway: RunningGateway, tenant: Tenant, document_id: str) -> str:
    """Return the path of a document's signing link."""
    query = "query($id: ID!) { document(id: $id) { signingUrl } }"
    url = (await gateway.ask(tenant, query, {"id": document_id})).data["document"]["signingUrl"]
    return str(url.removeprefix("http://sign.example.com"))


async def viewed_at(pool: Pool, stored: Stored) -> object:
    return await pool.fetchval("SELECT viewed_at FROM documents WHERE id = $1", stored.document_uuids[0])


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    return await store(pool, tenant)


async def test_opens_the_signers_own_document(delivering_gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool, body=BODY)
    people = [
        {"name": name, "email": f"{name}@example.com", "values": [{"field": "company", "value": f"{name} Ltd"}]}
        for name in ("ann", "bob")
    ]
    payload = await create(delivering_gateway, tenant, signers=people)
    assert payload["userErrors"] == []
    query = "query($id: ID!) { bulkSend(id: $id) { documents { nodes { id } } } }"
    reply = await delivering_gateway.ask(tenant, query, {"id": payload["bulkSend"]["id"]})
    ann, bob = [node["id"] for node in reply.data["bulkSend"]["documents"]["nodes"]]

    page = await delivering_gateway.get(await link(delivering_gateway, tenant, ann))
    assert page.status == 200
    assert "<strong>ann</strong> and ann Ltd." in page.body
    assert "bob" not in page.body
    assert "bob Ltd." in (await delivering_gateway.get(await link(delivering_gateway, tenant, bob))).body


async def test_what_a_caller_wrote_stays_text(delivering_gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool, name=f"Acme {HOSTILE}", body=BODY)
    person = {"name": HOSTILE, "email": "a@example.com", "values": [{"field": "company", "value": HOSTILE}]}
    payload = await create(delivering_gateway, tenant, signers=[person])
    document_id = await pool.fetchval("SELECT id FROM documents")
    assert payload["userErrors"] == []

    page = await delivering_gateway.get(await link(delivering_gateway, tenant, ids.encode(ids.DOCUMENT, document_id)))
    assert page.status == 200
    text = page.body
    assert "<script>alert" not in text
    assert "<img" not in text
    assert 'href="javascript' not in text
    assert "<strong>bold" not in text
    # At least in the title, the line of the heading, the last line, and twice in the document.
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


async def test_is_private_and_loads_nothing(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    path = await link(gateway, tenant, stored.document_ids[0])
    for address in (path, "/sign/nonsense"):
        headers = (await gateway.get(address)).headers
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Request-Id"]


async def test_a_wrong_token_is_404(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    path = await link(gateway, tenant, stored.document_ids[0])
    wrong = [
        "/sign/x",
        "/sign/" + "A" * 94,
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        path + "A",
        "/sign/" + path.removeprefix("/sign/").swapcase(),
        "/sign/%00",
        "/sign/%ED%A0%80",
        "/sign/example",
        "/sign/" + "A" * 5000,
    ]
    for address in wrong:
        assert_says((await gateway.get(address)), 404, "No such document")
    assert (await gateway.get("/sign/")).status == 404
    assert (await gateway.get("/sign")).status == 404


async def test_a_link_of_an_unknown_document_is_404(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    links = SigningLinks([SECRET_KEY], "")
    for url in (
        links.url(tenant.organization_id, stored.uuid, 1),
        links.url(stored.uuid, stored.document_uuids[0], 1),
        links.url(tenant.organization_id, stored.document_uuids[0], 2**32 - 1),
    ):
        assert_says(await gateway.get(url), 404, "No such document")
    assert (await gateway.get(links.url(tenant.organization_id, stored.document_uuids[0], 1))).status == 200


async def test_a_reissued_link_closes_the_one_before(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    before = await link(gateway, tenant, stored.document_ids[0])
    await pool.execute("UPDATE documents SET link_generation = link_generation + 1")
    assert_says(await gateway.get(before), 410, "This link has been replaced")
    assert (await gateway.get(await link(gateway, tenant, stored.document_ids[0]))).status == 200


async def test_a_deleted_document_is_410(gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored) -> None:
    path = await link(gateway, tenant, stored.document_ids[0])
    await delete(pool, tenant, stored)
    assert_says(await gateway.get(path), 410, "This document is gone")
    assert await viewed_at(pool, stored) is None


async def test_a_cancelled_document_is_410(gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored) -> None:
    path = await link(gateway, tenant, stored.document_ids[0])
    cancel = "mutation($id: ID!) { cancelBulkSend(input: {id: $id}) { cancelledCount } }"
    assert (await gateway.ask(tenant, cancel, {"id": stored.id})).data["cancelBulkSend"] == {"cancelledCount": 1}
    assert_says(await gateway.get(path), 410, "The sender took this document back")
    assert await viewed_at(pool, stored) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("status = 'signed'", "Signed"),
        ("status = 'declined'", "Declined"),
        ("status = 'expired'", "Expired"),
        ("expires_at = clock_timestamp() - interval '1 second'", "Expired"),
        ("expires_at = clock_timestamp() + interval '1 day'", "Waiting for your signature"),
    ],
)
async def test_tells_how_far_the_document_is(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored, change: str, told: str
) -> None:
    await pool.execute(f"UPDATE documents SET {change}")
    page = await gateway.get(await link(gateway, tenant, stored.document_ids[0]))
    assert page.status == 200
    assert re.search(rf'<span class="badge[^"]*">{told}</span>', page.body)


async def test_is_viewed_once_and_by_a_person(
    gateway: RunningGateway, pool: Pool, tenant: Tenant, stored: Stored
) -> None:
    path = await link(gateway, tenant, stored.document_ids[0])
    async with gateway.session.head(f"{gateway.url}{path}") as response:
        assert response.status == 200
    for header, value in [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("Purpose", "Preview"),
        ("X-Purpose", "preview"),
        ("X-Moz", "prefetch"),
    ]:
        assert (await gateway.get(path, headers={header: value})).status == 200
        assert await viewed_at(pool, stored) is None, header

    await gateway.get(path)
    first = await viewed_at(pool, stored)
    assert first is not None
    await gateway.get(path)
    assert await viewed_at(pool, stored) == first


async def test_a_link_opens_with_an_older_key(pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    stored = await store(pool, tenant)
    newer = "n" * 40
    async with running_gateway(dsn, sink.url, delivery=False) as gateway:
        old = await link(gateway, tenant, stored.document_ids[0])
    async with running_gateway(dsn, sink.url, delivery=False, secret_keys=(newer, SECRET_KEY)) as gateway:
        new = await link(gateway, tenant, stored.document_ids[0])
        assert new != old
        assert (await gateway.get(old)).status == (await gateway.get(new)).status == 200
    async with running_gateway(dsn, sink.url, delivery=False, secret_keys=(newer,)) as gateway:
        assert (await gateway.get(old)).status == 404
        assert (await gateway.get(new)).status == 200


async def test_nothing_else_is_done_with_a_link(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    path = await link(gateway, tenant, stored.document_ids[0])
    for method in ("PUT", "PATCH", "DELETE"):
        async with gateway.session.request(method, f"{gateway.url}{path}") as response:
            assert response.status == 405


def assert_says(page: Reply, status: int, heading: str) -> None:
    assert page.status == status
    assert f"<h1>{heading}</h1>" in page.body
