"""The form of the signing page: reading and validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from bulksend.resolvers.signing import InvalidText, decline_reason, is_text, signer_name
from bulksend.resolvers.template_fields import CHECKED, UNCHECKED, TemplateField, TemplateFieldType, broken_rule
from bulksend.server.signing import texts

# Prefix of the names of template fields in the form.
PREFIX: Final = "field-"
FIELDS: Final = ("token", "document_sha256", "decision", "consent", "name", "reason")
# Longer texts are reported as too long, and cut off where the page repeats them.
LONGEST_FIELD: Final = 5000
MOST_FIELDS: Final = 100


@dataclass(frozen=True, slots=True)
class Form:
    """A posted form; missing inputs are empty."""

    token: str = ""
    document_sha256: str = ""
    decision: str = ""
    consent: str = ""
    name: str = ""
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """A validated form. `problems`: by the ID of an input, in the order of the page.

    `values`: of the fields that the signer fills in.
    """

    text: str
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


async def read(request: web.Request) -> Form:
    """Read a posted form; an invalid body is an empty form, and unknown inputs are ignored."""
    if request.content_type != "application/x-www-form-urlencoded":
        return Form()
    body = (await request.read()).decode("utf-8", "replace")
    try:
        posted = dict(parse_qsl(body, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS))
    except ValueError:
        return Form()
    bounded = {name: value[:LONGEST_FIELD] for name, value in posted.items()}
    values = {name.removeprefix(PREFIX): value for name, value in bounded.items() if name.startswith(PREFIX)}
    return Form(**{name: bounded.get(name, "") for name in FIELDS}, values=values)


def check_signature(form: Form, fields: Sequence[TemplateField], locale: str) -> Checked:
    """Check the fields, the consent and the typed name; `text` is the name."""
    values = {one.name: _value(one, form.values) for one in fields}
    problems = {
        f"{PREFIX}{one.name}": problem for one in fields if (problem := _problem(one, values[one.name], locale))
    }
    if form.consent != "yes":
        problems["consent"] = texts.consent_problem(locale)
    try:
        return Checked(signer_name(form.name), values, problems)
    except InvalidText as invalid:
        return Checked(form.name, values, {**problems, "name": texts.name_problem(invalid.problem, locale)})


def _value(one: TemplateField, values: Mapping[str, str]) -> str:
    typed = values.get(one.name, "").replace("\r\n", "\n").strip()
    if one.type is TemplateFieldType.CHECKBOX:
        return CHECKED if typed == CHECKED else UNCHECKED
    return typed


def _problem(one: TemplateField, value: str, locale: str) -> str | None:
    if not value or (one.type is TemplateFieldType.CHECKBOX and value == UNCHECKED):
        return texts.missing_value(one, locale) if one.required else None
    if broken_rule(one, value) or not is_text(value):
        return texts.invalid_value(one, locale)
    return None


def check_refusal(form: Form, locale: str) -> Checked:
    """Check the reason for which a signer declines."""
    try:
        return Checked(decline_reason(form.reason))
    except InvalidText as invalid:
        return Checked(form.reason, {}, {"reason": texts.reason_problem(invalid.problem, locale)})
