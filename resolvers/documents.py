"""Reading documents: one, an organization's, or those of a bulk send."""

from uuid import UUID

from bulksend.db import documents
from bulksend.db.documents import DocumentRow, DocumentSpan, Filters, SignerSpan
from bulksend.resolvers.context import Context
from bulksend.resolvers.cursors import ListCursors, PageArguments
from bulksend.resolvers.loaders import DocumentsKey, TotalKey
from bulksend.resolvers.pages import ConnectionPage, connection_page

MAXIMUM_PAGE = 500

Statuses = tuple[str, ...] | None


async def get(context: Context, document_id: UUID) -> DocumentRow | None:
    """Give one document of the viewer's organization, or None."""
    return await context.loaders.documents.load(document_id)


async def read_page(context: Context, arguments: PageArguments, filters: Filters) -> ConnectionPage[DocumentRow]:
    """Give one page of an organization's documents: newest bulk send first, each in its signers' order.

    Raises `BadUserInput`.
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
    """Give how many documents the filters leave."""
    async with context.gateway.read_pool.acquire() as conn:
        return await documents.count(conn, organization_id=context.caller.organization_id, filters=filters)


async def read_page_of_bulk_send(
    context: Context, bulk_send_id: UUID, arguments: PageArguments, status: Statuses, delivery_status: Statuses
) -> ConnectionPage[DocumentRow]:
    """Give one page of a bulk send's documents in their signers' order. Raises `BadUserInput`."""
    cursors = ListCursors("bulkSend.documents", [status, delivery_status], parent=bulk_send_id)
    ends = SignerSpan(size=arguments.size(MAXIMUM_PAGE), backwards=arguments.backwards)
    span = SignerSpan(
        size=ends.size,
        after=cursors.decode(arguments.after, field="after")[1] if arguments.after is not None else ends.after,
        before=cursors.decode(arguments.before, field="before")[1] if arguments.before is not None else ends.before,
        backwards=ends.backwards,
    )
    page = await context.loaders.document_pages.load(DocumentsKey(bulk_send_id, span, status, delivery_status))
    return connection_page(page, lambda row: cursors.encode(bulk_send_id, row.signer_index), arguments)


async def count_of_bulk_send(context: Context, bulk_send_id: UUID, status: Statuses, delivery_status: Statuses) -> int:
    """Give how many documents of a bulk send the filters leave."""
    return await context.loaders.document_totals.load(TotalKey(bulk_send_id, status, delivery_status))
