"""Read, create and archive templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from bulksend.db import templates
from bulksend.db.pages import NEWEST, OLDEST, Span
from bulksend.db.pool import Connection, reading, write
from bulksend.db.templates import TemplateRow
from bulksend.resolvers import template_fields
from bulksend.resolvers.context import Context
from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.pages import ConnectionPage, ListCursors, PageArguments, connection_page
from bulksend.resolvers.template_inputs import ValidTemplate, validate_template
from bulksend.resolvers.user_errors import MutationError

MAXIMUM_PAGE = 100


async def get(context: Context, template_id: UUID) -> TemplateRow | None:
    """Return one template of the viewer's organization, or None."""
    return await context.loaders.templates.load(template_id)


async def read_page(context: Context, arguments: PageArguments, search: str | None) -> ConnectionPage[TemplateRow]:
    """Return one page of templates, newest first. Raise `BadUserInput`."""
    cursors = ListCursors("templates", search, parent=context.caller.organization_id)
    span = Span(
        size=arguments.size(MAXIMUM_PAGE),
        after=cursors.decode(arguments.after, field="after")[0] if arguments.after is not None else NEWEST,
        before=cursors.decode(arguments.before, field="before")[0] if arguments.before is not None else OLDEST,
        backwards=arguments.backwards,
    )
    read = partial(templates.read_page, organization_id=context.caller.organization_id, span=span, search=search)
    page = await context.gateway.replica.read(reading, read)
    return connection_page(page, lambda row: cursors.encode(row.id), arguments)


async def count(context: Context, search: str | None) -> int:
    """Return the number of templates that match `search`."""
    read = partial(templates.count, organization_id=context.caller.organization_id, search=search)
    return await context.gateway.replica.read(reading, read)


async def archive(context: Context, template_id: UUID) -> TemplateRow | None:
    """Archive a template and return it, or None if there is none. Archiving again changes nothing."""
    organization_id = context.caller.organization_id

    async def work(conn: Connection) -> TemplateRow | None:
        if not await templates.archive(conn, organization_id=organization_id, template_id=template_id):
            return None
        (row,) = await templates.get_many(conn, organization_id=organization_id, ids=[template_id])
        return row

    return await write(context.gateway.pool, work)


@dataclass(frozen=True, slots=True)
class CreateTemplateResult:
    """The template that was created, or the reasons why none was."""

    template: TemplateRow | None = None
    errors: Sequence[MutationError] = ()


async def create(context: Context, raw: Mapping[str, Any]) -> CreateTemplateResult:
    """Create a template from the unvalidated input of a caller."""
    try:
        valid = await context.in_template_thread(partial(validate_template, raw))
    except Invalid as invalid:
        return CreateTemplateResult(errors=invalid.errors)
    organization_id = context.caller.organization_id

    async def work(conn: Connection) -> TemplateRow:
        template_id = await store(conn, organization_id, valid)
        (row,) = await templates.get_many(conn, organization_id=organization_id, ids=[template_id])
        return row

    return CreateTemplateResult(template=await write(context.gateway.pool, work))


async def store(conn: Connection, organization_id: UUID, valid: ValidTemplate) -> UUID:
    """Insert a validated template and return its id."""
    return await templates.create(
        conn,
        organization_id=organization_id,
        name=valid.name,
        description=valid.description,
        body=valid.body,
        merge_fields=valid.merge_fields,
        fields=template_fields.dump(valid.fields),
    )
