"""Read templates."""

from functools import partial
from uuid import UUID

from bulksend.db import templates
from bulksend.db.pages import NEWEST, OLDEST, Span
from bulksend.db.pool import reading
from bulksend.db.templates import TemplateRow
from bulksend.resolvers.context import Context
from bulksend.resolvers.cursors import ListCursors, PageArguments
from bulksend.resolvers.pages import ConnectionPage, connection_page

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
