"""Sealed PDFs, and the jobs of making them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import command, query


@dataclass(frozen=True, slots=True)
class SealingJobRow:
    """A claimed job: the document to seal, and how many times it was claimed."""

    organization_id: UUID
    document_id: UUID
    attempts: int


@dataclass(frozen=True, slots=True)
class UnsealedRow:
    """What a document's evidence is made of, besides its events. `signer_values`, `template_fields`: JSON text."""

    bulk_send_id: UUID
    signer_index: int
    signer_name: str
    signer_email: str
    signer_values: str
    sent_at: datetime | None
    bulk_send_name: str
    total_count: int
    created_at: datetime
    template_id: UUID
    template_name: str
    template_body: str
    template_fields: str
    organization_name: str


@dataclass(frozen=True, slots=True)
class SealedPdfRow:
    """The hash and size in bytes of a document's sealed PDF."""

    document_id: UUID
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class SealedFileRow:
    """The bytes of a document's sealed PDF, and which document of which bulk send it is."""

    bulk_send_id: UUID
    signer_index: int
    pdf: bytes


@dataclass(frozen=True, slots=True)
class ListedSealedPdfRow:
    """A sealed PDF as the archive of its bulk send lists it."""

    document_id: UUID
    signer_index: int
    signer_name: str
    signer_email: str
    status: str
    sha256: bytes
    size: int


_REQUEST = command("sealed_pdfs", "request")
_CLAIM = query("sealed_pdfs", "claim", SealingJobRow)
_LOAD = query("sealed_pdfs", "load", UnsealedRow)
_DOCUMENT_IDS = command("sealed_pdfs", "document_ids")
_RECORD = command("sealed_pdfs", "record")
_POSTPONE = command("sealed_pdfs", "postpone")
_GET_MANY = query("sealed_pdfs", "get_many", SealedPdfRow)
_GET_FILE = query("sealed_pdfs", "get_file", SealedFileRow)
_LIST_OF_BULK_SEND = query("sealed_pdfs", "list_of_bulk_send", ListedSealedPdfRow)


async def request(conn: Connection, *, organization_id: UUID, document_id: UUID) -> None:
    """Have a document's PDF sealed; a second request changes nothing."""
    await _REQUEST.run(conn, organization_id, document_id)


async def claim(conn: Connection, *, lease_id: UUID, limit: int, lease: timedelta) -> list[SealingJobRow]:
    """Lease the jobs that are due longest. What is neither recorded nor postponed until then is due again."""
    return await _CLAIM.all(conn, limit, lease_id, lease)


async def load(conn: Connection, *, organization_id: UUID, document_id: UUID) -> UnsealedRow | None:
    """Return what a document's evidence is made of; None if there is no such document."""
    return await _LOAD.one(conn, organization_id, document_id)


async def document_ids(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID) -> list[UUID]:
    """Return the ids of all documents of a bulk send, deleted or not, in their signers' order."""
    return cast("list[UUID]", await _DOCUMENT_IDS.value(conn, organization_id, bulk_send_id) or [])


async def record(conn: Connection, job: SealingJobRow, *, lease_id: UUID, sha256: bytes, pdf: bytes) -> bool:
    """Store a sealed PDF and end its job; change nothing and return False if the lease is lost.

    Lock the bulk send first.
    """
    return await _RECORD.value(conn, job.organization_id, job.document_id, lease_id, sha256, pdf) is not None


async def postpone(conn: Connection, job: SealingJobRow, *, lease_id: UUID, delay: timedelta, error: str) -> None:
    """Note why a job failed and make it due after `delay`, unless the lease is lost."""
    await _POSTPONE.run(conn, job.organization_id, job.document_id, lease_id, delay, error)


async def get_many(conn: Connection, *, organization_id: UUID, document_ids: Sequence[UUID]) -> list[SealedPdfRow]:
    """Return hash and size of the documents' sealed PDFs, in no order; those without one are left out."""
    return await _GET_MANY.all(conn, organization_id, document_ids)


async def get_file(conn: Connection, *, organization_id: UUID, document_id: UUID) -> SealedFileRow | None:
    """Return a document's sealed PDF; None if there is none."""
    return await _GET_FILE.one(conn, organization_id, document_id)


async def list_of_bulk_send(conn: Connection, *, organization_id: UUID, bulk_send_id: UUID) -> list[ListedSealedPdfRow]:
    """Return what the archive of a bulk send's sealed PDFs holds, in the signers' order."""
    return await _LIST_OF_BULK_SEND.all(conn, organization_id, bulk_send_id)
