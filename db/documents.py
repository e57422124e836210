"""Documents: one signer's own instance of the template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple, cast
from uuid import UUID

import asyncpg

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.pages import NEWEST, OLDEST, IdRange, Listing, Page, ids_created, listing, page
from bulksend.db.pool import Connection
from bulksend.db.queries import query
from bulksend.db.rows import Row, attributes_of


class DocumentRow(Row):
    """One document with its delivery. `next_attempt_at` is None while its mail is in flight."""

    __slots__ = ()

    organization_id: UUID
    id: UUID
    bulk_send_id: UUID
    signer_index: int
    signer_name: str
    signer_email: str
    signer_phone: str | None
    external_id: str | None
    status: str
    link_generation: int
    viewed_at: datetime | None
    signed_at: datetime | None
    declined_at: datetime | None
    expires_at: datetime | None
    delivery_status: str
    attempts: int
    sent_at: datetime | None
    failed_at: datetime | None
    next_attempt_at: datetime | None
    waiting_for: str | None
    error_code: str | None
    error_message: str | None
    smtp_code: int | None
    created_at: datetime
    updated_at: datetime


class DocumentWithBulkSendRow(DocumentRow):
    """A bulk send in the first row, whose other columns are None; a document in each of the others."""

    __slots__ = ()

    bulk_send: asyncpg.Record | None


@dataclass(frozen=True, slots=True)
class BulkSendTotalRow:
    """The number of documents of a bulk send that match the filters."""

    bulk_send_id: UUID
    total: int


class Filters(NamedTuple):
    """The filters of a list of documents; None matches everything. `signer_email` ignores case."""

    signer_email: str | None = None
    external_id: str | None = None
    status: tuple[str, ...] | None = None
    delivery_status: tuple[str, ...] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    template_id: UUID | None = None
    bulk_send_id: UUID | None = None

    def arguments(self) -> tuple[object, ...]:
        """Return the filters in the order of the queries' parameters, without those of `bulk_send_ids` alone."""
        return self[:-1]

    @property
    def bulk_send_ids(self) -> IdRange:
        """The ids that the bulk sends of all matching documents lie between."""
        if self.bulk_send_id is not None:
            return IdRange(self.bulk_send_id, self.bulk_send_id)
        return ids_created(self.created_after, self.created_before)


class FiltersOfBulkSend(NamedTuple):
    """The filters of the documents of one bulk send. `search`: in the signer's name or address, ignoring case."""

    status: tuple[str, ...] | None = None
    delivery_status: tuple[str, ...] | None = None
    signer_email: str | None = None
    search: str | None = None


NO_FILTERS: Final = FiltersOfBulkSend()
BEFORE_FIRST_SIGNER: Final = -1
AFTER_LAST_SIGNER: Final = 500

Position = tuple[UUID, int]


class DocumentSpan(NamedTuple):
    """The range of a list of documents to read, between two positions: (bulk send id, signer index).

    The list has the newest bulk send first, and within each the order of its signers.
    """

    size: int
    after: Position = (NEWEST, AFTER_LAST_SIGNER)
    before: Position = (OLDEST, BEFORE_FIRST_SIGNER)
    backwards: bool = False

    def within(self, bulk_send_ids: IdRange) -> "DocumentSpan":
        """Return the part of this range that has the documents of these bulk sends."""
        # The newest id comes first, and so does the lowest index: the ends of a bulk send have the order of a cursor's.
        return self._replace(
            after=_later(self.after, (bulk_send_ids.newest, BEFORE_FIRST_SIGNER)),
            before=_earlier(self.before, (bulk_send_ids.oldest, AFTER_LAST_SIGNER)),
        )


class SignerSpan(NamedTuple):
    """The range of a bulk send's documents to read, between two signer indexes."""

    size: int
    after: int = BEFORE_FIRST_SIGNER
    before: int = AFTER_LAST_SIGNER
    backwards: bool = False


_GET_MANY = query("documents", "get_many", DocumentRow)
_ALL = listing("documents", DocumentRow)
_BY_SIGNER = listing("documents", DocumentRow, "_by_signer")
_BY_EXTERNAL_ID = listing("documents", DocumentRow, "_by_external_id")
_BY_TEMPLATE = listing("documents", DocumentRow, "_by_template")
_FIRST_OF_BULK_SENDS = query("documents", "first_of_bulk_sends", DocumentRow)
_LAST_OF_BULK_SENDS = query("documents", "last_of_bulk_sends", DocumentRow)
_WITH_BULK_SEND = query("documents", "with_bulk_send", DocumentWithBulkSendRow)
_COUNT_OF_BULK_SENDS = query("documents", "count_of_bulk_sends", BulkSendTotalRow)
_BULK_SEND_ID: Final = itemgetter(DocumentRow.columns["bulk_send_id"].index)


async def get_many(conn: Connection, *, organization_id: UUID, ids: Sequence[UUID]) -> list[DocumentRow]:
    """Return the documents with these ids, in no order; deleted and unknown ones are left out."""
    return await _GET_MANY.all(conn, organization_id, ids)


async def read_page(
    conn: Connection, *, organization_id: UUID, span: DocumentSpan, filters: Filters
) -> Page[DocumentRow]:
    """Return one page of an organization's documents."""
    bound = _listing(filters).page(backwards=span.backwards)
    span = span.within(filters.bulk_send_ids)
    rows = await bound.all(conn, organization_id, *span.after, *span.before, span.size + 1, *filters.arguments())
    return page(rows, size=span.size, backwards=span.backwards)


async def count(conn: Connection, *, organization_id: UUID, filters: Filters) -> int:
    """Return the number of documents that match the filters."""
    given = (organization_id, *filters.arguments(), *filters.bulk_send_ids)
    return cast(int, await _listing(filters).count.value(conn, *given))


def _listing(filters: Filters) -> Listing[DocumentRow]:
    if filters.signer_email is not None:
        return _BY_SIGNER
    if filters.external_id is not None:
        return _BY_EXTERNAL_ID
    # One bulk send is an even narrower range of the organization's documents.
    return _ALL if filters.template_id is None or filters.bulk_send_id else _BY_TEMPLATE


def _later(one: Position, other: Position) -> Position:
    """Return the position that comes later in the list."""
    return max(one, other, key=_order)


def _earlier(one: Position, other: Position) -> Position:
    return min(one, other, key=_order)


def _order(position: Position) -> tuple[int, int]:
    return -position[0].int, position[1]


async def read_pages_of_bulk_sends(
    conn: Connection,
    *,
    organization_id: UUID,
    bulk_send_ids: Sequence[UUID],
    span: SignerSpan,
    filters: FiltersOfBulkSend = NO_FILTERS,
) -> dict[UUID, Page[DocumentRow]]:
    """Return one page of the documents of each bulk send, in the order of its signers, in one statement."""
    bound = _LAST_OF_BULK_SENDS if span.backwards else _FIRST_OF_BULK_SENDS
    rows = await bound.all(conn, organization_id, bulk_send_ids, span.after, span.before, span.size + 1, *filters)
    grouped: dict[UUID, list[DocumentRow]] = {bulk_send_id: [] for bulk_send_id in bulk_send_ids}
    for bulk_send_id, group in groupby(rows, key=_BULK_SEND_ID):
        grouped[bulk_send_id] += group
    return {key: page(group, size=span.size, backwards=span.backwards) for key, group in grouped.items()}


async def read_first_page_with_bulk_send(
    conn: Connection,
    *,
    organization_id: UUID,
    bulk_send_id: UUID,
    size: int,
    filters: FiltersOfBulkSend = NO_FILTERS,
) -> tuple[BulkSendRow, Page[DocumentRow]] | None:
    """Fetch a bulk send and the first of its documents in one statement, or None if there is no such bulk send."""
    rows = await _WITH_BULK_SEND.all(conn, organization_id, bulk_send_id, size + 1, *filters)
    if not rows or rows[0].bulk_send is None:
        return None
    found: list[DocumentRow] = [*rows[1:]]
    return attributes_of(BulkSendRow, rows[0].bulk_send), page(found, size=size, backwards=False)


async def count_of_bulk_sends(
    conn: Connection,
    *,
    organization_id: UUID,
    bulk_send_ids: Sequence[UUID],
    filters: FiltersOfBulkSend = NO_FILTERS,
) -> dict[UUID, int]:
    """Return the number of documents of each bulk send that match the filters."""
    rows = await _COUNT_OF_BULK_SENDS.all(conn, organization_id, bulk_send_ids, *filters)
    return dict.fromkeys(bulk_send_ids, 0) | {row.bulk_send_id: row.total for row in rows}
