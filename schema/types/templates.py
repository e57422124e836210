"""Template: what is sent."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from bulksend.db import ids
from bulksend.db.templates import TemplateRow
from bulksend.execution import ColumnField, row_type
from bulksend.resolvers import template_fields
from bulksend.resolvers.context import Context
from bulksend.resolvers.loaders import when_loaded
from bulksend.schema.types.node import Node
from bulksend.schema.types.template_fields import TemplateField


@row_type(TemplateRow, id=ColumnField("id", ids.encoder(ids.TEMPLATE)))
@strawberry.type(description="A template: a name and a Markdown body with merge fields. Immutable.")
class Template(Node):
    name: str = strawberry.field(description="Name, shown to signers.")
    description: str | None = strawberry.field(description="Description for choosing among templates.")
    body: str = strawberry.field(
        description=(
            "Markdown with merge fields: `{{ signer.name }}`, `{{ signer.email }}`, and `{{ values.company }}` "
            "for a value given with each signer."
        )
    )
    merge_fields: list[str] = strawberry.field(
        description="Names used as `values.…` in the body, in order. Each signer's `values` must include them."
    )
    archived_at: datetime | None = strawberry.field(
        description="When it was archived; an archived template is not listed and cannot be sent."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    row: strawberry.Private[TemplateRow]

    def __init__(self, row: TemplateRow) -> None:
        self.row = row

    @strawberry.field(description="The fields that the body uses, in their order, with their types and rules.")
    def fields(self) -> list[TemplateField]:
        return list(map(TemplateField.from_field, self._fields()))

    @strawberry.field(
        description="The JSON Schema (2020-12) of the values that a signer's `values` must have, by field name."
    )
    def json_schema(self) -> JSON:
        return cast(JSON, template_fields.json_schema(self._fields()))

    def _fields(self) -> Sequence[template_fields.TemplateField]:
        # A prefetched template has no long columns; selecting these fields is what keeps it from being prefetched.
        return template_fields.load(self.row.fields)


def load(context: Context, template_id: UUID) -> Template | Awaitable[Template | None] | None:
    """Return a template, at once if the loader has it."""
    loading = context.loaders.templates.load(template_id)
    return when_loaded(loading, lambda row: Template(row) if row else None)
