"""Read documents: one, those of an organization, or those of a bulk send."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from bulksend.db import documents
from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.documents import DocumentRow, DocumentSpan, Filters, FiltersOfBulkSend, SignerSpan
from bulksend.db.pages import Page
from bulksend.db.pool import reading
from bulksend.resolvers.context import Context
from bulksend.resolvers.loaders import DocumentsKey, TotalKey
from bulksend.resolvers.pages import ConnectionPage, ListCursors, PageArguments, connection_page

MAXIMUM_PAGE = 500


async def get(context: Context, document_id: UUID) -> DocumentRow | None:
    """Return one document of the viewer's organization, or None."""
    return await context.loaders.documents.load(document_id)


async def read_page(context: Context, arguments: PageArguments, filters: Filters) -> ConnectionPage[DocumentRow]:
    """Return one page of an organization's documents: newest bulk send first, each in the order of its signers.

    Raise `BadUserInput` for invalid page arguments.
    """
    cursors = ListCursors("documents", filters, parent=context.caller.organization_id)
    whole = DocumentSpan(size=arguments.size(MAXIMUM_PAGE), backwards=arguments.backwards)
    span = whole._replace(
        after=cursors.decode(arguments.after, field="after") if arguments.after is not None else whole.after,
        before=cursors.decode(arguments.before, field="before") if arguments.before is not None else whole.before,
    )
    read = partial(documents.read_page, organization_id=context.caller.organization_id, span=span, filters=filters)
    page = await context.gateway.replica.read(reading, read)
    return connection_page(page, lambda row: cursors.encode(row.bulk_send_id, row.signer_index), arguments)


async def count(context: Context, filters: Filters) -> int:
    """Return the number of documents that match the filters."""
    read = partial(documents.count, organization_id=context.caller.organization_id, filters=filters)
    return await context.gateway.replica.read(reading, read)


# Compared by identity: callers keep one object for the same arguments (`schema/prefetch.py`).
@dataclass(frozen=True, slots=True, eq=False)
class PageOfBulkSend:
    """The requested page of the documents of a bulk send, in the order of its signers.

    `whole`: the page as it is without cursors.
    """

    arguments: PageArguments
    filters: FiltersOfBulkSend
    whole: SignerSpan

    @property
    def starts_at_a_cursor(self) -> bool:
        """Whether the page belongs to one bulk send."""
        return self.arguments.after is not None or self.arguments.before is not None

    @property
    def is_first(self) -> bool:
        """Whether the page begins with the first document."""
        return not self.starts_at_a_cursor and not self.whole.backwards

    def span(self, bulk_send_id: UUID) -> SignerSpan:
        """Return the positions that the page lies between. Raise `BadUserInput` for a cursor of another list."""
        if not self.starts_at_a_cursor:
            return self.whole
        after, before, cursors = self.arguments.after, self.arguments.before, self._cursors(bulk_send_id)
        return self.whole._replace(
            after=self.whole.after if after is None else cursors.decode(after, field="after")[1],
            before=self.whole.before if before is None else cursors.decode(before, field="before")[1],
        )

    def connection_page(self, bulk_send_id: UUID, page: Page[DocumentRow]) -> ConnectionPage[DocumentRow]:
        """Return the connection page of the page that was read."""
        cursors = self._cursors(bulk_send_id)
        return connection_page(page, lambda row: cursors.encode(bulk_send_id, row.signer_index), self.arguments)

    def _cursors(self, bulk_send_id: UUID) -> ListCursors:
        return ListCursors("bulkSend.documents", self.filters, parent=bulk_send_id)


def page_of_bulk_send(arguments: PageArguments, filters: FiltersOfBulkSend) -> PageOfBulkSend:
    """Return the page that is requested for each of many bulk sends. Raise `BadUserInput` for an invalid size."""
    span = SignerSpan(size=arguments.size(MAXIMUM_PAGE), backwards=arguments.backwards)
    return PageOfBulkSend(arguments, filters, span)


def load_page_of_bulk_send(
    context: Context, bulk_send_id: UUID, wanted: PageOfBulkSend
) -> "Page[DocumentRow] | asyncio.Future[Page[DocumentRow]]":
    """Return one page of the documents of a bulk send if it was prefetched, else load it.

    Raise `BadUserInput` for a cursor of another list.
    """
    prefetched = context.loaders.prefetched.get((bulk_send_id, wanted))
    if prefetched is not None:
        return prefetched
    key = DocumentsKey(bulk_send_id, wanted.span(bulk_send_id), wanted.filters)
    return context.loaders.document_pages.load(key)


async def prefetch_pages_of_bulk_sends(context: Context, bulk_send_ids: Sequence[UUID], wanted: PageOfBulkSend) -> None:
    """Read the page for each of these bulk sends, in one statement, before their fields ask for it.

    Do nothing for a page after or before a cursor, which belongs to one bulk send.
    """
    if wanted.starts_at_a_cursor or not bulk_send_ids:
        return
    async with reading(context.gateway.pool) as conn:
        pages = await documents.read_pages_of_bulk_sends(
            conn,
            organization_id=context.caller.organization_id,
            bulk_send_ids=bulk_send_ids,
            span=wanted.whole,
            filters=wanted.filters,
        )
    context.loaders.prefetched.update({(bulk_send_id, wanted): page for bulk_send_id, page in pages.items()})


async def prefetch_first_page_with_bulk_send(
    context: Context, bulk_send_id: UUID, wanted: PageOfBulkSend
) -> BulkSendRow | None:
    """Return a bulk send, or None, and read the first page of its documents in the same statement."""
    async with reading(context.gateway.pool) as conn:
        found = await documents.read_first_page_with_bulk_send(
            conn,
            organization_id=context.caller.organization_id,
            bulk_send_id=bulk_send_id,
            size=wanted.whole.size,
            filters=wanted.filters,
        )
    if found is None:
        return None
    bulk_send, page = found
    context.loaders.prime_bulk_sends([bulk_send])
    context.loaders.prefetched[bulk_send_id, wanted] = page
    return bulk_send


async def count_of_bulk_send(context: Context, bulk_send_id: UUID, wanted: PageOfBulkSend) -> int:
    """Return the number of documents of a bulk send that match the filters."""
    return await context.loaders.document_totals.load(TotalKey(bulk_send_id, wanted.filters))
