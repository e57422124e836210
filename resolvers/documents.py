"""Read documents: one, those of an organization, or those of a bulk send."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from bulksend.db import documents
from bulksend.db.documents import DocumentRow, DocumentSpan, Filters, SignerSpan
from bulksend.db.pages import Page
from bulksend.resolvers.context import Context
from bulksend.resolvers.cursors import DEFAULT_PAGE, ListCursors, PageArguments
from bulksend.resolvers.loaders import DocumentsKey, TotalKey
from bulksend.resolvers.pages import ConnectionPage, connection_page

MAXIMUM_PAGE = 500

Statuses = tuple[str, ...] | None


async def get(context: Context, document_id: UUID) -> DocumentRow | None:
    """Return one document of the viewer's organization, or None."""
    return await context.loaders.documents.load(document_id)


async def read_page(context: Context, arguments: PageArguments, filters: Filters) -> ConnectionPage[DocumentRow]:
    """Return one page of an organization's documents: newest bulk send first, each in the order of its signers.

    Raise `BadUserInput` for invalid page arguments.
    """
    cursors = ListCursors("documents", filters.arguments())
    ends = DocumentSpan(size=arguments.size(MAXIMUM_PAGE), backwards=arguments.backwards)
    span = DocumentSpan(
        size=ends.size,
        after=cursors.decode(arguments.after, field="after") if arguments.after is not None else ends.after,
        before=cursors.decode(arguments.before, field="before") if arguments.before is not None else ends.before,
        backwards=ends.backwards,
    )
    async with context.gateway.read_pool.acquire() as conn:
        page = await documents.read_page(
            conn, organization_id=context.caller.organization_id, span=span, filters=filters
        )
    return connection_page(page, lambda row: cursors.encode(row.bulk_send_id, row.signer_index), arguments)


async def count(context: Context, filters: Filters) -> int:
    """Return the number of documents that match the filters."""
    async with context.gateway.read_pool.acquire() as conn:
        return await documents.count(conn, organization_id=context.caller.organization_id, filters=filters)


class FirstPage(NamedTuple):
    """The first page of a bulk send's documents, which can be read for many bulk sends in one statement."""

    size: int
    status: Statuses
    delivery_status: Statuses


def first_page(arguments: PageArguments, status: Statuses, delivery_status: Statuses) -> FirstPage | None:
    """Return the requested page if it is a first page; None if it is another one or invalid."""
    if arguments.after is not None or arguments.last is not None or arguments.before is not None:
        return None
    size = DEFAULT_PAGE if arguments.first is None else arguments.first
    return FirstPage(size, status, delivery_status) if 1 <= size <= MAXIMUM_PAGE else None


async def read_first_pages(
    context: Context, bulk_send_ids: Sequence[UUID], first: FirstPage
) -> dict[UUID, Page[DocumentRow]]:
    """Return the first page of documents for each bulk send."""
    async with context.gateway.pool.acquire() as conn:
        return await documents.read_pages_of_bulk_sends(
            conn,
            organization_id=context.caller.organization_id,
            bulk_send_ids=bulk_send_ids,
            span=SignerSpan(first.size),
            status=first.status,
            delivery_status=first.delivery_status,
        )


async def read_page_of_bulk_send(
    context: Context, bulk_send_id: UUID, arguments: PageArguments, status: Statuses, delivery_status: Statuses
) -> ConnectionPage[DocumentRow]:
    """Return one page of a bulk send's documents in the order of its signers. Raise `BadUserInput`."""
    cursors = _cursors(bulk_send_id, status, delivery_status)
    ends = SignerSpan(size=arguments.size(MAXIMUM_PAGE), backwards=arguments.backwards)
    span = SignerSpan(
        size=ends.size,
        after=cursors.decode(arguments.after, field="after")[1] if arguments.after is not None else ends.after,
        before=cursors.decode(arguments.before, field="before")[1] if arguments.before is not None else ends.before,
        backwards=ends.backwards,
    )
    page = await context.loaders.document_pages.load(DocumentsKey(bulk_send_id, span, status, delivery_status))
    return connection_page(page, lambda row: cursors.encode(bulk_send_id, row.signer_index), arguments)


def first_connection_page(bulk_send_id: UUID, page: Page[DocumentRow], first: FirstPage) -> ConnectionPage[DocumentRow]:
    """Return the connection page of a first page that has already been read."""
    cursors = _cursors(bulk_send_id, first.status, first.delivery_status)
    return ConnectionPage(page.rows, lambda row: cursors.encode(bulk_send_id, row.signer_index), page.has_more, False)


async def count_of_bulk_send(context: Context, bulk_send_id: UUID, status: Statuses, delivery_status: Statuses) -> int:
    """Return the number of documents of a bulk send that match the filters."""
    return await context.loaders.document_totals.load(TotalKey(bulk_send_id, status, delivery_status))


def _cursors(bulk_send_id: UUID, status: Statuses, delivery_status: Statuses) -> ListCursors:
    return ListCursors("bulkSend.documents", [status, delivery_status], parent=bulk_send_id)
