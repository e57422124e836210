"""Sealing: each closed document once, completely, and again after a crash."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from support.gateway import RunningGateway, Tenant
from support.sealing import close_document
from support.signing import events_of
from support.smtp.sink import SmtpSink
from support.stored_bulk_sends import Stored, store

from bulksend.db import sealed_pdfs
from bulksend.db.pool import Pool
from bulksend.delivery.sealing import worker as sealing_worker
from bulksend.delivery.sealing.loading import Loader
from bulksend.delivery.sealing.processes import SealingOptions, SealingProcesses
from bulksend.delivery.sealing.unsealed import Unsealed
from bulksend.delivery.sealing.worker import SealingWorker
from bulksend.evidence.sealing_key import make_test_key
from bulksend.evidence.verification import check_evidence, verify_pdf


@pytest.fixture(scope="module")
def processes() -> Iterator[SealingProcesses]:
    found = SealingProcesses(SealingOptions(make_test_key("test"), "test", None))
    yield found
    found.close()


@pytest.fixture
async def stored(pool: Pool, tenant: Tenant) -> Stored:
    return await store(pool, tenant, 3)


async def copies_queued(pool: Pool, document: UUID) -> int:
    mails: list[str] = await pool.fetchval("SELECT later_mails FROM documents WHERE id = $1", document)
    return mails.count("copy")


async def pdf_of(pool: Pool, document: UUID) -> bytes | None:
    found: bytes | None = await pool.fetchval("SELECT pdf FROM sealed_pdfs WHERE document_id = $1", document)
    return found


def worker(gateway: RunningGateway, processes: SealingProcesses) -> SealingWorker:
    return SealingWorker(gateway.pool, gateway.parts.gateway.notices, processes)


async def test_a_signed_document_is_sealed_once(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    await close_document(gateway, tenant, stored.document_ids[1])
    sealing = worker(gateway, processes)
    assert [await sealing.seal_due(), await sealing.seal_due()] == [1, 0]
    pdf = await pdf_of(pool, stored.document_uuids[1])
    assert pdf
    evidence = (await asyncio.to_thread(verify_pdf, pdf)).evidence
    assert evidence.document.document_id == stored.document_ids[1]
    assert (evidence.document.signer_index, evidence.bulk_send.size) == (1, 3)
    assert [link.event.type for link in evidence.events] == ["viewed", "consented", "signed"]
    sealed = (await events_of(pool, stored.document_uuids[1]))[-1]
    assert (sealed.type, sealed.actor) == ("sealed", "system")
    assert sealed.details == {"pdf_sha256": hashlib.sha256(pdf).hexdigest()}
    assert [await copies_queued(pool, document) for document in stored.document_uuids] == [0, 1, 0]


async def test_a_declined_document_is_sealed_too(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0], decline=True)
    await worker(gateway, processes).seal_due()
    pdf = await pdf_of(pool, stored.document_uuids[0])
    assert pdf
    evidence = (await asyncio.to_thread(verify_pdf, pdf)).evidence
    assert evidence.events[-1].event.details["reason"] == "Wrong price"


async def test_who_signed_gets_a_mail_with_the_copy_once_it_exists(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses, sink: SmtpSink
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0])
    await close_document(gateway, tenant, stored.document_ids[1], decline=True)
    await pool.execute("UPDATE documents SET delivery_status = 'sent', sent_at = now(), next_attempt_at = NULL")
    await pool.execute("UPDATE bulk_sends SET sent_count = total_count")
    assert sink.mails == []
    await worker(gateway, processes).seal_due()
    await sink.wait_for(1)
    mail = sink.mails[0].parsed
    assert str(mail["Subject"]) == "Your copy of Agreement"
    assert str(mail["Message-ID"]).startswith(f"<{stored.document_ids[0]}.copy.2@")
    assert await pool.fetchval("SELECT count(*) FROM documents WHERE mail_kind = 'copy'") == 1


async def test_documents_of_one_bulk_send_share_its_root(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    for document_id in stored.document_ids:
        await close_document(gateway, tenant, document_id)
    await worker(gateway, processes).seal_due()
    pdfs = [await pdf_of(pool, document) for document in stored.document_uuids]
    roots = {(await asyncio.to_thread(verify_pdf, pdf or b"")).evidence.bulk_send.merkle_root for pdf in pdfs}
    assert len(roots) == 1


async def test_a_document_that_waits_for_its_signer_is_not_sealed(
    gateway: RunningGateway, stored: Stored, processes: SealingProcesses
) -> None:
    assert await worker(gateway, processes).seal_due() == 0


async def test_a_crash_before_the_record_leaves_a_job_that_is_due_again(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0])
    async with pool.acquire() as conn:
        claimed = await sealed_pdfs.claim(conn, lease_id=uuid4(), limit=5, lease=timedelta(0))
    assert [job.document_id for job in claimed] == [stored.document_uuids[0]]
    assert await pdf_of(pool, stored.document_uuids[0]) is None
    assert await worker(gateway, processes).seal_due() == 1
    assert await pdf_of(pool, stored.document_uuids[0])


async def test_a_leased_job_is_nobody_elses(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0])
    async with pool.acquire() as conn:
        await sealed_pdfs.claim(conn, lease_id=uuid4(), limit=5, lease=timedelta(minutes=2))
    assert await worker(gateway, processes).seal_due() == 0


async def test_two_workers_with_one_job_write_one_pdf(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    """The first worker's lease ends while it renders; the second worker's PDF is kept, with the event that names it."""
    await close_document(gateway, tenant, stored.document_ids[0])
    slow, quick = worker(gateway, processes), worker(gateway, processes)
    async with pool.acquire() as conn:
        (job,) = await sealed_pdfs.claim(conn, lease_id=uuid4(), limit=1, lease=timedelta(0))
    bulk_send_id, unsealed = await Loader(pool).load(job)
    late = await processes.make(unsealed)
    assert await quick.seal_due() == 1
    made = await pdf_of(pool, stored.document_uuids[0])
    await slow._record(job, uuid4(), bulk_send_id, late, is_signed=True)
    assert await pdf_of(pool, stored.document_uuids[0]) == made
    types = [event.type for event in await events_of(pool, stored.document_uuids[0])]
    assert types.count("sealed") == 1
    assert await copies_queued(pool, stored.document_uuids[0]) == 1


async def test_a_failure_is_tried_again_later(
    gateway: RunningGateway,
    tenant: Tenant,
    pool: Pool,
    stored: Stored,
    processes: SealingProcesses,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(unsealed: Unsealed) -> bytes:
        raise RuntimeError("a reason that may quote a signer")

    await close_document(gateway, tenant, stored.document_ids[0])
    with monkeypatch.context() as patched:
        patched.setattr(processes, "make", fail)
        patched.setattr(sealing_worker, "FIRST_DELAY", 0.0)
        assert await worker(gateway, processes).seal_due() == 1
    assert await pool.fetchval("SELECT error FROM sealed_pdfs") == "RuntimeError"
    assert await worker(gateway, processes).seal_due() == 1
    assert await pdf_of(pool, stored.document_uuids[0])


async def test_processes_that_die_are_replaced(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing_worker, "FIRST_DELAY", 0.0)
    processes = SealingProcesses(SealingOptions(b"no key", "test", None))  # its processes fail at their start
    await close_document(gateway, tenant, stored.document_ids[0])
    try:
        assert await worker(gateway, processes).seal_due() == 1
        assert await pool.fetchval("SELECT error FROM sealed_pdfs") == "BrokenProcessPool"
        processes._options = SealingOptions(make_test_key("test"), "test", None)
        assert await worker(gateway, processes).seal_due() == 1
    finally:
        processes.close()
    assert await pdf_of(pool, stored.document_uuids[0])


async def test_what_would_not_verify_is_not_sealed(
    gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored, processes: SealingProcesses
) -> None:
    await close_document(gateway, tenant, stored.document_ids[0])
    await pool.execute("UPDATE documents SET signer_name = 'Someone else'")
    # The template contains the signer's name, so the content is no longer what was signed.
    assert await worker(gateway, processes).seal_due() == 1
    assert await pool.fetchval("SELECT error FROM sealed_pdfs") == "VerificationFailed"
    assert await pdf_of(pool, stored.document_uuids[0]) is None


async def test_what_is_loaded_verifies(gateway: RunningGateway, tenant: Tenant, pool: Pool, stored: Stored) -> None:
    await close_document(gateway, tenant, stored.document_ids[2])
    async with pool.acquire() as conn:
        (job,) = await sealed_pdfs.claim(conn, lease_id=uuid4(), limit=1, lease=timedelta(0))
    _, unsealed = await Loader(pool).load(job)
    check_evidence(unsealed.evidence())
