"""Preview a template: its document as a signer would see it, with sample values for those not given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bulksend.db.templates import TemplateRow
from bulksend.delivery.template_content import content_nodes
from bulksend.delivery.template_rendering import render
from bulksend.evidence.content import Content
from bulksend.resolvers import template_fields
from bulksend.resolvers.context import Context
from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.template_fields import CHECKED, TemplateField, TemplateFieldType, broken_rule
from bulksend.resolvers.template_inputs import validate_template
from bulksend.resolvers.user_errors import MutationError, UserErrorCode

SIGNER_NAME: Final = "Alice Johnson"
SIGNER_EMAIL: Final = "alice@example.com"

_SAMPLES: Final = {
    TemplateFieldType.INTEGER: "42",
    TemplateFieldType.DECIMAL: "42.50",
    TemplateFieldType.DATE: "2026-05-28",
    TemplateFieldType.EMAIL: SIGNER_EMAIL,
    TemplateFieldType.CHECKBOX: CHECKED,
}


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """A template filled for one signer. `html`: a sanitised fragment."""

    title: str
    body: str
    fields: Sequence[TemplateField]
    values: Mapping[str, str]
    signer_name: str
    signer_email: str
    html: str


@dataclass(frozen=True, slots=True)
class PreviewTemplateResult:
    """The preview, or the reasons why there is none."""

    preview: TemplatePreview | None = None
    errors: Sequence[MutationError] = ()


@dataclass(frozen=True, slots=True)
class SampleSigner:
    """Whom a template is filled for, and the values that are given for its fields."""

    name: str
    email: str
    values: Mapping[str, str]


async def preview_text(context: Context, raw: Mapping[str, Any], signer: SampleSigner) -> PreviewTemplateResult:
    """Preview a template that is not stored, from the unvalidated input of a caller."""
    return await context.in_template_thread(partial(_preview_text, raw, signer))


async def preview_stored(context: Context, template: TemplateRow, signer: SampleSigner) -> PreviewTemplateResult:
    """Preview a template of the organization."""
    fields = template_fields.load(template.fields)
    return await context.in_template_thread(partial(_preview, template.name, template.body, fields, signer))


async def pdf(context: Context, preview: TemplatePreview) -> bytes:
    """Return the document's pages as they will stand in the sealed PDF, before its certificate."""
    return await context.in_template_thread(partial(_pdf, preview, context.caller.organization_name))


def _preview_text(raw: Mapping[str, Any], signer: SampleSigner) -> PreviewTemplateResult:
    try:
        valid = validate_template({"name": "Preview", **raw})
    except Invalid as invalid:
        return PreviewTemplateResult(errors=invalid.errors)
    return _preview(valid.name, valid.body, valid.fields, signer)


def _preview(title: str, body: str, fields: Sequence[TemplateField], signer: SampleSigner) -> PreviewTemplateResult:
    values = signer.values
    errors = [
        MutationError(UserErrorCode.INVALID_VALUE, ("values",), f"{field.name} {rule}")
        for field in fields
        if field.name in values and (rule := broken_rule(field, values[field.name]))
    ]
    if errors:
        return PreviewTemplateResult(errors=errors)
    filled = {field.name: values.get(field.name) or sample_value(field) for field in fields}
    shown = template_fields.shown(fields, filled)
    html = render(body, signer_name=signer.name, signer_email=signer.email, values=shown)
    return PreviewTemplateResult(TemplatePreview(title, body, fields, shown, signer.name, signer.email, html))


def _pdf(preview: TemplatePreview, organization_name: str) -> bytes:
    # Imported here because typst takes a third of a second, which a gateway that previews nothing does not need.
    from bulksend.evidence.rendering import render_preview

    nodes = content_nodes(
        preview.body, signer_name=preview.signer_name, signer_email=preview.signer_email, values=preview.values
    )
    return render_preview(Content(title=preview.title, nodes=nodes), organization_name)


def sample_value(field: TemplateField) -> str:
    """Return a value that the field's rules allow."""
    if field.default:
        return field.default
    if field.choices:
        return field.choices[0]
    sample = _SAMPLES.get(field.type)
    if sample is None:
        return _sample_text(field)
    return sample if broken_rule(field, sample) is None else field.minimum or field.maximum or sample


def _sample_text(field: TemplateField) -> str:
    text = field.label or field.name.replace("_", " ").strip().capitalize() or "Text"
    shortest, longest = field.min_length or 1, field.max_length or template_fields.VALUE_LENGTH
    return text.ljust(shortest, "x")[: max(longest, 1)]
