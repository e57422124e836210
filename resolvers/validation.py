"""Validate the input of a create and report every problem at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bulksend.db.templates import TemplateRow
from bulksend.resolvers.fast_validation import ValidSigner, plain_signers, valid_signer
from bulksend.resolvers.fingerprint import fingerprint
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS, CreateBulkSendInput, SignerInput
from bulksend.resolvers.template_fields import load
from bulksend.resolvers.template_values import TemplateValues
from bulksend.resolvers.user_errors import MutationError, MutationWarning, Path, UserErrorCode, WarningCode

# 500 signers may take milliseconds to validate: after this long the event loop serves other tasks.
_SECONDS_AT_A_TIME: Final = 0.001
_SIGNERS_AT_A_TIME: Final = 50
_SIGNERS: Final = TypeAdapter(list[SignerInput])

_CODES: Final = {
    "missing": UserErrorCode.REQUIRED,
    "extra_forbidden": UserErrorCode.UNKNOWN_FIELD,
    "string_too_short": UserErrorCode.TOO_SHORT,
    "string_too_long": UserErrorCode.TOO_LONG,
    "string_unicode": UserErrorCode.INVALID_CHARACTER,
    "string_pattern_mismatch": UserErrorCode.INVALID_CHARACTER,
    "too_short": UserErrorCode.TOO_FEW,
    "too_long": UserErrorCode.TOO_MANY,
    "blank": UserErrorCode.BLANK,
    "invalid_character": UserErrorCode.INVALID_CHARACTER,
    "invalid_email": UserErrorCode.INVALID_EMAIL,
    "duplicate_value": UserErrorCode.DUPLICATE_VALUE,
    "unknown_locale": UserErrorCode.INVALID_VALUE,
    "greater_than_equal": UserErrorCode.INVALID_VALUE,
    "less_than_equal": UserErrorCode.INVALID_VALUE,
}


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


class Invalid(Exception):
    """The input is invalid; `errors` lists every problem."""

    def __init__(self, errors: list[MutationError]) -> None:
        self.errors = errors
        super().__init__("; ".join(error.message for error in errors))


async def _find_none(_template_id: str) -> TemplateRow | None:
    return None


async def validate(raw: Mapping[str, Any], find_template: FindTemplate = _find_none) -> ValidBulkSend:
    """Validate the raw input of a create against the template that `find_template` returns. Raise `Invalid`."""
    errors: list[MutationError] = []
    details = _details(raw, errors)
    signers = await _signers(raw.get("signers"), errors)
    template_id = raw.get("templateId")
    template = await find_template(template_id) if isinstance(template_id, str) else None
    template_values = TemplateValues(load(template.fields) if template else ())
    warnings = _check_values(signers, template_values, errors)
    if details is None or errors:
        raise Invalid(errors)
    found = list(signers.values())
    stored = list(map(template_values.stored, found))
    return ValidBulkSend(details, stored, fingerprint(details, found), template, warnings)


def _check_values(
    signers: Mapping[int, ValidSigner], template_values: TemplateValues, errors: list[MutationError]
) -> list[MutationWarning]:
    """Check every signer's values by the fields of the template; add what is wrong to `errors`.

    Return a warning for each value that the template does not use and for each repeated address.
    """
    warnings: list[MutationWarning] = []
    first_seen: dict[str, int] = {}
    for index, signer in signers.items():
        if not template_values.are_plainly_right(signer.values):
            for problem in template_values.problems(signer.values, ("signers", str(index), "values")):
                errors.append(problem) if isinstance(problem, MutationError) else warnings.append(problem)
        earlier = first_seen.setdefault(signer.email.casefold(), index)
        if earlier != index:
            warnings.append(_duplicate(index, earlier))
    return warnings


def _details(raw: Mapping[str, Any], errors: list[MutationError]) -> CreateBulkSendInput | None:
    try:
        return CreateBulkSendInput.model_validate(raw)
    except ValidationError as error:
        errors += errors_of(error)
        return None


async def _signers(raw: object, errors: list[MutationError]) -> dict[int, ValidSigner]:
    """Return the valid signers by index; add the problems of the others to `errors`."""
    if not isinstance(raw, list):
        return {}
    if len(raw) > MAXIMUM_SIGNERS:
        message = f"signers must have 1 to {MAXIMUM_SIGNERS} items, not {len(raw)}"
        errors.append(MutationError(UserErrorCode.TOO_MANY, ("signers",), message))
    signers: dict[int, ValidSigner] = {}
    began = perf_counter()
    for start in range(0, min(len(raw), MAXIMUM_SIGNERS), _SIGNERS_AT_A_TIME):
        end = min(start + _SIGNERS_AT_A_TIME, MAXIMUM_SIGNERS)
        signers |= _slice_of_signers(raw[start:end], start, errors)
        if perf_counter() - began > _SECONDS_AT_A_TIME:
            await asyncio.sleep(0)
            began = perf_counter()
    return signers


def _slice_of_signers(raw: list[object], start: int, errors: list[MutationError]) -> dict[int, ValidSigner]:
    plain = plain_signers(raw)
    if plain is not None:
        return dict(enumerate(plain, start))
    given = _slice_by_model(raw, start, errors)
    return {index: valid_signer(signer) for index, signer in given.items()}


def _slice_by_model(raw: list[object], start: int, errors: list[MutationError]) -> dict[int, SignerInput]:
    try:
        return dict(enumerate(_SIGNERS.validate_python(raw), start))
    except ValidationError as error:
        wrong = set()
        for detail in error.errors(include_url=False, include_input=False):
            index, *rest = detail["loc"]
            wrong.add(int(index))
            errors.append(_user_error({**detail, "loc": ("signers", int(index) + start, *rest)}))
        right = {index: signer for index, signer in enumerate(raw) if index not in wrong}
        return {index + start: SignerInput.model_validate(signer) for index, signer in right.items()}


def errors_of(error: ValidationError, within: Path = ()) -> list[MutationError]:
    """Return every problem that a model found, with paths below `within`."""
    return [_user_error(detail, within) for detail in error.errors(include_url=False, include_input=False)]


def _user_error(detail: ErrorDetails, within: Path = ()) -> MutationError:
    path: Path = (*within, *(str(part) for part in detail["loc"]))
    code = _CODES.get(detail["type"], UserErrorCode.INVALID_TYPE)
    return MutationError(code, path, f"{path[-1] if path else 'input'} {_rule(detail)}")


def _rule(detail: ErrorDetails) -> str:
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not a field of this input"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must have at most {limits['max_length']} characters"
        case "too_short":
            return f"must have at least {limits['min_length']} item"
        case "too_long":
            return f"must have at most {limits['max_length']} items"
        case "string_unicode":
            return "must be valid Unicode without lone surrogates"
        case "string_pattern_mismatch":
            return "must have only letters, digits and underscores and not begin with a digit"
        case "greater_than_equal":
            return f"must be at least {limits['ge']}"
        case "less_than_equal":
            return f"must be at most {limits['le']}"
        case "int_type":
            return "must be a whole number"
        case "string_type":
            return "must be a string"
        case "enum":
            return f"must be one of {limits['expected'].upper()}"
        case "bool_type":
            return "must be true or false"
        case "list_type":
            return "must be a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be an object"
        case _:
            return detail["msg"]


def _duplicate(index: int, earlier: int) -> MutationWarning:
    message = f"signers {earlier} and {index} have the same email address; each gets a document of their own"
    return MutationWarning(WarningCode.DUPLICATE_EMAIL, ("signers", str(index), "email"), message)


def problems(error: ValidationError, start: Path = ()) -> list[MutationError]:
    """Return every problem that a model found, its path below `start`."""
    details = error.errors(include_url=False, include_input=False)
    return [_user_error({**detail, "loc": (*start, *detail["loc"])}) for detail in details]
