"""Read together with bulk sends what the operation selects below them."""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from strawberry import UNSET
from strawberry.types.unset import UnsetType

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.documents import FiltersOfBulkSend
from bulksend.resolvers import bulk_sends, documents
from bulksend.resolvers.documents import PageOfBulkSend
from bulksend.resolvers.errors import BadUserInput
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.selections import Arguments, Asked, is_alone, learn
from bulksend.schema.types.info import Info

DOCUMENTS_READERS: Final = (Scope.DOCUMENTS_READ, Scope.BULK_SENDS_READ)
# A body may have 100 kB: the loader reads it once for all the bulk sends of a template.
_LONG: Final = frozenset({"body", "mergeFields", "fields", "jsonSchema", "archivedAt"})


class Below(NamedTuple):
    """The selection below bulk sends: whether short fields of their templates alone, and the documents' arguments."""

    templates: bool
    documents: Arguments | None


def below_connection(info: Info) -> Below:
    """Return what this connection's field selects of its rows."""
    return learn(info, _of_connection)


def templates_wanted(info: Info, selected: Below) -> bool:
    """Return whether to join the templates: then their columns are in the rows of the bulk sends."""
    return selected.templates and info.context.has(Scope.TEMPLATES_READ)


async def bulk_send_with_documents(info: Info, bulk_send_id: UUID) -> BulkSendRow | None:
    """Return a bulk send, or None, with its documents in the same statement if the first of them are selected.

    For a field that is alone in its operation, and a viewer who may read bulk sends.
    """
    wanted = documents_wanted(info, learn(info, _of_bulk_send))
    if wanted is None or not wanted.is_first:
        return await bulk_sends.get_directly(info.context, bulk_send_id)
    return await documents.prefetch_first_page_with_bulk_send(info.context, bulk_send_id, wanted)


async def prefetch_documents(info: Info, rows: Sequence[BulkSendRow], selected: Below) -> None:
    """Read the documents of these bulk sends, in one statement, if they are selected."""
    wanted = documents_wanted(info, selected) if is_alone(info) else None
    if wanted is not None:
        await documents.prefetch_pages_of_bulk_sends(info.context, [row.id for row in rows], wanted)


def documents_wanted(info: Info, selected: Below) -> PageOfBulkSend | None:
    """Return the page of documents that is selected of each bulk send, if the viewer may read documents."""
    if selected.documents is None or not info.context.has(*DOCUMENTS_READERS):
        return None
    given = selected.documents.given(info)
    try:
        return documents_page(
            given.get("first", UNSET),
            given.get("after", UNSET),
            given.get("last", UNSET),
            given.get("before", UNSET),
            given.get("status", UNSET),
            given.get("deliveryStatus", UNSET),
            given.get("signerEmail", UNSET),
            given.get("search", UNSET),
        )
    except BadUserInput:
        # An error of the documents, not of their bulk sends.
        return None


def documents_page(
    first: int | UnsetType | None = UNSET,
    after: str | UnsetType | None = UNSET,
    last: int | UnsetType | None = UNSET,
    before: str | UnsetType | None = UNSET,
    status: Sequence[Enum] | UnsetType | None = UNSET,
    delivery_status: Sequence[Enum] | UnsetType | None = UNSET,
    signer_email: str | UnsetType | None = UNSET,
    search: str | UnsetType | None = UNSET,
) -> PageOfBulkSend:
    """Return the page that these arguments of `BulkSend.documents` request. Raise `BadUserInput`."""
    statuses, delivery_statuses = arguments.values(status), arguments.values(delivery_status)
    return _documents_page(first, after, last, before, statuses, delivery_statuses, signer_email, search)


# Remembered, since a page that was prefetched is found by the identity of this object.
@lru_cache(maxsize=256)
def _documents_page(
    first: int | UnsetType | None,
    after: str | UnsetType | None,
    last: int | UnsetType | None,
    before: str | UnsetType | None,
    statuses: tuple[str, ...] | None,
    delivery_statuses: tuple[str, ...] | None,
    signer_email: str | UnsetType | None,
    search: str | UnsetType | None,
) -> PageOfBulkSend:
    filters = FiltersOfBulkSend(
        statuses,
        delivery_statuses,
        arguments.email(signer_email, field="signerEmail"),
        arguments.text(search, field="search"),
    )
    return documents.page_of_bulk_send(arguments.page(first, after, last, before), filters)


def _of_connection(asked: Asked) -> Below:
    return _of_bulk_send(asked.rows())


def _of_bulk_send(row: Asked) -> Below:
    templates = row.at("template")
    return Below(bool(templates.nodes) and _LONG.isdisjoint(templates.below), row.at("documents").arguments("BulkSend"))
