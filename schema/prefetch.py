"""Read together with bulk sends what the operation selects below them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from bulksend.db.bulk_sends import BulkSendRow
from bulksend.resolvers import documents
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


def below(info: Info) -> Below:
    """Return what this field selects of its bulk send."""
    return learn(info, _of_bulk_send)


def templates_wanted(info: Info, selected: Below) -> bool:
    """Return whether to join the templates: then their columns are in the rows of the bulk sends."""
    return selected.templates and info.context.has(Scope.TEMPLATES_READ)


async def prime_documents(info: Info, rows: Sequence[BulkSendRow], selected: Below) -> None:
    """Read the documents of these bulk sends for their loader, if they are selected."""
    if selected.documents is None or not info.context.has(*DOCUMENTS_READERS) or not is_alone(info):
        return
    given = selected.documents.given(info)
    page = arguments.page(given.get("first"), given.get("after"), given.get("last"), given.get("before"))
    filters = arguments.values(given.get("status")), arguments.values(given.get("deliveryStatus"))
    # An invalid size is an error of the documents, not of their bulk sends.
    with suppress(BadUserInput):
        wanted = documents.page_of_bulk_send(page, *filters)
        await documents.prime_pages_of_bulk_sends(info.context, [row.id for row in rows], wanted)


def _of_connection(asked: Asked) -> Below:
    return _of_bulk_send(asked.rows())


def _of_bulk_send(row: Asked) -> Below:
    templates = row.at("template")
    return Below(bool(templates.nodes) and _LONG.isdisjoint(templates.below), row.at("documents").arguments("BulkSend"))
