"""Templates: what is sent. They never change and are never deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from bulksend.db.pages import Page, Span, page
from bulksend.db.pool import Connection
from bulksend.db.queries import command, query
from bulksend.db.rows import Row


class TemplateRow(Row):
    """One template. `merge_fields`: the names that `{{ values.… }}` asks for."""

    __slots__ = ()

    organization_id: UUID
    id: UUID
    name: str
    description: str | None
    body: str
    merge_fields: list[str]
    created_at: datetime


_GET_MANY = query("templates", "get_many", TemplateRow)
_FIRST_PAGE = query("templates", "first_page", TemplateRow)
_LAST_PAGE = query("templates", "last_page", TemplateRow)
_COUNT = command("templates", "count")
_CREATE = command("templates", "create")


async def get_many(conn: Connection, *, organization_id: UUID, ids: Sequence[UUID]) -> list[TemplateRow]:
    """Give the templates with these ids, in no order; unknown ones are left out."""
    return await _GET_MANY.all(conn, organization_id, ids)


async def read_page(
    conn: Connection, *, organization_id: UUID, span: Span, search: str | None = None
) -> Page[TemplateRow]:
    """Give one page, newest first. `search`: a part of the name, whatever its case."""
    bound = _LAST_PAGE if span.backwards else _FIRST_PAGE
    rows = await bound.all(conn, organization_id, span.after, span.before, span.size + 1, search)
    return page(rows, size=span.size, backwards=span.backwards)


async def count(conn: Connection, *, organization_id: UUID, search: str | None = None) -> int:
    """Give how many templates `search` leaves."""
    return cast(int, await _COUNT.value(conn, organization_id, search))


async def create(
    conn: Connection,
    *,
    organization_id: UUID,
    name: str,
    description: str | None,
    body: str,
    merge_fields: Sequence[str],
) -> UUID:
    """Store a template and give its id."""
    return cast(UUID, await _CREATE.value(conn, organization_id, name, description, body, merge_fields))
