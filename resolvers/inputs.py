"""Pydantic models of inputs, shared by GraphQL and REST; they report every problem with its path."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from bulksend.db import ids
from bulksend.delivery.template_rendering import MAX_VALUES
from bulksend.delivery.translations import locales
from bulksend.resolvers import email_addresses
from bulksend.resolvers.visible_text import is_visible

MAXIMUM_SIGNERS: Final = 500

# In code points.
NAME_LENGTH: Final = 200
PHONE_LENGTH: Final = 20
MESSAGE_LENGTH: Final = 1000
EXTERNAL_ID_LENGTH: Final = 255
FIELD_NAME_LENGTH: Final = 64
VALUE_LENGTH: Final = 1000

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_BREAKS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
FIELD_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("invalid_character", "must be one line without control characters")
    return _not_blank(value)


def unix_line_ends(value: object) -> object:
    """Return text with `\\n` for each CRLF, before its length is measured."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _lines(value: str) -> str:
    if _CONTROL_BUT_BREAKS.search(value):
        raise PydanticCustomError("invalid_character", "may have line breaks and tabs but no other control characters")
    return value


def _not_blank(value: str) -> str:
    if value and not is_visible(value):
        raise PydanticCustomError("blank", "must not be blank")
    return value


def _email(value: str) -> str:
    normalized = email_addresses.normalize(value)
    if normalized is None:
        # The library's message may repeat the address; this one names the rule.
        raise PydanticCustomError("invalid_email", "must be a well-formed email address")
    return normalized


# The rules of the validators above, for the OpenAPI document.
_NOT_IN_LINE: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_LINE_PATTERN: Final = rf"[^{_NOT_IN_LINE}]*[^\s{_NOT_IN_LINE}][^{_NOT_IN_LINE}]*"
_LINE: Final[JsonDict] = {"pattern": f"^{_LINE_PATTERN}$"}
_LINE_OR_NOTHING: Final[JsonDict] = {"pattern": f"^(?:{_LINE_PATTERN})?$"}
_NOT_IN_LINES: Final = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029"
_LINES_PATTERN: Final = rf"(?:[^{_NOT_IN_LINES}]|\r\n)*"
_LINES: Final[JsonDict] = {"pattern": f"^{_LINES_PATTERN}$"}
LINES_NOT_BLANK: Final[JsonDict] = {"pattern": rf"^{_LINES_PATTERN}[^\s{_NOT_IN_LINES}]{_LINES_PATTERN}$"}
DOCUMENT_ID: Final[JsonDict] = {"pattern": ids.pattern(ids.DOCUMENT)}

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH, json_schema_extra=_LINE), AfterValidator(_one_line)]
Email = Annotated[
    str,
    Field(min_length=1, max_length=email_addresses.MAXIMUM_LENGTH, json_schema_extra={"format": "email"}),
    AfterValidator(_email),
]
Phone = Annotated[str, Field(max_length=PHONE_LENGTH, json_schema_extra=_LINE_OR_NOTHING), AfterValidator(_one_line)]
Message = Annotated[
    str,
    Field(max_length=MESSAGE_LENGTH, json_schema_extra=_LINES),
    BeforeValidator(unix_line_ends),
    AfterValidator(_lines),
]
ExternalId = Annotated[
    str, Field(min_length=1, max_length=EXTERNAL_ID_LENGTH, json_schema_extra=_LINE), AfterValidator(_one_line)
]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=_LINE), AfterValidator(_one_line)]
MergeValue = Annotated[
    str,
    Field(min_length=1, max_length=VALUE_LENGTH, json_schema_extra=LINES_NOT_BLANK),
    BeforeValidator(unix_line_ends),
    AfterValidator(_lines),
    AfterValidator(_not_blank),
]


class Input(BaseModel):
    """Settings of every input model: camelCase names, no coercion, no unknown fields."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
    )


def _available_locale(value: str) -> str:
    if value not in locales():
        raise PydanticCustomError("unknown_locale", "must be one of {available}", {"available": ", ".join(locales())})
    return value


Locale = Annotated[
    str,
    Field(max_length=35, examples=["de"], json_schema_extra={"enum": [*locales()]}),
    AfterValidator(_available_locale),
]
Days = Annotated[int, Field(ge=1, le=365)]


class RemindersInput(Input):
    """Automatic reminders of those who have neither signed nor declined."""

    after_days: Annotated[Days, Field(description="Days until the first one.")]
    every_days: Annotated[Days, Field(description="Days between the others.")] = 7
    at_most: Annotated[int, Field(ge=1, le=10, description="How many there are at most.")] = 3


class MergeValueInput(Input):
    """The value of one merge field: `field` is the name after `values.`."""

    field: Annotated[
        str,
        Field(
            min_length=1, max_length=FIELD_NAME_LENGTH, pattern=FIELD_NAME, description="The merge field: `company`."
        ),
    ]
    value: Annotated[MergeValue, Field(description="Text that replaces the merge field.")]


def _null_is_none_given(values: object) -> object:
    return [] if values is None else values


def _null_is_true(value: object) -> object:
    return True if value is None else value


def _null_is_false(value: object) -> object:
    return False if value is None else value


def _no_field_twice(values: list[MergeValueInput]) -> list[MergeValueInput]:
    if len({value.field for value in values}) < len(values):
        raise PydanticCustomError("duplicate_value", "must name each field once")
    return values


MergeValues = Annotated[list[MergeValueInput], Field(max_length=MAX_VALUES), AfterValidator(_no_field_twice)]


class SignerInput(Input):
    """One recipient."""

    name: Annotated[Name, Field(description="Signer name.")]
    email: Annotated[Email, Field(description="Signer email; well formed.")]
    phone: Annotated[Phone | None, Field(description="Phone number.")] = None
    message: Annotated[Message | None, Field(description="Message in this signer's mail only.")] = None
    external_id: Annotated[ExternalId | None, Field(description="Your own id for the signer's document.")] = None
    locale: Annotated[Locale | None, Field(description="The signer's language; the bulk send's when left out.")] = None
    values: Annotated[
        MergeValues,
        Field(description="A value for each merge field that the template names."),
        BeforeValidator(_null_is_none_given, json_schema_input_type=MergeValues | None),
    ] = []


class InvalidSigners(StrEnum):
    """What becomes of a create some of whose signers are invalid."""

    REJECT_ALL = "REJECT_ALL"
    SKIP = "SKIP"


class CreateBulkSendInput(Input):
    """A create whose signers are validated separately, a few at a time."""

    template_id: Annotated[str, Field(max_length=255, description="Template to use.")]
    name: Annotated[Name, Field(description="Bulk send name.")]
    email_message: Annotated[Message | None, Field(description="Custom email message.")] = None
    external_id: Annotated[ExternalId | None, Field(description="Your own id for the bulk send.")] = None
    locale: Annotated[Locale | None, Field(description="Language of mails and pages; English when left out.")] = None
    expires_in_days: Annotated[Days | None, Field(description="Days that the signers have to sign.")] = None
    reminders: Annotated[RemindersInput | None, Field(description="When to remind signers automatically.")] = None
    idempotency_key: Annotated[
        IdempotencyKey | None,
        Field(description="The same key with the same input returns the original and sends nothing twice."),
    ] = None
    wait_for_delivery: Annotated[
        bool,
        Field(description="Whether to wait until delivery has ended, within a time limit."),
        BeforeValidator(_null_is_true, json_schema_input_type=bool | None),
    ] = True
    dry_run: Annotated[
        bool,
        Field(description="Validate the input and return a preview of the mail without sending anything."),
        BeforeValidator(_null_is_false, json_schema_input_type=bool | None),
    ] = False
    on_invalid_signers: Annotated[
        InvalidSigners | None,
        Field(strict=False, description="`SKIP` sends to the valid signers, with a warning for each problem."),
    ] = None
    signers: Annotated[list[Any], Field(min_length=1, description="Array of signer objects.")]


class AmendedDocumentInput(Input):
    """What is to be corrected about one document; what is left out stays as it is."""

    document_id: Annotated[str, Field(max_length=255, description="The document.", json_schema_extra=DOCUMENT_ID)]
    name: Annotated[Name | None, Field(description="Signer name.")] = None
    email: Annotated[Email | None, Field(description="Signer email; well formed.")] = None
    phone: Annotated[Phone | None, Field(description="Phone number; null removes it.")] = None
    message: Annotated[Message | None, Field(description="Message in this signer's mail only; null removes it.")] = None
    values: Annotated[
        MergeValues,
        Field(description="New values of some merge fields."),
        BeforeValidator(_null_is_none_given, json_schema_input_type=MergeValues | None),
    ] = []
