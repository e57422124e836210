"""Create a template: validate its text and fields, then store it for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from bulksend.db import templates
from bulksend.db.pool import Connection, write
from bulksend.db.templates import TemplateRow
from bulksend.resolvers import template_fields
from bulksend.resolvers.context import Context
from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.template_inputs import ValidTemplate, validate_template
from bulksend.resolvers.user_errors import MutationError


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
