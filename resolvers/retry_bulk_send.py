"""Retry a bulk send: its failed documents are queued again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bulksend.db import bulk_sends, deliveries, documents, ids
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.pool import Connection, write
from bulksend.resolvers.context import Context
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS
from bulksend.resolvers.user_errors import MutationError, UserErrorCode


@dataclass(frozen=True, slots=True)
class RetryResult:
    """The bulk send after the retry and the number of documents queued again; or the errors."""

    bulk_send: BulkSendRow | None = None
    count: int = 0
    errors: Sequence[MutationError] = ()


class _RetryRefused(Exception):
    """The transaction must be rolled back; `errors` are the reasons."""

    def __init__(self, errors: list[MutationError]) -> None:
        self.errors = errors


async def retry(context: Context, bulk_send_id: UUID, document_ids: Sequence[str] | None) -> RetryResult | None:
    """Queue failed documents again, all or those in `document_ids`; return None if there is no such bulk send.

    Nothing is retried if one of `document_ids` is not a failed document of this bulk send.
    """
    organization_id = context.caller.organization_id
    try:
        retried = await write(
            context.gateway.pool, lambda conn: _retry(conn, organization_id, bulk_send_id, document_ids)
        )
    except _RetryRefused as refused:
        return RetryResult(errors=refused.errors)
    context.gateway.notices.changed(organization_id, bulk_send_id)
    context.gateway.notices.work_is_due()
    return retried


async def _retry(
    conn: Connection, organization_id: UUID, bulk_send_id: UUID, document_ids: Sequence[str] | None
) -> RetryResult | None:
    if not await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=bulk_send_id):
        return None
    chosen = None
    if document_ids is not None:
        chosen = await _failed(conn, organization_id, bulk_send_id, document_ids)
    count = await bulk_sends.retry(
        conn, organization_id=organization_id, bulk_send_id=bulk_send_id, document_ids=chosen
    )
    if count:
        await deliveries.ask_turn(conn, organization_id=organization_id)
    (row,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[bulk_send_id])
    return RetryResult(row, count)


async def _failed(
    conn: Connection, organization_id: UUID, bulk_send_id: UUID, document_ids: Sequence[str]
) -> list[UUID]:
    """Return the documents' UUIDs. Raise `_RetryRefused` unless each is a failed document of the locked bulk send."""
    if not 1 <= len(document_ids) <= MAXIMUM_SIGNERS:
        code = UserErrorCode.TOO_MANY if document_ids else UserErrorCode.TOO_FEW
        message = f"documentIds must have 1 to {MAXIMUM_SIGNERS} items"
        raise _RetryRefused([MutationError(code, ("documentIds",), message)])
    decoded = [_decoded(document_id) for document_id in document_ids]
    known = [found for found in decoded if found is not None]
    rows = await documents.get_many(conn, organization_id=organization_id, ids=known)
    states = {row.id: row.delivery_status for row in rows if row.bulk_send_id == bulk_send_id}
    errors = [
        error
        for position, found in enumerate(decoded)
        if (error := _problem(position, states.get(found) if found else None)) is not None
    ]
    if errors:
        raise _RetryRefused(errors)
    return known


def _decoded(document_id: str) -> UUID | None:
    try:
        return ids.decode(ids.DOCUMENT, document_id)
    except ids.InvalidId:
        return None


def _problem(position: int, state: str | None) -> MutationError | None:
    path = ("documentIds", str(position))
    if state is None:
        return MutationError(UserErrorCode.NOT_FOUND, path, "this is not a document of the bulk send")
    if state != "failed":
        return MutationError(UserErrorCode.NOT_FAILED, path, f"this document has not failed, it is {state}")
    return None
