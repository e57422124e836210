"""DataLoaders of one request: lookups of many fields are combined into one statement each.

Every batch acquires its own connection, because sibling fields run concurrently, and returns rows in key order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, overload
from uuid import UUID

from aiodataloader import DataLoader

from bulksend.db import bulk_sends, documents, events, sealed_pdfs, sent_documents, templates
from bulksend.db.bulk_sends import BulkSendRow, BulkSendWithTemplateRow
from bulksend.db.documents import DocumentRow, FiltersOfBulkSend, SignerSpan
from bulksend.db.events import EventRow
from bulksend.db.pages import Page
from bulksend.db.pool import Pool, reading
from bulksend.db.sealed_pdfs import SealedPdfRow
from bulksend.db.sent_documents import ContentRow
from bulksend.db.templates import TemplateRow


class DocumentsKey(NamedTuple):
    """One page of one bulk send's documents."""

    bulk_send_id: UUID
    span: SignerSpan
    filters: FiltersOfBulkSend


class TotalKey(NamedTuple):
    """The number of documents of one bulk send that match the filters."""

    bulk_send_id: UUID
    filters: FiltersOfBulkSend


Loaded = TypeVar("Loaded")
Made = TypeVar("Made")
Key = TypeVar("Key", DocumentsKey, TotalKey)


class Loaders:
    """The loaders of one request, created on first use. Unknown, deleted and foreign ids load as None."""

    def __init__(self, pool: Pool, organization_id: UUID | None) -> None:
        self._pool = pool
        self._organization_id = organization_id
        self._primed_bulk_sends: list[BulkSendRow] = []
        # Pages of documents by bulk send and requested page. Priming a loader with each would cost a future.
        self.prefetched: dict[tuple[UUID, object], Page[DocumentRow]] = {}

    @cached_property
    def bulk_sends(self) -> DataLoader[UUID, BulkSendRow | None]:
        """Load bulk sends by id."""
        loader: DataLoader[UUID, BulkSendRow | None] = DataLoader(self._load_bulk_sends)
        for row in self._primed_bulk_sends:
            _prime(loader, row)
        return loader

    @cached_property
    def documents(self) -> DataLoader[UUID, DocumentRow | None]:
        """Load documents by id."""
        return DataLoader(self._load_documents)

    @cached_property
    def contents(self) -> DataLoader[UUID, ContentRow | None]:
        """Load what documents were filled with, by document id."""
        return DataLoader(self._load_contents)

    @cached_property
    def histories(self) -> DataLoader[UUID, list[EventRow]]:
        """Load the events of documents, by document id."""
        return DataLoader(self._load_histories)

    @cached_property
    def templates(self) -> DataLoader[UUID, TemplateRow | None]:
        """Load templates by id."""
        return DataLoader(self._load_templates)

    @cached_property
    def sealed_pdfs(self) -> DataLoader[UUID, SealedPdfRow | None]:
        """Load hash and size of documents' sealed PDFs, by the document's id."""
        return DataLoader(self._load_sealed_pdfs)

    @cached_property
    def document_pages(self) -> DataLoader[DocumentsKey, Page[DocumentRow]]:
        """Load pages of bulk sends' documents."""
        return DataLoader(self._load_document_pages)

    @cached_property
    def document_totals(self) -> DataLoader[TotalKey, int]:
        """Load the number of documents of bulk sends."""
        return DataLoader(self._load_document_totals)

    def prime_bulk_sends(self, rows: Sequence[BulkSendRow]) -> None:
        """Add rows that have already been read, so that they are not loaded again."""
        if "bulk_sends" not in self.__dict__:
            self._primed_bulk_sends.extend(rows)
            return
        for row in rows:
            _prime(self.bulk_sends, row)

    async def _load_bulk_sends(self, ids: list[UUID]) -> list[BulkSendRow | None]:
        async with reading(self._pool) as conn:
            rows = await bulk_sends.get_many(conn, organization_id=self._organization, ids=ids)
        by_id = {row.id: row for row in rows}
        return [by_id.get(key) for key in ids]

    async def _load_documents(self, ids: list[UUID]) -> list[DocumentRow | None]:
        async with reading(self._pool) as conn:
            rows = await documents.get_many(conn, organization_id=self._organization, ids=ids)
        by_id = {row.id: row for row in rows}
        return [by_id.get(key) for key in ids]

    async def _load_contents(self, ids: list[UUID]) -> list[ContentRow | None]:
        async with reading(self._pool) as conn:
            rows = await sent_documents.get_contents(conn, organization_id=self._organization, document_ids=ids)
        by_id = {row.id: row for row in rows}
        return [by_id.get(key) for key in ids]

    async def _load_histories(self, ids: list[UUID]) -> list[list[EventRow]]:
        async with reading(self._pool) as conn:
            rows = await events.get_histories(conn, organization_id=self._organization, document_ids=ids)
        by_document: dict[UUID, list[EventRow]] = defaultdict(list)
        for row in rows:
            by_document[row.document_id].append(row)
        return [by_document[key] for key in ids]

    async def _load_templates(self, ids: list[UUID]) -> list[TemplateRow | None]:
        async with reading(self._pool) as conn:
            rows = await templates.get_many(conn, organization_id=self._organization, ids=ids)
        by_id = {row.id: row for row in rows}
        return [by_id.get(key) for key in ids]

    async def _load_sealed_pdfs(self, ids: list[UUID]) -> list[SealedPdfRow | None]:
        async with reading(self._pool) as conn:
            rows = await sealed_pdfs.get_many(conn, organization_id=self._organization, document_ids=ids)
        by_id = {row.document_id: row for row in rows}
        return [by_id.get(key) for key in ids]

    async def _load_document_pages(self, keys: list[DocumentsKey]) -> list[Page[DocumentRow]]:
        pages: dict[DocumentsKey, Page[DocumentRow]] = {}
        async with reading(self._pool) as conn:
            # Keys that differ only in their bulk send, as on a page of bulk sends, share one statement.
            for alike in _grouped(keys):
                one = alike[0]
                read = await documents.read_pages_of_bulk_sends(
                    conn,
                    organization_id=self._organization,
                    bulk_send_ids=[key.bulk_send_id for key in alike],
                    span=one.span,
                    filters=one.filters,
                )
                pages |= {key: read[key.bulk_send_id] for key in alike}
        return [pages[key] for key in keys]

    async def _load_document_totals(self, keys: list[TotalKey]) -> list[int]:
        totals: dict[TotalKey, int] = {}
        async with reading(self._pool) as conn:
            for alike in _grouped(keys):
                one = alike[0]
                counted = await documents.count_of_bulk_sends(
                    conn,
                    organization_id=self._organization,
                    bulk_send_ids=[key.bulk_send_id for key in alike],
                    filters=one.filters,
                )
                totals |= {key: counted[key.bulk_send_id] for key in alike}
        return [totals[key] for key in keys]

    @property
    def _organization(self) -> UUID:
        if self._organization_id is None:
            raise RuntimeError("a request without a viewer cannot load anything")
        return self._organization_id


def _grouped(keys: Sequence[Key]) -> Iterable[list[Key]]:
    groups: dict[tuple[object, ...], list[Key]] = defaultdict(list)
    for key in keys:
        groups[key[1:]].append(key)
    return groups.values()


def _prime(loader: DataLoader[UUID, BulkSendRow | None], row: BulkSendRow) -> None:
    # Whoever loads a bulk send may select more of its template than was read with it.
    loader.prime(row.id, row.without_template if isinstance(row, BulkSendWithTemplateRow) else row)


@overload
def when_loaded(loading: "asyncio.Future[Loaded]", make: Callable[[Loaded], Made]) -> Made | Awaitable[Any]: ...
@overload
def when_loaded(
    loading: "Loaded | asyncio.Future[Loaded]", make: Callable[[Loaded], Made]
) -> Made | Awaitable[Any]: ...
def when_loaded(loading: Any, make: Callable[[Any], Any]) -> Any:
    """Return `make` of what is loaded: at once if it is there, else as an awaitable; `make` may return one too."""
    if not isinstance(loading, asyncio.Future):
        return make(loading)
    return make(loading.result()) if loading.done() else _when_loaded(loading, make)


async def _when_loaded(loading: "asyncio.Future[Loaded]", make: Callable[[Loaded], Any]) -> Any:
    made = make(await loading)
    return await made if isinstance(made, Awaitable) else made
