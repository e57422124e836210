"""Template: what is sent."""

from datetime import datetime
from typing import Self

import strawberry

from bulksend.db import ids
from bulksend.db.templates import TemplateRow
from bulksend.schema.dressing import dressed
from bulksend.schema.node import Node


@dressed(id=lambda self: ids.encode(ids.TEMPLATE, self.row.id))
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
    created_at: datetime = strawberry.field(description="When it was added.")
    row: strawberry.Private[TemplateRow]

    def __init__(self, row: TemplateRow) -> None:
        self.row = row

    @classmethod
    def of(cls, row: TemplateRow) -> Self:
        """Dress a row."""
        return cls(row)
