"""Templates: what is sent. Their content never changes; they are archived, not deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from bulksend.db.pages import Page, Span, page
from bulksend.db.pool import Connection
from bulksend.db.queries import command, query
from bulksend.db.rows import Row


class TemplateRow(Row):
    """One template. `merge_fields`: names of the fields that the sender fills; `fields`: all of them, as JSON text."""

    __slots__ = ()

    organization_id: UUID
    id: UUID
    name: str
    description: str | None
    body: str
    merge_fields: list[str]
    fields: str
    archived_at: datetime | None
    created_at: datetime


_GET_MANY = query("templates", "get_many", TemplateRow)
_FIRST_PAGE = query("templates", "first_page", TemplateRow)
_LAST_PAGE = query("templates", "last_page", TemplateRow)
_COUNT = command("templates", "count")
_CREATE = command("templates", "create")
_ARCHIVE = command("templates", "archive")


async def get_many(conn: Connection, *, organization_id: UUID, ids: Sequence[UUID]) -> list[TemplateRow]:
    """Return the templates with these ids, archived ones too, in no order; unknown ids are left out."""
    return await _GET_MANY.all(conn, organization_id, ids)


async def read_page(
    conn: Connection, *, organization_id: UUID, span: Span, search: str | None = None
) -> Page[TemplateRow]:
    """Return one page of templates that are not archived, newest first. `search`: a part of the name in any case."""
    bound = _LAST_PAGE if span.backwards else _FIRST_PAGE
    rows = await bound.all(conn, organization_id, span.after, span.before, span.size + 1, search)
    return page(rows, size=span.size, backwards=span.backwards)


async def count(conn: Connection, *, organization_id: UUID, search: str | None = None) -> int:
    """Return the number of templates that match `search` and are not archived."""
    return cast(int, await _COUNT.value(conn, organization_id, search))


async def create(
    conn: Connection,
    *,
    organization_id: UUID,
    name: str,
    description: str | None,
    body: str,
    merge_fields: Sequence[str],
    fields: str,
) -> UUID:
    """Insert a template and return its id. `fields`: JSON text."""
    return cast(UUID, await _CREATE.value(conn, organization_id, name, description, body, merge_fields, fields))


async def archive(conn: Connection, *, organization_id: UUID, template_id: UUID) -> bool:
    """Archive a template unless it is already; return whether there is one."""
    return await _ARCHIVE.value(conn, organization_id, template_id) is not None
