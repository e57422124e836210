"""Typed fields of a template: the rules of their values, as checks and as JSON Schema.

A field that a body uses without declaring it is text that the sender fills.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import orjson

from bulksend.resolvers import email_addresses

VALUE_LENGTH: Final = 1000

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,10})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CHECKED: Final = "true"
UNCHECKED: Final = "false"
_BOXES: Final = {CHECKED: "☑", UNCHECKED: "☐"}


class TemplateFieldType(StrEnum):
    """Types of template fields."""

    TEXT = "text"
    MULTILINE_TEXT = "multiline_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    CHOICE = "choice"
    EMAIL = "email"
    CHECKBOX = "checkbox"


class FilledBy(StrEnum):
    """Who fills in a template field."""

    SENDER = "sender"
    SIGNER = "signer"


@dataclass(frozen=True, slots=True)
class TemplateField:
    """One field of a template.

    `min_length`, `max_length`: code points, of text. `minimum`, `maximum`: as their values are written, of integers,
    decimals and dates. `default`: the value of a field that is left out.
    """

    name: str
    type: TemplateFieldType = TemplateFieldType.TEXT
    label: str | None = None
    filled_by: FilledBy = FilledBy.SENDER
    required: bool = True
    default: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether any line of text that the sender gives is a value of this field."""
        return self == TemplateField(self.name, label=self.label)


def broken_rule(field: TemplateField, value: str) -> str | None:
    """Return the rule of `field` that `value` breaks, such as "must be a date like 2026-05-28", or None."""
    if len(value) > VALUE_LENGTH:
        return f"must have at most {VALUE_LENGTH} characters"
    match field.type:
        case TemplateFieldType.TEXT:
            return _broken_rule_of_text(field, value) or _broken_length(field, value)
        case TemplateFieldType.MULTILINE_TEXT:
            return _broken_length(field, value)
        case TemplateFieldType.INTEGER | TemplateFieldType.DECIMAL | TemplateFieldType.DATE:
            return _broken_rule_of_quantity(field, value)
        case TemplateFieldType.CHOICE:
            return None if value in field.choices else f"must be one of {', '.join(field.choices)}"
        case TemplateFieldType.EMAIL:
            return None if email_addresses.normalize(value) is not None else "must be a well-formed email address"
        case TemplateFieldType.CHECKBOX:
            return None if value in (CHECKED, UNCHECKED) else f"must be {CHECKED} or {UNCHECKED}"


def quantity(type_: TemplateFieldType, value: str) -> Decimal | date | None:
    """Return the number or date that `value` writes, or None if it writes none of this type."""
    try:
        match type_:
            case TemplateFieldType.INTEGER if _INTEGER.fullmatch(value):
                return Decimal(value)
            case TemplateFieldType.DECIMAL if _DECIMAL.fullmatch(value):
                return Decimal(value)
            case TemplateFieldType.DATE if _DATE.fullmatch(value):
                return date.fromisoformat(value)
            case _:
                return None
    except ValueError:
        return None


def completed(fields: Iterable[TemplateField], values: Mapping[str, str], filled_by: FilledBy) -> dict[str, str]:
    """Return the value of each field that `filled_by` fills: the one given, its default, or an empty one."""
    return {field.name: values.get(field.name) or _left_out(field) for field in fields if field.filled_by is filled_by}


def shown(fields: Iterable[TemplateField], values: Mapping[str, str]) -> dict[str, str]:
    """Return the values as the document shows them: a checkbox as a box, anything else as it was given."""
    checkboxes = {field.name for field in fields if field.type is TemplateFieldType.CHECKBOX}
    return {name: _BOXES.get(value, value) if name in checkboxes else value for name, value in values.items()}


def missing(field: TemplateField, values: Mapping[str, str]) -> bool:
    """Return whether `values` lacks the value of a field that needs one."""
    return field.required and field.default is None and not values.get(field.name)


def json_schema(fields: Sequence[TemplateField]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the values that the sender gives for one signer, by field name."""
    of_sender = [field for field in fields if field.filled_by is FilledBy.SENDER]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {field.name: _property(field) for field in of_sender},
        "required": [field.name for field in of_sender if field.required and field.default is None],
        "additionalProperties": False,
    }


def dump(fields: Iterable[TemplateField]) -> str:
    """Return fields as the JSON text in which the database keeps them."""
    return orjson.dumps([asdict(field) for field in fields]).decode()


@lru_cache(maxsize=512)
def load(text: str) -> tuple[TemplateField, ...]:
    """Return the fields of a template from the JSON text in which the database keeps them."""
    return tuple(
        TemplateField(
            **{
                **field,
                "type": TemplateFieldType(field["type"]),
                "filled_by": FilledBy(field["filled_by"]),
                "choices": tuple(field["choices"]),
            }
        )
        for field in orjson.loads(text)
    )


def all_fields(names: Iterable[str], declared: Iterable[TemplateField]) -> tuple[TemplateField, ...]:
    """Return a field for each of `names`, in their order: as declared, or text that the sender fills."""
    by_name = {field.name: field for field in declared}
    return tuple(by_name.get(name) or TemplateField(name) for name in names)


def _broken_rule_of_text(_field: TemplateField, value: str) -> str | None:
    return "must be one line" if "\n" in value or "\t" in value else None


def _broken_length(field: TemplateField, value: str) -> str | None:
    if field.min_length is not None and len(value) < field.min_length:
        return f"must have at least {field.min_length} characters"
    if field.max_length is not None and len(value) > field.max_length:
        return f"must have at most {field.max_length} characters"
    return None


_WRITTEN: Final = {
    TemplateFieldType.INTEGER: "a whole number like 42",
    TemplateFieldType.DECIMAL: "a number like 42.50",
    TemplateFieldType.DATE: "a date like 2026-05-28",
}


def _broken_rule_of_quantity(field: TemplateField, value: str) -> str | None:
    found: Any = quantity(field.type, value)
    if found is None:
        return f"must be {_WRITTEN[field.type]}"
    if field.minimum is not None and found < quantity(field.type, field.minimum):
        return f"must be {field.minimum} or later" if field.type is TemplateFieldType.DATE else _at_least(field)
    if field.maximum is not None and found > quantity(field.type, field.maximum):
        return f"must be {field.maximum} or earlier" if field.type is TemplateFieldType.DATE else _at_most(field)
    return None


def _at_least(field: TemplateField) -> str:
    return f"must be at least {field.minimum}"


def _at_most(field: TemplateField) -> str:
    return f"must be at most {field.maximum}"


def _left_out(field: TemplateField) -> str:
    return field.default or (UNCHECKED if field.type is TemplateFieldType.CHECKBOX else "")


def _property(field: TemplateField) -> dict[str, Any]:
    return {**dict(_described(field)), **_type_schema(field)}


def _described(field: TemplateField) -> Iterator[tuple[str, Any]]:
    if field.label is not None:
        yield "title", field.label
    if field.default is not None:
        yield "default", field.default


def _type_schema(field: TemplateField) -> dict[str, Any]:
    """Return the schema of a value as it is sent: values are strings of every type."""
    match field.type:
        case TemplateFieldType.TEXT | TemplateFieldType.MULTILINE_TEXT:
            lines = {} if field.type is TemplateFieldType.MULTILINE_TEXT else {"pattern": r"^[^\n\t]*$"}
            length = {"minLength": max(1, field.min_length or 0), "maxLength": field.max_length or VALUE_LENGTH}
            return {"type": "string", **length, **lines}
        case TemplateFieldType.INTEGER:
            return {"type": "string", "pattern": f"^{_INTEGER.pattern}$", **_range(field)}
        case TemplateFieldType.DECIMAL:
            return {"type": "string", "pattern": f"^{_DECIMAL.pattern}$", **_range(field)}
        case TemplateFieldType.DATE:
            return {"type": "string", "format": "date", **_range(field)}
        case TemplateFieldType.CHOICE:
            return {"type": "string", "enum": list(field.choices)}
        case TemplateFieldType.EMAIL:
            return {"type": "string", "format": "email", "maxLength": email_addresses.MAXIMUM_LENGTH}
        case TemplateFieldType.CHECKBOX:
            return {"type": "string", "enum": [CHECKED, UNCHECKED]}


def _range(field: TemplateField) -> dict[str, str]:
    """Return the bounds of a number or date as annotations: JSON Schema has none for strings."""
    bounds = {"x-minimum": field.minimum, "x-maximum": field.maximum}
    return {name: bound for name, bound in bounds.items() if bound is not None}
