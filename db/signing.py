"""Signing: what a signing link opens, and how it changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from bulksend.db.pool import Connection
from bulksend.db.queries import query


@dataclass(frozen=True, slots=True)
class OpenedDocumentRow:
    """What a signing link opens. `signer_values`: the merge values, `template_fields`: the fields, as JSON text."""

    id: UUID
    bulk_send_id: UUID
    link_generation: int
    status: str
    deleted: bool
    past_expiry: bool
    viewed_at: datetime | None
    signed_at: datetime | None
    declined_at: datetime | None
    expires_at: datetime | None
    signer_name: str
    signer_email: str
    signer_values: str
    locale: str
    template_name: str
    template_body: str
    template_fields: str
    organization_name: str
    custom_consent_text: str | None
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class ChangedAtRow:
    """When a document was changed, in milliseconds."""

    at: datetime


_OPEN = query("signing", "open", OpenedDocumentRow)
_VIEW = query("signing", "view", ChangedAtRow)
_CLOSE = query("signing", "close", ChangedAtRow)


async def open_document(conn: Connection, *, organization_id: UUID, document_id: UUID) -> OpenedDocumentRow | None:
    """Return what a signing link opens, also if it has been deleted since; None if there is no such document."""
    return await _OPEN.one(conn, organization_id, document_id)


async def view(
    conn: Connection, *, organization_id: UUID, bulk_send_id: UUID, document_id: UUID, link_generation: int
) -> datetime | None:
    """Note the first time that a signer opened a document and return it; None if it was not the first.

    Lock the bulk send first.
    """
    row = await _VIEW.one(conn, organization_id, bulk_send_id, document_id, link_generation)
    return row.at if row else None


async def close(
    conn: Connection,
    *,
    organization_id: UUID,
    bulk_send_id: UUID,
    document_id: UUID,
    link_generation: int,
    status: Literal["signed", "declined"],
    values: str,
) -> datetime | None:
    """Make a pending document signed or declined and return when; None if it can no longer be.

    `values`: what the signer filled in, as JSON text.

    Lock the bulk send first.
    """
    row = await _CLOSE.one(conn, organization_id, bulk_send_id, document_id, link_generation, status, values)
    return row.at if row else None
