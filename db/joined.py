"""A bulk send and the first of its documents, read in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.documents import DocumentRow
from bulksend.db.pages import Page, page
from bulksend.db.pool import Connection
from bulksend.db.queries import query
from bulksend.db.rows import View


class DocumentOrBulkSendRow(DocumentRow):
    """A document, or a bulk send without one. What belongs to the other is None, but for `bulk_send_id`."""

    __slots__ = ()

    template_id: UUID | None
    bulk_send_name: str | None
    email_message: str | None
    bulk_send_external_id: str | None
    bulk_send_status: str | None
    total_count: int | None
    sent_count: int | None
    failed_count: int | None
    pending_count: int | None
    viewed_count: int | None
    signed_count: int | None
    declined_count: int | None
    expired_count: int | None
    bulk_send_created_at: datetime | None
    bulk_send_updated_at: datetime | None


class JoinedBulkSend(
    View,
    of=DocumentOrBulkSendRow,
    organization_id="organization_id",
    id="bulk_send_id",
    template_id="template_id",
    name="bulk_send_name",
    email_message="email_message",
    external_id="bulk_send_external_id",
    status="bulk_send_status",
    total_count="total_count",
    sent_count="sent_count",
    failed_count="failed_count",
    pending_count="pending_count",
    viewed_count="viewed_count",
    signed_count="signed_count",
    declined_count="declined_count",
    expired_count="expired_count",
    created_at="bulk_send_created_at",
    updated_at="bulk_send_updated_at",
):
    """The bulk send in such a row: what a `BulkSendRow` has."""

    __slots__ = ()


_GET_WITH_BULK_SEND = query("documents", "get_with_bulk_send", DocumentOrBulkSendRow)


async def get_bulk_send_with_documents(
    conn: Connection,
    *,
    organization_id: UUID,
    bulk_send_id: UUID,
    size: int,
    status: Sequence[str] | None = None,
    delivery_status: Sequence[str] | None = None,
) -> tuple[BulkSendRow, Page[DocumentRow]] | None:
    """Give a bulk send and the first `size` of its documents, in their signers' order, or None."""
    rows = await _GET_WITH_BULK_SEND.all(conn, organization_id, bulk_send_id, size + 1, status, delivery_status)
    found = [row for row in rows if row.signer_index is None]
    if not found:
        return None
    kept: list[DocumentRow] = [row for row in rows if row.signer_index is not None]
    return cast("BulkSendRow", JoinedBulkSend(found[0])), page(kept, size=size, backwards=False)
