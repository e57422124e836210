"""From the signature to a sealed PDF that verifies, in a gateway's own processes."""

import asyncio
from pathlib import Path

from support.gateway import RunningGateway, Tenant, running_gateway
from support.pkcs12 import Authority, rsa_key
from support.sealing import close_document
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import store

from bulksend.db.pool import Pool
from bulksend.evidence.certificates import load_certificate
from bulksend.evidence.verification import verify_pdf

SEALED = "query($id: ID!) { document(id: $id) { sealedPdf { url } } }"
MOST_SECONDS = 120


async def sealed_url(gateway: RunningGateway, tenant: Tenant, document_id: str) -> str | None:
    sealed = (await gateway.ask(tenant, SEALED, {"id": document_id})).data["document"]["sealedPdf"]
    return str(sealed["url"]) if sealed else None


async def test_a_signed_document_is_sealed_by_itself(
    pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant, tmp_path: Path
) -> None:
    authority, file = Authority(), tmp_path / "seal.p12"
    file.write_bytes(authority.pkcs12(rsa_key()))
    stored = await store(pool, tenant)
    async with running_gateway(dsn, sink.url, sealing_key=file, sealing_key_password="test") as gateway:
        await close_document(gateway, tenant, stored.document_ids[0])
        async with asyncio.timeout(MOST_SECONDS):
            while not (url := await sealed_url(gateway, tenant, stored.document_ids[0])):
                await asyncio.sleep(0.1)
        path = url.removeprefix("http://sign.example.com")
        async with gateway.session.get(gateway.url + path) as response:
            pdf = await response.read()
    verified = await asyncio.to_thread(verify_pdf, pdf, load_certificate(authority.pem))
    assert verified.seal.is_trusted
    assert verified.evidence.document.document_id == stored.document_ids[0]
