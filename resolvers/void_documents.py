"""Void documents: take back what is neither signed nor declined."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bulksend.db import deliveries, sent_documents
from bulksend.db.deliveries import MailKind
from bulksend.db.sent_documents import DocumentStateRow
from bulksend.delivery import event_log
from bulksend.delivery.event_log import Act
from bulksend.delivery.policy import REPLY_SECONDS
from bulksend.resolvers.context import Context
from bulksend.resolvers.document_selection import (
    DocumentsRefused,
    DocumentsResult,
    LockedBulkSend,
    change_documents,
    decode_documents,
    not_pending,
    read_states,
    refuse,
)
from bulksend.resolvers.signing import InvalidText, TextProblem, decline_reason
from bulksend.resolvers.user_errors import MutationError, Path, UserErrorCode

REPLY_WAIT: Final = timedelta(seconds=REPLY_SECONDS)
_PROBLEMS: Final = {
    TextProblem.MISSING: (UserErrorCode.BLANK, "must not be blank"),
    TextProblem.TOO_LONG: (UserErrorCode.TOO_LONG, "must have at most 1000 characters"),
    TextProblem.INVALID: (
        UserErrorCode.INVALID_CHARACTER,
        "may have line breaks and tabs but no other control characters",
    ),
}


async def void(
    context: Context, bulk_send_id: str, document_ids: Sequence[str] | None, reason: str, *, notify: bool
) -> DocumentsResult:
    """Take pending documents back, all of the bulk send's or those named; their links answer 410 from then on.

    Documents that were voided before are left out. Nothing is changed if one of `document_ids` is signed, declined or
    expired. `notify`: send a mail that says so to everyone who was sent the document.
    """

    async def change(bulk_send: LockedBulkSend) -> int:
        why = _checked(reason)
        named = None if document_ids is None else decode_documents(document_ids, _path)
        rows = await read_states(bulk_send, named, _path)
        if named is not None:
            refuse([_problem(row, _path(index)) for index, row in enumerate(rows)])
        pending = [row for row in rows if row.status == "pending"]
        if pending:
            await _void(context, bulk_send, pending, why, notify=notify)
        return len(pending)

    return await change_documents(context, bulk_send_id, change)


async def _void(
    context: Context, bulk_send: LockedBulkSend, rows: Sequence[DocumentStateRow], why: str, *, notify: bool
) -> None:
    conn, organization_id = bulk_send.conn, bulk_send.organization_id
    await sent_documents.void(
        conn,
        organization_id=organization_id,
        bulk_send_id=bulk_send.id,
        document_ids=[row.id for row in rows],
        reply_wait=REPLY_WAIT,
    )
    acts = [Act(row.id, "voided", {"reason": why}) for row in rows]
    await event_log.append(conn, organization_id=organization_id, acts=acts, source=context.source)
    told = [row.id for row in rows if row.delivery_status == "sent"]
    if notify and told:
        await deliveries.queue_mail(
            conn,
            organization_id=organization_id,
            bulk_send_id=bulk_send.id,
            document_ids=told,
            kind=MailKind.VOID_NOTICE,
        )


def _checked(reason: str) -> str:
    try:
        return decline_reason(reason)
    except InvalidText as invalid:
        code, rule = _PROBLEMS[invalid.problem]
        raise DocumentsRefused([MutationError(code, ("reason",), f"reason {rule}")]) from None


def _problem(row: DocumentStateRow, path: Path) -> MutationError | None:
    return None if row.status == "cancelled" else not_pending(row, path)


def _path(index: int) -> Path:
    return ("documentIds", str(index))
