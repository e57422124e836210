"""Downloads of sealed PDFs: by the signer, by the sender, and all documents of a bulk send together."""

import asyncio
import hashlib
import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest
from support.gateway import Reply, RunningGateway, Tenant, new_tenant
from support.sealing import close_document, seal_due
from support.signing import events_of
from support.stored_bulk_sends import Stored, delete, store

from bulksend.db.pool import Pool
from bulksend.delivery import download_links
from bulksend.evidence.verification import verify_pdf

SEALED = "query($id: ID!) { document(id: $id) { sealedPdf { url sha256 size } } }"


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    return await store(pool, tenant, 3)


async def download(gateway: RunningGateway, path: str, **options: Any) -> tuple[int, Any, bytes]:
    async with gateway.session.get(gateway.url + path, **options) as response:
        return response.status, response.headers, await response.read()


async def sealed_pdf(gateway: RunningGateway, tenant: Tenant, document_id: str) -> dict[str, Any] | None:
    reply = await gateway.ask(tenant, SEALED, {"id": document_id})
    found: dict[str, Any] | None = reply.data["document"]["sealedPdf"]
    return found


def path_of(sealed: dict[str, Any] | None) -> str:
    assert sealed
    return str(sealed["url"]).removeprefix("http://sign.example.com")


async def downloads(pool: Pool, document: UUID) -> list[str]:
    return [event.actor for event in await events_of(pool, document) if event.type == "downloaded"]


async def test_the_sender_downloads_it(gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored) -> None:
    await close_document(gateway, tenant, stored.document_ids[1])
    assert await sealed_pdf(gateway, tenant, stored.document_ids[1]) is None
    assert await seal_due(gateway) == 1
    sealed = await sealed_pdf(gateway, tenant, stored.document_ids[1])
    status, headers, pdf = await download(gateway, path_of(sealed))
    assert status == 200
    assert sealed
    assert (sealed["sha256"], sealed["size"]) == (hashlib.sha256(pdf).hexdigest(), len(pdf))
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Disposition"] == f'attachment; filename="{stored.document_ids[1]}.pdf"'
    assert (await asyncio.to_thread(verify_pdf, pdf)).evidence.document.document_id == stored.document_ids[1]
    (actor,) = await downloads(pool, stored.document_uuids[1])
    assert actor.startswith("key_")


async def test_a_download_link_is_good_for_minutes(
    gateway: RunningGateway, tenant: Tenant, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0])
    await seal_due(gateway)
    path = path_of(await sealed_pdf(gateway, tenant, stored.document_ids[0]))
    for wrong in (path[:-1], path + "x", "/sealed/x", "/sealed/" + "x" * 500):
        assert (await download(gateway, wrong))[0] == 404
    monkeypatch.setattr(download_links, "GOOD_FOR_SECONDS", -1)
    assert (await download(gateway, path))[0] == 404


async def test_a_signing_link_is_no_download_link(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    path = await close_document(gateway, tenant, stored.document_ids[0])
    await seal_due(gateway)
    assert (await download(gateway, path.replace("/sign/", "/sealed/")))[0] == 404
    sealed = path_of(await sealed_pdf(gateway, tenant, stored.document_ids[0]))
    assert (await download(gateway, sealed.replace("/sealed/", "/sign/")))[0] == 404


async def test_the_signer_downloads_their_copy(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored
) -> None:
    path = await close_document(gateway, tenant, stored.document_ids[0])
    assert "sealed.pdf" not in (await gateway.get(path)).body
    assert (await download(gateway, f"{path}/sealed.pdf"))[0] == 503
    await seal_due(gateway)
    token = path.rpartition("/")[2]
    assert f'href="{token}/sealed.pdf"' in (await gateway.get(path)).body
    status, _, pdf = await download(gateway, f"{path}/sealed.pdf", headers={"User-Agent": "Test browser"})
    assert status == 200
    assert (await asyncio.to_thread(verify_pdf, pdf)).evidence.signer_name == "Signer 0"
    last = (await events_of(pool, stored.document_uuids[0]))[-1]
    assert (last.type, last.actor, last.ip, last.user_agent) == ("downloaded", "signer", "127.0.0.1", "Test browser")


async def test_what_nobody_signed_has_no_copy(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    reply = await gateway.ask(
        tenant, "query($id: ID!) { document(id: $id) { signingUrl } }", {"id": stored.document_ids[0]}
    )
    path = reply.data["document"]["signingUrl"].removeprefix("http://sign.example.com")
    assert (await download(gateway, f"{path}/sealed.pdf"))[0] == 410
    assert (await download(gateway, "/sign/unknown/sealed.pdf"))[0] == 404
    assert await seal_due(gateway) == 0


async def test_what_is_deleted_is_gone(gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored) -> None:
    path = await close_document(gateway, tenant, stored.document_ids[0])
    await seal_due(gateway)
    sealed = path_of(await sealed_pdf(gateway, tenant, stored.document_ids[0]))
    await delete(pool, tenant, stored)
    assert (await download(gateway, f"{path}/sealed.pdf"))[0] == 410
    assert (await download(gateway, sealed))[0] == 410
    assert (await archive(gateway, tenant, stored.id)).status == 404


async def test_a_head_request_is_no_download(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored
) -> None:
    path = await close_document(gateway, tenant, stored.document_ids[0])
    await seal_due(gateway)
    async with gateway.session.head(f"{gateway.url}{path}/sealed.pdf") as response:
        assert response.status == 405
    assert await downloads(pool, stored.document_uuids[0]) == []


async def test_a_sealed_pdf_needs_its_scope(gateway: RunningGateway, pool: Pool) -> None:
    tenant = await new_tenant(pool, "bulk_sends.read")
    stored = await store(pool, tenant)
    reply = await gateway.ask(tenant, SEALED, {"id": stored.document_ids[0]})
    assert reply.body["errors"][0]["extensions"]["requiredScope"] == "documents.read"
    assert (await archive(gateway, tenant, stored.id)).status == 403


async def archive(gateway: RunningGateway, tenant: Tenant | None, bulk_send_id: str) -> Reply:
    url = f"{gateway.url}/api/v1/bulk-sends/{bulk_send_id}/signed.zip"
    async with gateway.session.get(url, headers=tenant.headers if tenant else {}) as response:
        return Reply(response.status, response.headers, await response.read())


async def test_the_archive_has_every_sealed_pdf_and_their_hashes(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0])
    await close_document(gateway, tenant, stored.document_ids[2], decline=True)
    await seal_due(gateway)
    reply = await archive(gateway, tenant, stored.id)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/zip")
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{stored.id}.zip"'
    with zipfile.ZipFile(io.BytesIO(reply.body)) as found:
        assert found.testzip() is None
        manifest = json.loads(found.read("manifest.json"))
        assert [(entry["signerIndex"], entry["status"]) for entry in manifest] == [(0, "signed"), (2, "declined")]
        assert found.namelist() == ["manifest.json", *(entry["file"] for entry in manifest)]
        for entry in manifest:
            pdf = found.read(entry["file"])
            assert (entry["sha256"], entry["size"]) == (hashlib.sha256(pdf).hexdigest(), len(pdf))
            assert (await asyncio.to_thread(verify_pdf, pdf)).evidence.document.document_id == entry["documentId"]
    assert len(await downloads(pool, stored.document_uuids[2])) == 1


async def test_an_archive_without_sealed_pdfs_is_empty(gateway: RunningGateway, tenant: Tenant, stored: Stored) -> None:
    reply = await archive(gateway, tenant, stored.id)
    with zipfile.ZipFile(io.BytesIO(reply.body)) as found:
        assert found.namelist() == ["manifest.json"]
        assert json.loads(found.read("manifest.json")) == []


async def test_an_archive_of_somebody_else_does_not_exist(gateway: RunningGateway, pool: Pool, stored: Stored) -> None:
    other = await new_tenant(pool, name="Other")
    for bulk_send_id in (stored.id, "bs_01h455vb4pex5vsknk084sn02q", "x"):
        assert (await archive(gateway, other, bulk_send_id)).status == 404
    assert (await archive(gateway, None, stored.id)).status == 401
