"""Values that a sender gives for the fields of a template: their problems, and what is stored of them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.resolvers.template_fields import (
    FilledBy,
    TemplateField,
    TemplateFieldType,
    broken_rule,
    completed,
    missing,
)
from bulksend.resolvers.user_errors import MutationError, MutationWarning, Path, UserErrorCode, WarningCode


class TemplateValues:
    """The fields of one template, as the values of its signers are checked against them."""

    def __init__(self, fields: Sequence[TemplateField]) -> None:
        self._fields = {field.name: field for field in fields}
        self._names = self._fields.keys()
        self._are_plain = all(field.is_plain for field in fields)

    def are_plainly_right(self, values_of_signers: Sequence[Mapping[str, str]]) -> bool:
        """Return whether no values need a further check: one line for each field, and all fields take any line."""
        if not self._are_plain or any(names != self._names for names in set(map(frozenset, values_of_signers))):
            return False
        return "".join(chain.from_iterable(values.values() for values in values_of_signers)).isprintable()

    def problems(self, values: Mapping[str, str], path: Path) -> Iterator[MutationError | MutationWarning]:
        """Yield every problem of one signer's values, which stand at `path` of the input."""
        for field in self._fields.values():
            if field.filled_by is FilledBy.SENDER and missing(field, values):
                message = f"values must have {field.name}, which the template's text asks for"
                yield MutationError(UserErrorCode.MISSING_VALUE, path, message)
        yield from self.problems_of_given(values, path)

    def problems_of_given(self, values: Mapping[str, str], path: Path) -> Iterator[MutationError | MutationWarning]:
        """Yield every problem of the values that are given, whether or not others are missing."""
        for position, (name, value) in enumerate(values.items()):
            yield from self._problems_of_value(name, value, (*path, str(position)))

    def _problems_of_value(self, name: str, value: str, path: Path) -> Iterator[MutationError | MutationWarning]:
        field = self._fields.get(name)
        is_line = field is None or field.type is TemplateFieldType.TEXT
        if is_line and ("\n" in value or "\t" in value):
            yield MutationError(UserErrorCode.INVALID_CHARACTER, (*path, "value"), f"{name} must be one line")
        elif field is None:
            yield MutationWarning(WarningCode.UNUSED_VALUE, path, f"the template's text does not use {name}")
        elif field.filled_by is FilledBy.SIGNER:
            message = f"{name} is filled by the signer and must be left out"
            yield MutationError(UserErrorCode.INVALID_VALUE, (*path, "field"), message)
        elif rule := broken_rule(field, value):
            yield MutationError(UserErrorCode.INVALID_VALUE, (*path, "value"), f"{name} {rule}")

    def stored(self, signer: ValidSigner) -> ValidSigner:
        """Return the signer with a value for each field that the sender fills, defaults included."""
        if self._are_plain:
            return signer
        return signer._replace(values=completed(self._fields.values(), signer.values, FilledBy.SENDER))
