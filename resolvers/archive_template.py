"""Archive a template: it leaves the lists and can no longer be sent; what was sent keeps it."""

from uuid import UUID

from bulksend.db import templates
from bulksend.db.pool import Connection, write
from bulksend.db.templates import TemplateRow
from bulksend.resolvers.context import Context


async def archive(context: Context, template_id: UUID) -> TemplateRow | None:
    """Archive a template and return it, or None if there is none. Archiving again changes nothing."""
    organization_id = context.caller.organization_id

    async def work(conn: Connection) -> TemplateRow | None:
        if not await templates.archive(conn, organization_id=organization_id, template_id=template_id):
            return None
        (row,) = await templates.get_many(conn, organization_id=organization_id, ids=[template_id])
        return row

    return await write(context.gateway.pool, work)
