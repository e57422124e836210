"""The documents of a bulk send that a mutation is about, and the problems of those that it cannot change."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from bulksend.db import bulk_sends, ids, sent_documents
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.pool import Connection, write
from bulksend.db.sent_documents import DocumentStateRow
from bulksend.resolvers.context import Context
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS
from bulksend.resolvers.user_errors import MutationError, Path, UserErrorCode


@dataclass(frozen=True, slots=True)
class DocumentsResult:
    """The bulk send after a change to its documents and the number of documents changed; or the errors."""

    bulk_send: BulkSendRow | None = None
    count: int = 0
    errors: Sequence[MutationError] = ()


class DocumentsRefused(Exception):
    """The transaction must be rolled back; `errors` are the reasons."""

    def __init__(self, errors: Sequence[MutationError]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} errors")


@dataclass(frozen=True, slots=True)
class LockedBulkSend:
    """A bulk send that the transaction of `conn` has locked."""

    conn: Connection
    organization_id: UUID
    id: UUID


async def change_documents(
    context: Context, bulk_send_id: str, change: Callable[[LockedBulkSend], Awaitable[int]]
) -> DocumentsResult:
    """Run `change` on the locked bulk send in a transaction, and return the bulk send and what `change` returned.

    Nothing is changed if it raises `DocumentsRefused`.
    """
    organization_id = context.caller.organization_id
    decoded = _decoded(ids.BULK_SEND, bulk_send_id)

    async def work(conn: Connection) -> DocumentsResult:
        if decoded is None or not await bulk_sends.lock(conn, organization_id=organization_id, bulk_send_id=decoded):
            message = "bulkSendId is not a bulk send of this organization"
            raise DocumentsRefused([MutationError(UserErrorCode.NOT_FOUND, ("bulkSendId",), message)])
        count = await change(LockedBulkSend(conn, organization_id, decoded))
        (row,) = await bulk_sends.get_many(conn, organization_id=organization_id, ids=[decoded])
        return DocumentsResult(row, count)

    try:
        result = await write(context.gateway.pool, work)
    except DocumentsRefused as refused:
        return DocumentsResult(errors=refused.errors)
    if decoded is not None and result.count:
        context.gateway.notices.changed(organization_id, decoded)
        context.gateway.notices.work_is_due()
    return result


def decode_documents(document_ids: Sequence[str], path: Callable[[int], Path]) -> list[UUID]:
    """Return the UUIDs of documents; `path` is where each stands in the input.

    Raise `DocumentsRefused` unless there are 1 to MAXIMUM_SIGNERS ids, each well formed and given once.
    """
    if not 1 <= len(document_ids) <= MAXIMUM_SIGNERS:
        code = UserErrorCode.TOO_MANY if document_ids else UserErrorCode.TOO_FEW
        (name, *_) = path(0)
        raise DocumentsRefused([MutationError(code, (name,), f"{name} must have 1 to {MAXIMUM_SIGNERS} items")])
    decoded = [_decoded(ids.DOCUMENT, document_id) for document_id in document_ids]
    errors = [_not_found(path(index)) for index, found in enumerate(decoded) if found is None]
    errors += [_repeated(path(index)) for index, found in enumerate(decoded) if found and found in decoded[:index]]
    if errors:
        raise DocumentsRefused(errors)
    return [found for found in decoded if found is not None]


async def read_states(
    bulk_send: LockedBulkSend, document_ids: Sequence[UUID] | None, path: Callable[[int], Path]
) -> list[DocumentStateRow]:
    """Return how far the documents are: all of the bulk send's, or those named, in the order of their ids.

    Raise `DocumentsRefused` unless each of `document_ids` is a document of the bulk send.
    """
    rows = await sent_documents.get_states(
        bulk_send.conn,
        organization_id=bulk_send.organization_id,
        bulk_send_id=bulk_send.id,
        document_ids=document_ids,
    )
    if document_ids is None:
        return rows
    by_id = {row.id: row for row in rows}
    missing = [_not_found(path(index)) for index, one in enumerate(document_ids) if one not in by_id]
    if missing:
        raise DocumentsRefused(missing)
    return [by_id[document_id] for document_id in document_ids]


def not_pending(row: DocumentStateRow, path: Path) -> MutationError | None:
    """Return why a document that is signed, declined, expired or cancelled cannot be changed."""
    if row.status == "pending":
        return None
    return MutationError(UserErrorCode.NOT_PENDING, path, f"this document is {row.status}, no longer pending")


def refuse(errors: Sequence[MutationError | None]) -> None:
    """Raise `DocumentsRefused` if there is any error."""
    found = [error for error in errors if error is not None]
    if found:
        raise DocumentsRefused(found)


def _not_found(path: Path) -> MutationError:
    return MutationError(UserErrorCode.NOT_FOUND, path, "this is not a document of the bulk send")


def _repeated(path: Path) -> MutationError:
    return MutationError(UserErrorCode.DUPLICATE_VALUE, path, "this document is named more than once")


def _decoded(prefix: str, text: str) -> UUID | None:
    try:
        return ids.decode(prefix, text)
    except ids.InvalidId:
        return None
