"""What is read together with bulk sends because the operation asks for it below them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.db.documents import DocumentRow
from bulksend.db.pages import Page
from bulksend.resolvers import bulk_sends, documents
from bulksend.resolvers.context import Context
from bulksend.resolvers.cursors import PageArguments
from bulksend.resolvers.documents import FirstPage
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.selections import Arguments, Asked, is_alone, learn
from bulksend.schema.types.info import Info

DOCUMENTS_READERS: Final = (Scope.DOCUMENTS_READ, Scope.BULK_SENDS_READ)
# A body may have 100 kB: one is enough for all the bulk sends of a template.
_LONG: Final = frozenset({"body", "mergeFields", "fields", "jsonSchema", "archivedAt"})


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was read with some bulk sends: `documents` of each by its id, of the page that `first_page` says."""

    has_templates: bool = False
    first_page: FirstPage | None = None
    documents: Mapping[UUID, Page[DocumentRow]] = field(default_factory=dict)


NOTHING_AHEAD: Final = Ahead()


class Below(NamedTuple):
    """What an operation asks below bulk sends: of their templates nothing long, and the documents' arguments."""

    templates: bool
    documents: Arguments | None


def below_connection(info: Info) -> Below:
    """Tell what is asked of the rows of this field's connection."""
    return learn(info, _of_connection)


def below(info: Info) -> Below:
    """Tell what is asked of this field's bulk send."""
    return learn(info, _of_bulk_send)


def templates_wanted(info: Info, asked: Below) -> bool:
    """Whether to join the templates."""
    return asked.templates and info.context.has(Scope.TEMPLATES_READ)


def documents_wanted(info: Info, asked: Below) -> FirstPage | None:
    """Give which page of documents to read together with the bulk sends, if any."""
    if asked.documents is None or not info.context.has(*DOCUMENTS_READERS) or not is_alone(info):
        return None
    given = asked.documents.given(info)
    page = PageArguments(given.get("first"), given.get("after"), given.get("last"), given.get("before"))
    return documents.first_page(
        page, arguments.values(given.get("status")), arguments.values(given.get("deliveryStatus"))
    )


async def read(
    context: Context, rows: Sequence[BulkSendRow], first_page: FirstPage | None, *, has_templates: bool
) -> Ahead:
    """Read the documents of a page's bulk sends, and tell what there is now."""
    if first_page is None or not rows:
        return Ahead(has_templates)
    pages = await documents.read_first_pages(context, [row.id for row in rows], first_page)
    return Ahead(has_templates, first_page, pages)


async def get(context: Context, bulk_send_id: UUID, first_page: FirstPage) -> tuple[BulkSendRow, Ahead] | None:
    """Read one bulk send with its documents."""
    found = await bulk_sends.get_with_documents(context, bulk_send_id, first_page)
    return (found[0], Ahead(False, first_page, {bulk_send_id: found[1]})) if found else None


def _of_connection(asked: Asked) -> Below:
    return _of_bulk_send(asked.rows())


def _of_bulk_send(asked: Asked) -> Below:
    templates = asked.at("template")
    return Below(
        bool(templates.nodes) and _LONG.isdisjoint(templates.below), asked.at("documents").arguments("BulkSend")
    )
