"""Remind signers who have been sent a document and have neither signed nor declined, at most once a day each."""

from collections.abc import Sequence

from bulksend.db import deliveries
from bulksend.db.deliveries import MailKind
from bulksend.db.sent_documents import DocumentStateRow
from bulksend.delivery import event_log
from bulksend.delivery.event_log import Act
from bulksend.resolvers.context import Context
from bulksend.resolvers.document_selection import (
    DocumentsResult,
    LockedBulkSend,
    change_documents,
    decode_documents,
    not_pending,
    read_states,
    refuse,
)
from bulksend.resolvers.user_errors import MutationError, Path, UserErrorCode


async def remind(context: Context, bulk_send_id: str, document_ids: Sequence[str] | None) -> DocumentsResult:
    """Queue a reminder for the documents that may have one: all of the bulk send's, or those named.

    Documents that were reminded within a day are left out. Nothing is queued if one of `document_ids` was not sent or
    is no longer pending.
    """

    async def change(bulk_send: LockedBulkSend) -> int:
        named = None if document_ids is None else decode_documents(document_ids, _path)
        rows = await read_states(bulk_send, named, _path)
        if named is not None:
            refuse([_problem(row, _path(index)) for index, row in enumerate(rows)])
        chosen = [row.id for row in rows if _problem(row, ()) is None and not row.reminded_today]
        if not chosen:
            return 0
        acts = [Act(document_id, "reminded") for document_id in chosen]
        organization_id = bulk_send.organization_id
        await event_log.append(bulk_send.conn, organization_id=organization_id, acts=acts, source=context.source)
        return await deliveries.queue_mail(
            bulk_send.conn,
            organization_id=organization_id,
            bulk_send_id=bulk_send.id,
            document_ids=chosen,
            kind=MailKind.REMINDER,
        )

    return await change_documents(context, bulk_send_id, change)


def _problem(row: DocumentStateRow, path: Path) -> MutationError | None:
    if row.status == "pending" and row.delivery_status != "sent":
        return MutationError(UserErrorCode.NOT_SENT, path, f"the delivery of this document is {row.delivery_status}")
    return not_pending(row, path)


def _path(index: int) -> Path:
    return ("documentIds", str(index))
