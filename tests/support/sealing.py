"""Seal PDFs in the database immediately, in the test's own process."""

import asyncio
from functools import cache

from support.gateway import RunningGateway, Tenant
from support.signing import open_form, post_form, signing_path

from bulksend.delivery.sealing.processes import SealingOptions, SealingProcesses
from bulksend.delivery.sealing.unsealed import Unsealed
from bulksend.delivery.sealing.worker import SealingWorker
from bulksend.evidence.rendering import render_pdf
from bulksend.evidence.seal import Sealer
from bulksend.evidence.sealing_key import SealingKey, make_test_key


class SealingInThread(SealingProcesses):
    """Seals in a thread of the test's own process, without starting processes."""

    def __init__(self) -> None:
        super().__init__(SealingOptions(b"", None, None))

    async def make(self, unsealed: Unsealed) -> bytes:
        return await asyncio.to_thread(lambda: _sealer().seal(render_pdf(unsealed.evidence())))


@cache
def _sealer() -> Sealer:
    return Sealer(SealingKey.from_pkcs12(make_test_key("test"), "test"))


async def close_document(gateway: RunningGateway, tenant: Tenant, document_id: str, *, decline: bool = False) -> str:
    """Sign or decline a document as its signer, and return the path of the signing link."""
    path = await signing_path(gateway, tenant, document_id)
    form = await open_form(gateway, path)
    reply = await post_form(gateway, path, form.declined() if decline else form.signed())
    assert reply.status == 303
    return path


async def seal_due(gateway: RunningGateway) -> int:
    """Seal all documents that are due, and return their number."""
    sealed = 0
    worker = SealingWorker(gateway.pool, gateway.parts.gateway.notices, SealingInThread())
    while found := await worker.seal_due():
        sealed += found
    return sealed
