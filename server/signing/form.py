"""What a signer posts: read, bounded and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from bulksend.resolvers.signing import InvalidText, decline_reason, signer_name
from bulksend.server.signing import texts

FIELDS: Final = ("token", "document_sha256", "decision", "consent", "name", "reason")
# Whoever types more than this is told that it is too long; the rest is not repeated on the page.
LONGEST_FIELD: Final = 5000
MOST_FIELDS: Final = 100


@dataclass(frozen=True, slots=True)
class Form:
    """A post of the signing page, as it came; what was left out is empty."""

    token: str = ""
    document_sha256: str = ""
    decision: str = ""
    consent: str = ""
    name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A post whose texts were checked. `problems`: by field, in the order of the page."""

    text: str
    problems: Mapping[str, str] = field(default_factory=dict)


async def read(request: web.Request) -> Form:
    """Read a post; what is no form is an empty one, and unknown fields are ignored."""
    if request.content_type != "application/x-www-form-urlencoded":
        return Form()
    body = (await request.read()).decode("utf-8", "replace")
    try:
        posted = dict(parse_qsl(body, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS))
    except ValueError:
        return Form()
    return Form(**{name: posted.get(name, "")[:LONGEST_FIELD] for name in FIELDS})


def check_signature(form: Form, locale: str) -> Checked:
    """Check the consent and the typed name; `text` is the name."""
    problems = {} if form.consent == "yes" else {"consent": texts.consent_problem(locale)}
    try:
        return Checked(signer_name(form.name), problems)
    except InvalidText as invalid:
        return Checked(form.name, {**problems, "name": texts.name_problem(invalid.problem, locale)})


def check_refusal(form: Form, locale: str) -> Checked:
    """Check the reason for which a signer declines."""
    try:
        return Checked(decline_reason(form.reason))
    except InvalidText as invalid:
        return Checked(form.reason, {"reason": texts.reason_problem(invalid.problem, locale)})
