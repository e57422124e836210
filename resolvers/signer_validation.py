"""Validate the signers of a create, a few at a time, and their values by the fields of the template."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bulksend.resolvers.fast_validation import ValidSigner, plain_signers, valid_signer
from bulksend.resolvers.inputs import MAXIMUM_SIGNERS, SignerInput
from bulksend.resolvers.model_errors import error_of
from bulksend.resolvers.template_values import TemplateValues
from bulksend.resolvers.user_errors import MutationError, MutationWarning, UserErrorCode, WarningCode
from bulksend.resolvers.visible_text import is_visible

# Validating 500 signers may take milliseconds: after this long other tasks run.
_SECONDS_AT_A_TIME: Final = 0.001
_SIGNERS_AT_A_TIME: Final = 50
_SIGNERS: Final = TypeAdapter(list[SignerInput])
# Stands for a value that is present and already reported as invalid.
_REFUSED: Final = "-"


@dataclass(slots=True)
class ValidatedSigners:
    """The signers of a create by index, and their errors.

    `invalid`: the values of those that have errors, by field.
    """

    valid: dict[int, ValidSigner] = field(default_factory=dict)
    invalid: dict[int, Mapping[str, str]] = field(default_factory=dict)
    errors: list[MutationError] = field(default_factory=list)
    warnings: list[MutationWarning] = field(default_factory=list)

    def check_values(self, template_values: TemplateValues) -> None:
        """Check the values of every signer, valid or not, by the fields of the template."""
        for index, values in [*self.invalid.items()]:
            self._check_values_of(index, values, template_values)
        if not template_values.are_plainly_right([signer.values for signer in self.valid.values()]):
            for index, signer in [*self.valid.items()]:
                if self._check_values_of(index, signer.values, template_values):
                    self.invalid[index] = self.valid.pop(index).values
        self.errors.sort(key=_index)

    def check_addresses(self) -> None:
        """Warn of each address that an earlier valid signer has too."""
        addresses = [signer.email.casefold() for signer in self.valid.values()]
        if len(set(addresses)) == len(addresses):
            return
        first_seen: dict[str, int] = {}
        for index, address in zip(self.valid, addresses, strict=True):
            earlier = first_seen.setdefault(address, index)
            if earlier != index:
                self.warnings.append(_duplicate(index, earlier))

    def skipped(self) -> list[MutationWarning]:
        """Return a warning for each problem of the signers that are left out."""
        return [
            MutationWarning(WarningCode.SIGNER_SKIPPED, error.field, f"{error.message}; this signer is left out")
            for error in self.errors
        ]

    def _check_values_of(self, index: int, values: Mapping[str, str], template_values: TemplateValues) -> bool:
        """Add the problems of one signer's values, and return whether any of them is an error."""
        path = ("signers", str(index), "values")
        problems = list(template_values.problems(values, path))
        known = {error.field for error in self.errors} if index in self.invalid else set()
        errors = [found for found in problems if isinstance(found, MutationError) and not _is_known(found, known)]
        self.errors += errors
        self.warnings += [found for found in problems if isinstance(found, MutationWarning)]
        return bool(errors)


async def validate_signers(raw: object) -> ValidatedSigners:
    """Validate the signers in a caller's input; a value that is not a list has none."""
    signers = ValidatedSigners()
    if not isinstance(raw, list):
        return signers
    began = perf_counter()
    for start in range(0, min(len(raw), MAXIMUM_SIGNERS), _SIGNERS_AT_A_TIME):
        _validate_some(raw[start : min(start + _SIGNERS_AT_A_TIME, MAXIMUM_SIGNERS)], start, signers)
        if perf_counter() - began > _SECONDS_AT_A_TIME:
            await asyncio.sleep(0)
            began = perf_counter()
    return signers


def _validate_some(raw: list[object], start: int, signers: ValidatedSigners) -> None:
    plain = plain_signers(raw)
    if plain is not None:
        signers.valid |= enumerate(plain, start)
        return
    try:
        signers.valid |= enumerate(map(valid_signer, _SIGNERS.validate_python(raw)), start)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            index, *rest = detail["loc"]
            signers.invalid[int(index) + start] = _readable_values(raw[int(index)])
            signers.errors.append(error_of({**detail, "loc": ("signers", int(index) + start, *rest)}))
        for index, signer in enumerate(raw, start):
            if index not in signers.invalid:
                signers.valid[index] = valid_signer(SignerInput.model_validate(signer))


def _readable_values(raw: object) -> Mapping[str, str]:
    """Return the values of an invalid signer by field, with `_REFUSED` for invalid ones."""
    given: Any = raw.get("values") if isinstance(raw, dict) else None
    pairs = [pair for pair in given if isinstance(pair, dict)] if isinstance(given, list) else []
    named = [(pair.get("field"), pair.get("value")) for pair in pairs]
    return {
        name: value if isinstance(value, str) and is_visible(value) else _REFUSED
        for name, value in named
        if isinstance(name, str)
    }


def _is_known(error: MutationError, known: set[tuple[str, ...] | None]) -> bool:
    """Return whether the model has reported the same value already."""
    return error.code is not UserErrorCode.MISSING_VALUE and error.field in known


def _index(error: MutationError) -> int:
    return int(error.field[1]) if error.field and len(error.field) > 1 else -1


def _duplicate(index: int, earlier: int) -> MutationWarning:
    message = f"signers {earlier} and {index} have the same email address; each gets a document of their own"
    return MutationWarning(WarningCode.DUPLICATE_EMAIL, ("signers", str(index), "email"), message)
