"""Template: what is sent."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Self, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from bulksend.db import ids
from bulksend.db.bulk_sends import ListedTemplate
from bulksend.db.templates import TemplateRow
from bulksend.execution.row_mapping import Column, dressed
from bulksend.resolvers import template_fields
from bulksend.resolvers.context import Context
from bulksend.schema.types.node import Node
from bulksend.schema.types.template_fields import TemplateField


@dressed(id=Column("id", ids.encoder(ids.TEMPLATE)))
@strawberry.type(description="What is sent: a name and a Markdown body with merge fields. It never changes.")
class Template(Node):
    """What is sent."""

    name: str = strawberry.field(description="Its name, which signers see.")
    description: str | None = strawberry.field(description="A note for those who choose among templates.")
    body: str = strawberry.field(
        description=(
            "Markdown with merge fields: `{{ signer.name }}`, `{{ signer.email }}`, and `{{ values.company }}` "
            "for a value that each signer brings."
        )
    )
    merge_fields: list[str] = strawberry.field(
        description="The names after `values.` in the body, in order: what each signer's `values` must bring."
    )
    archived_at: datetime | None = strawberry.field(
        description="When it was archived; an archived template is not listed and cannot be sent."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    row: strawberry.Private[TemplateRow | ListedTemplate]

    def __init__(self, row: TemplateRow | ListedTemplate) -> None:
        self.row = row

    @classmethod
    def of(cls, row: TemplateRow) -> Self:
        """Dress a row."""
        return cls(row)

    @strawberry.field(description="The fields that the body uses, in their order, with their types and rules.")
    def fields(self) -> list[TemplateField]:
        """Return the fields of the body."""
        return list(map(TemplateField.from_field, self._fields()))

    @strawberry.field(
        description="The JSON Schema (2020-12) of the values that a signer's `values` must have, by field name."
    )
    def json_schema(self) -> JSON:
        """Return the schema that `template_fields.json_schema` makes."""
        return cast(JSON, template_fields.json_schema(self._fields()))

    def _fields(self) -> Sequence[template_fields.TemplateField]:
        # A prefetched template has no long columns; selecting these fields is what keeps it from being prefetched.
        return template_fields.load(cast(TemplateRow, self.row).fields)


def load(context: Context, template_id: UUID) -> Template | Awaitable[Template | None] | None:
    """Give a template, at once if a loader has it."""
    loading = context.loaders.templates.load(template_id)
    return _dressed(loading.result()) if loading.done() else _when_loaded(loading)


async def _when_loaded(loading: Awaitable[TemplateRow | None]) -> Template | None:
    return _dressed(await loading)


def _dressed(row: TemplateRow | None) -> Template | None:
    return Template(row) if row else None
