"""The input of a new template: one model for GraphQL, the command line and front matter."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationError

from bulksend.delivery.template_markdown import MAX_BODY_LENGTH, InvalidTemplate
from bulksend.delivery.template_rendering import merge_fields
from bulksend.resolvers import template_front_matter
from bulksend.resolvers.inputs import FIELD_NAME, FIELD_NAME_LENGTH, Input, Message, Name, unix_line_ends
from bulksend.resolvers.model_errors import Invalid, errors_of
from bulksend.resolvers.template_fields import (
    VALUE_LENGTH,
    FilledBy,
    TemplateField,
    TemplateFieldType,
    all_fields,
    broken_rule,
    quantity,
)
from bulksend.resolvers.template_front_matter import MAXIMUM_LENGTH, InvalidFrontMatter, TemplateFile
from bulksend.resolvers.user_errors import MutationError, Path, UserErrorCode
from bulksend.resolvers.visible_text import is_visible

MAXIMUM_CHOICES: Final = 100
CHOICE_LENGTH: Final = 200

_TEXTS: Final = (TemplateFieldType.TEXT, TemplateFieldType.MULTILINE_TEXT)
_QUANTITIES: Final = (TemplateFieldType.INTEGER, TemplateFieldType.DECIMAL, TemplateFieldType.DATE)
# Markdown without a word between its marks shows nothing either.
_MARKS: Final = re.compile(r"[#>*_~`|=+\[\]()!\\:-]")
_WRITTEN_BOOLEANS: Final = {"true": True, "false": False}


def _lower(value: object) -> object:
    """Return an enum's name in lower case: `MULTILINE_TEXT` of GraphQL, `multiline_text` of front matter."""
    return value.lower() if isinstance(value, str) else value


def _boolean(value: object) -> object:
    return _WRITTEN_BOOLEANS.get(value, value) if isinstance(value, str) else value


def _whole_number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else value


_Length = Annotated[int, Field(ge=0, le=VALUE_LENGTH), BeforeValidator(_whole_number)]
_Value = Annotated[str, Field(min_length=1, max_length=VALUE_LENGTH)]
_Choice = Annotated[str, Field(min_length=1, max_length=CHOICE_LENGTH)]


class TemplateFieldInput(Input):
    """The declaration of one template field."""

    name: Annotated[str, Field(min_length=1, max_length=FIELD_NAME_LENGTH, pattern=FIELD_NAME)]
    type: Annotated[TemplateFieldType, Field(strict=False), BeforeValidator(_lower)] = TemplateFieldType.TEXT
    label: Name | None = None
    filled_by: Annotated[FilledBy, Field(strict=False), BeforeValidator(_lower)] = FilledBy.SENDER
    required: Annotated[bool, BeforeValidator(_boolean)] = True
    default: _Value | None = None
    min_length: _Length | None = None
    max_length: _Length | None = None
    minimum: _Value | None = None
    maximum: _Value | None = None
    choices: Annotated[list[_Choice], Field(max_length=MAXIMUM_CHOICES)] | None = None

    def field(self) -> TemplateField:
        """Return the declared field."""
        return TemplateField(**{**self.model_dump(), "choices": tuple(self.choices or ())})


class CreateTemplateInput(Input):
    """A new template. `body`: Markdown, which may begin with front matter instead of `fields`."""

    name: Name
    description: Message | None = None
    body: Annotated[
        str, Field(min_length=1, max_length=MAX_BODY_LENGTH + MAXIMUM_LENGTH), BeforeValidator(unix_line_ends)
    ]
    fields: list[TemplateFieldInput] | None = None


class ValidTemplate(Input):
    """A template that may be stored. `fields`: one for each name that the body uses, in their order."""

    name: str
    description: str | None
    body: str
    fields: tuple[TemplateField, ...]

    @property
    def merge_fields(self) -> list[str]:
        """The names of the fields that the sender fills."""
        return [field.name for field in self.fields if field.filled_by is FilledBy.SENDER]


def validate_template(raw: Mapping[str, Any]) -> ValidTemplate:
    """Validate the raw input of a new template. Raise `Invalid` with every problem."""
    try:
        given = CreateTemplateInput.model_validate(raw)
    except ValidationError as error:
        raise Invalid(errors_of(error)) from None
    file = _split(given.body)
    declared, path = _declared(given, file)
    names = _names(file)
    errors = [error for index, field in enumerate(declared) for error in _errors(field, (*path, str(index)))]
    errors += _errors_of_names([field.name for field in declared], names, path)
    if errors:
        raise Invalid(errors)
    return ValidTemplate(
        name=given.name, description=given.description, body=file.body, fields=all_fields(names, declared)
    )


def _split(body: str) -> TemplateFile:
    try:
        file = template_front_matter.split(body)
    except InvalidFrontMatter as error:
        raise Invalid([_error(UserErrorCode.INVALID_TEMPLATE, ("body",), str(error))]) from None
    if not is_visible(_MARKS.sub("", unescape(file.body))):
        raise Invalid([_error(UserErrorCode.BLANK, ("body",), "body must not be blank")])
    return file


def _declared(given: CreateTemplateInput, file: TemplateFile) -> tuple[list[TemplateField], Path]:
    """Return the declared fields and the path under which their problems are reported."""
    if file.front_matter is None:
        return [field.field() for field in given.fields or ()], ("fields",)
    if given.fields is not None:
        message = "fields are declared in the body's front matter too; declare them in one place"
        raise Invalid([_error(UserErrorCode.DUPLICATE_VALUE, ("fields",), message)])
    return _declared_in_front_matter(file.front_matter), ("body", "fields")


def _declared_in_front_matter(front_matter: Mapping[str, Any]) -> list[TemplateField]:
    unknown = front_matter.keys() - {"fields"}
    declarations = front_matter.get("fields") or {}
    if unknown or not isinstance(declarations, dict):
        name = min(unknown, default="fields")
        rule = "is not a key of front matter" if unknown else "must be a mapping of names to rules"
        raise Invalid([_error(UserErrorCode.INVALID_TEMPLATE, ("body", name), f"{name} {rule}")])
    errors: list[MutationError] = []
    fields: list[TemplateField] = []
    for name, rules in declarations.items():
        try:
            rules = rules or {}
            fields.append(TemplateFieldInput.model_validate({**rules, "name": name}).field())
        except ValidationError as error:
            errors += errors_of(error, ("body", "fields", name))
        except TypeError:
            message = f"{name} must be a mapping such as {{ type: date }}"
            errors.append(_error(UserErrorCode.INVALID_TYPE, ("body", "fields", name), message))
    if errors:
        raise Invalid(errors)
    return fields


def _names(file: TemplateFile) -> tuple[str, ...]:
    try:
        return merge_fields(file.body)
    except InvalidTemplate as error:
        message = f"line {error.line + file.first_line - 1}: {error.rule}"
        raise Invalid([_error(UserErrorCode.INVALID_TEMPLATE, ("body",), message)]) from None


def _errors_of_names(declared: Sequence[str], used: Sequence[str], path: Path) -> Iterator[MutationError]:
    for index, name in enumerate(declared):
        if name in declared[:index]:
            yield _error(UserErrorCode.DUPLICATE_VALUE, (*path, str(index), "name"), f"{name} is declared twice")
        if name not in used:
            message = f"{name} is declared, but the body does not use {{{{ values.{name} }}}}"
            yield _error(UserErrorCode.UNKNOWN_FIELD, (*path, str(index), "name"), message)


def _errors(field: TemplateField, path: Path) -> Iterator[MutationError]:
    """Yield every rule of declarations that `field` breaks."""
    for name, rule in (*_unfit(field), *_unordered(field)):
        yield _error(UserErrorCode.INVALID_VALUE, (*path, name), f"{name} of {field.name} {rule}")
    if field.default is not None and not list(_unfit(field)):
        broken = broken_rule(field, field.default)
        if broken:
            yield _error(UserErrorCode.INVALID_VALUE, (*path, "default"), f"default of {field.name} {broken}")


def _unfit(field: TemplateField) -> Iterator[tuple[str, str]]:
    """Yield each attribute that the field's type does not have, or writes otherwise, with the rule."""
    lengths = {"minLength": field.min_length, "maxLength": field.max_length}
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    for name in _given(lengths):
        if field.type not in _TEXTS:
            yield name, "is for text only"
    for name in _given(bounds):
        if field.type not in _QUANTITIES:
            yield name, "is for integers, decimals and dates only"
        elif quantity(field.type, bounds[name] or "") is None:
            yield name, f"must be written as a value of type {field.type.upper()}"
    if (field.type is TemplateFieldType.CHOICE) != bool(field.choices):
        yield "choices", "must list the values of a field of type CHOICE, and of no other"
    if len(set(field.choices)) < len(field.choices):
        yield "choices", "must list each value once"


def _given(rules: Mapping[str, object]) -> list[str]:
    return [name for name, rule in rules.items() if rule is not None]


def _unordered(field: TemplateField) -> Iterator[tuple[str, str]]:
    if field.min_length is not None and field.max_length is not None and field.min_length > field.max_length:
        yield "minLength", "must not be greater than maxLength"
    lowest: Any = quantity(field.type, field.minimum or "")
    highest: Any = quantity(field.type, field.maximum or "")
    if lowest is not None and highest is not None and lowest > highest:
        yield "minimum", "must not be greater than maximum"


def _error(code: UserErrorCode, path: Path, message: str) -> MutationError:
    return MutationError(code, path, message)
