"""Validate the input of a create and report every problem at once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import ValidationError

from bulksend.db.templates import TemplateRow
from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.resolvers.fingerprint import fingerprint
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS, CreateBulkSendInput, InvalidSigners
from bulksend.resolvers.model_errors import Invalid, errors_of
from bulksend.resolvers.signer_validation import ValidatedSigners, validate_signers
from bulksend.resolvers.template_fields import load
from bulksend.resolvers.template_values import TemplateValues
from bulksend.resolvers.user_errors import MutationError, MutationWarning, UserErrorCode

FindTemplate: TypeAlias = Callable[[str], Awaitable[TemplateRow | None]]


@dataclass(frozen=True, slots=True)
class ValidBulkSend:
    """A validated create. `fingerprint`: see `fingerprint.fingerprint`.

    `signers`: as they are stored, with the defaults of the template's fields. `template` is None if the organization
    has none with this id, which is refused last.
    """

    details: CreateBulkSendInput
    signers: Sequence[ValidSigner]
    fingerprint: bytes
    template: TemplateRow | None
    warnings: Sequence[MutationWarning]


async def _find_none(_template_id: str) -> TemplateRow | None:
    return None


async def validate(raw: Mapping[str, Any], find_template: FindTemplate = _find_none) -> ValidBulkSend:
    """Validate the raw input of a create against the template that `find_template` returns. Raise `Invalid`."""
    details, errors = _details(raw)
    signers = await validate_signers(raw.get("signers"))
    template_id = raw.get("templateId")
    template = await find_template(template_id) if isinstance(template_id, str) else None
    template_values = TemplateValues(load(template.fields) if template else ())
    signers.check_values(template_values)
    if template is None:
        # Without a template every value is unused, which is not reported for each.
        signers.warnings.clear()
    signers.check_addresses()
    if details is None or errors or not _may_be_sent(details, signers):
        raise Invalid([*errors, *signers.errors], signers.warnings)
    found = list(signers.valid.values())
    stored = list(map(template_values.stored, found))
    compared = fingerprint(details, found, sorted(signers.invalid))
    return ValidBulkSend(details, stored, compared, template, [*signers.skipped(), *signers.warnings])


def _may_be_sent(details: CreateBulkSendInput, signers: ValidatedSigners) -> bool:
    """Return whether all signers are valid, or some are and the others are to be skipped."""
    return not signers.errors or (details.on_invalid_signers is InvalidSigners.SKIP and bool(signers.valid))


def _details(raw: Mapping[str, Any]) -> tuple[CreateBulkSendInput | None, list[MutationError]]:
    """Return the input without its signers, None if it is invalid, and its problems."""
    signers = raw.get("signers")
    errors: list[MutationError] = []
    if isinstance(signers, list) and len(signers) > MAXIMUM_SIGNERS:
        message = f"signers must have 1 to {MAXIMUM_SIGNERS} items, not {len(signers)}"
        errors.append(MutationError(UserErrorCode.TOO_MANY, ("signers",), message))
    try:
        return CreateBulkSendInput.model_validate(raw), errors
    except ValidationError as error:
        return None, [*errors_of(error), *errors]
