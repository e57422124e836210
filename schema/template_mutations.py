"""The mutations of templates."""

from typing import Annotated

import strawberry

from bulksend.db import ids
from bulksend.resolvers import preview_template, templates
from bulksend.resolvers.context import Context
from bulksend.resolvers.preview_template import SIGNER_EMAIL, SIGNER_NAME, PreviewTemplateResult, SampleSigner
from bulksend.resolvers.user_errors import MutationError, UserErrorCode
from bulksend.resolvers.viewer import Scope
from bulksend.schema import arguments
from bulksend.schema.types.info import Info
from bulksend.schema.types.payloads import UserError, not_found
from bulksend.schema.types.template_inputs import (
    ArchiveTemplateInput,
    ArchiveTemplatePayload,
    CreateTemplateInput,
    CreateTemplatePayload,
    PreviewTemplateInput,
    PreviewTemplatePayload,
    TemplatePreview,
    raw_input,
    values_by_field,
)
from bulksend.schema.types.templates import Template


@strawberry.type
class TemplateMutations:
    """Fields of `Mutation` that concern templates."""

    @strawberry.mutation(description="Create a template. Requires the `templates.write` scope.")
    async def create_template(
        self,
        info: Info,
        input: Annotated[CreateTemplateInput, strawberry.argument(description="The template.")],
    ) -> CreateTemplatePayload | None:
        info.context.begin_mutation(Scope.TEMPLATES_WRITE)
        result = await templates.create(info.context, raw_input(input))
        return CreateTemplatePayload(
            template=Template(result.template) if result.template else None,
            user_errors=list(map(UserError.of, result.errors)),
        )

    @strawberry.mutation(
        description=(
            "Archive a template: it is no longer listed and can no longer be sent, and what was sent keeps it. "
            "Requires the `templates.write` scope."
        )
    )
    async def archive_template(
        self,
        info: Info,
        input: Annotated[ArchiveTemplateInput, strawberry.argument(description="The template.")],
    ) -> ArchiveTemplatePayload | None:
        info.context.begin_mutation(Scope.TEMPLATES_WRITE)
        template_id = arguments.uuid(ids.TEMPLATE, input.id)
        row = await templates.archive(info.context, template_id) if template_id else None
        if row is None:
            return ArchiveTemplatePayload(template=None, user_errors=[_no_template("id")])
        return ArchiveTemplatePayload(template=Template(row), user_errors=[])

    @strawberry.mutation(
        description=(
            "Return a template as a signer would see it, without storing anything. Requires the `templates.read` scope."
        )
    )
    async def preview_template(
        self,
        info: Info,
        input: Annotated[PreviewTemplateInput, strawberry.argument(description="The template.")],
    ) -> PreviewTemplatePayload | None:
        info.context.begin_mutation(Scope.TEMPLATES_READ)
        result = await _preview(info.context, input)
        return PreviewTemplatePayload(
            preview=TemplatePreview.from_preview(result.preview) if result.preview else None,
            user_errors=list(map(UserError.of, result.errors)),
        )


async def _preview(context: Context, given: PreviewTemplateInput) -> PreviewTemplateResult:
    values = values_by_field(arguments.given(given.values))
    name = arguments.text(given.signer_name, field="signerName") or SIGNER_NAME
    email = arguments.text(given.signer_email, field="signerEmail") or SIGNER_EMAIL
    signer = SampleSigner(name, email, values)
    wanted, body = arguments.given(given.template_id), arguments.given(given.body)
    if (wanted is None) == (body is None):
        message = "either templateId or body must be given"
        return PreviewTemplateResult(errors=[MutationError(UserErrorCode.REQUIRED, ("body",), message)])
    if wanted is None:
        raw = {key: value for key, value in raw_input(given).items() if key in ("body", "fields")}
        return await preview_template.preview_text(context, raw, signer)
    template_id = arguments.uuid(ids.TEMPLATE, wanted)
    row = await templates.get(context, template_id) if template_id else None
    if row is None:
        message = "templateId is not a template of this organization"
        return PreviewTemplateResult(errors=[MutationError(UserErrorCode.NOT_FOUND, ("templateId",), message)])
    return await preview_template.preview_stored(context, row, signer)


def _no_template(field: str) -> UserError:
    return not_found([field], f"{field} is not a template of this organization")
