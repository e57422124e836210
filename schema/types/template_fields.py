"""TemplateField: a typed value of a template."""

from typing import Final

import strawberry
from strawberry import UNSET

from bulksend.resolvers import template_fields
from bulksend.schema.types.enums import publish

_TYPES: Final = {
    template_fields.TemplateFieldType.TEXT: "One line of text.",
    template_fields.TemplateFieldType.MULTILINE_TEXT: "Text with line breaks.",
    template_fields.TemplateFieldType.INTEGER: "A whole number, such as `42`.",
    template_fields.TemplateFieldType.DECIMAL: "A number with at most 10 decimals, such as `42.50`.",
    template_fields.TemplateFieldType.DATE: "A calendar date, such as `2026-05-28`.",
    template_fields.TemplateFieldType.CHOICE: "One of the field's `choices`.",
    template_fields.TemplateFieldType.EMAIL: "A well-formed email address.",
    template_fields.TemplateFieldType.CHECKBOX: "`true` or `false`; shown as a box.",
}
_FILLED_BY: Final = {
    template_fields.FilledBy.SENDER: "The sender, in `values` of a signer on create.",
    template_fields.FilledBy.SIGNER: "The signer, on the signing page.",
}

TemplateFieldType = publish(template_fields.TemplateFieldType, _TYPES, "The type of a template field.")
FilledBy = publish(template_fields.FilledBy, _FILLED_BY, "Who fills a template field.")


@strawberry.type(description="A named value of a template: its type, its rules, and who fills it.")
class TemplateField:
    name: str = strawberry.field(description="The name after `values.` in the body.")
    type: template_fields.TemplateFieldType = strawberry.field(description="The type of its values.")
    label: str | None = strawberry.field(description="The name to show to people.")
    filled_by: template_fields.FilledBy = strawberry.field(description="Who fills it.")
    required: bool = strawberry.field(description="Whether a value must be given unless there is a default.")
    default: str | None = strawberry.field(description="The value used when none is given.")
    min_length: int | None = strawberry.field(description="The least number of characters of a text.")
    max_length: int | None = strawberry.field(description="The greatest number of characters of a text.")
    minimum: str | None = strawberry.field(description="The least number, or the first date.")
    maximum: str | None = strawberry.field(description="The greatest number, or the last date.")
    choices: list[str] = strawberry.field(description="The values of a `CHOICE`; empty for other types.")

    @classmethod
    def from_field(cls, field: template_fields.TemplateField) -> "TemplateField":
        """Return the GraphQL object of a field."""
        return cls(
            name=field.name,
            type=field.type,
            label=field.label,
            filled_by=field.filled_by,
            required=field.required,
            default=field.default,
            min_length=field.min_length,
            max_length=field.max_length,
            minimum=field.minimum,
            maximum=field.maximum,
            choices=list(field.choices),
        )


@strawberry.input(description="The declaration of one template field.")
class TemplateFieldInput:
    name: str = strawberry.field(description="The name after `values.` in the body, which must use it.")
    type: template_fields.TemplateFieldType | None = strawberry.field(
        default=UNSET, description="The type of its values. Default: `TEXT`."
    )
    label: str | None = strawberry.field(default=UNSET, description="The name to show to people: 1–200 characters.")
    filled_by: template_fields.FilledBy | None = strawberry.field(
        default=UNSET, description="Who fills it. Default: `SENDER`."
    )
    required: bool | None = strawberry.field(
        default=UNSET, description="Whether a value must be given unless there is a default. Default: true."
    )
    default: str | None = strawberry.field(default=UNSET, description="The value used when none is given.")
    min_length: int | None = strawberry.field(
        default=UNSET, description="The least number of characters of a `TEXT` or `MULTILINE_TEXT`: 0–1000."
    )
    max_length: int | None = strawberry.field(
        default=UNSET, description="The greatest number of characters of a `TEXT` or `MULTILINE_TEXT`: 0–1000."
    )
    minimum: str | None = strawberry.field(
        default=UNSET, description="The least `INTEGER` or `DECIMAL`, or the first `DATE`."
    )
    maximum: str | None = strawberry.field(
        default=UNSET, description="The greatest `INTEGER` or `DECIMAL`, or the last `DATE`."
    )
    choices: list[str] | None = strawberry.field(
        default=UNSET, description="The values of a `CHOICE`: 1–100, each of 1–200 characters."
    )
