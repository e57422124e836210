"""Inputs and payloads of the template mutations."""

import base64
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from bulksend.resolvers import preview_template
from bulksend.resolvers.preview_template import TemplatePreview as Preview
from bulksend.schema.types.info import Info
from bulksend.schema.types.inputs import MergeValueInput
from bulksend.schema.types.payloads import UserError
from bulksend.schema.types.template_fields import TemplateField, TemplateFieldInput
from bulksend.schema.types.templates import Template


@strawberry.input(description="A new template.")
class CreateTemplateInput:
    name: str = strawberry.field(description="Its name, which signers see: 1–200 characters.")
    description: str | None = strawberry.field(
        default=UNSET, description="A note for those who choose among templates: at most 1000 characters."
    )
    body: str = strawberry.field(
        description=(
            "Markdown with merge fields, at most 100,000 characters. It may begin with front matter: YAML between two "
            "lines of `---` that declares `fields`."
        )
    )
    fields: list[TemplateFieldInput] | None = strawberry.field(
        default=UNSET,
        description="The fields that are more than one line of text from the sender; others need no declaration.",
    )


@strawberry.input(description="The template to archive.")
class ArchiveTemplateInput:
    id: strawberry.ID = strawberry.field(description="The template.")


@strawberry.input(description="The template to preview: `templateId`, or a `body` that is not stored.")
class PreviewTemplateInput:
    template_id: strawberry.ID | None = strawberry.field(default=UNSET, description="A stored template.")
    body: str | None = strawberry.field(default=UNSET, description="Markdown, as in `createTemplate`.")
    fields: list[TemplateFieldInput] | None = strawberry.field(
        default=UNSET, description="The declared fields of `body`, as in `createTemplate`."
    )
    signer_name: str | None = strawberry.field(default=UNSET, description="Default: a sample name.")
    signer_email: str | None = strawberry.field(default=UNSET, description="Default: a sample address.")
    values: list[MergeValueInput] | None = strawberry.field(
        default=UNSET, description="Values of fields; sample values fill the others."
    )


@strawberry.type(description="A template as one signer would see it.")
class TemplatePreview:
    html: str = strawberry.field(description="The document as a sanitised HTML fragment.")
    fields: list[TemplateField] = strawberry.field(description="The template's fields, in the order of the body.")
    source: strawberry.Private[Preview]

    @classmethod
    def from_preview(cls, preview: Preview) -> "TemplatePreview":
        """Return the GraphQL object of a preview."""
        return cls(html=preview.html, fields=list(map(TemplateField.from_field, preview.fields)), source=preview)

    @strawberry.field(
        description="The document's pages as a PDF in base64, as they will stand in the sealed PDF before its "
        "certificate. Rendered only if selected."
    )
    async def pdf(self, info: Info) -> str:
        return base64.b64encode(await preview_template.pdf(info.context, self.source)).decode()


@strawberry.type(description="The outcome of `createTemplate`.")
class CreateTemplatePayload:
    template: Template | None = strawberry.field(description="The new template; null if there are errors.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was created; empty on success.")


@strawberry.type(description="The outcome of `archiveTemplate`.")
class ArchiveTemplatePayload:
    template: Template | None = strawberry.field(description="The archived template; null if there are errors.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was archived; empty on success.")


@strawberry.type(description="The outcome of `previewTemplate`.")
class PreviewTemplatePayload:
    preview: TemplatePreview | None = strawberry.field(description="The preview; null if there are errors.")
    user_errors: list[UserError] = strawberry.field(description="Why there is no preview; empty on success.")


def raw_input(given: Any) -> dict[str, Any]:
    """Return what a caller gave of an input, with the schema's names, as the models of the resolvers read it."""
    names = {field.name: _camel(field.name) for field in fields(given)}
    values = {name: getattr(given, attribute) for attribute, name in names.items()}
    return {name: _raw(value) for name, value in values.items() if value is not UNSET and value is not None}


def _raw(value: Any) -> Any:
    if isinstance(value, list):
        return [_raw(item) for item in value]
    if isinstance(value, TemplateFieldInput):
        return raw_input(value)
    return value.value if isinstance(value, Enum) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def values_by_field(given: list[MergeValueInput] | None) -> Mapping[str, str]:
    """Return values by the name of their field; the last one counts."""
    return {value.field: value.value for value in given or ()}
