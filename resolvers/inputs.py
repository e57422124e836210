"""The input of a create: one model for both doors, reporting every problem with its path."""

import re
from typing import Annotated, Any, Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from bulksend.delivery.rendering import MAX_VALUES

MAXIMUM_SIGNERS: Final = 500

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_BREAKS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# A strict subset of what email-validator takes, at a hundredth of its cost; everything else is asked of it.
_PLAIN_EMAIL: Final = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9_+-]{1,32}(?:\.[A-Za-z0-9_+-]{1,15}){0,2}"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,24})",
    re.ASCII,
)
_FIELD_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("invalid_character", "must be one line without control characters")
    return _not_blank(value)


def _lines(value: str) -> str:
    value = value.replace("\r\n", "\n")
    if _CONTROL_BUT_BREAKS.search(value):
        raise PydanticCustomError("invalid_character", "may have line breaks and tabs but no other control characters")
    return value


def _not_blank(value: str) -> str:
    if value and not value.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return value


def _email(value: str) -> str:
    if _is_plain_email(value):
        return value
    try:
        validate_email(value, allow_smtputf8=False, check_deliverability=False)
    except EmailNotValidError as error:
        # The library's words may repeat the address; ours name the rule.
        raise PydanticCustomError("invalid_email", "must be a well-formed email address") from error
    return value


def _is_plain_email(value: str) -> bool:
    match = _PLAIN_EMAIL.fullmatch(value)
    if match is None or "--" in match[1]:
        return False
    labels = match[1].lower().split(".")
    return not any(".".join(labels[start:]) in _SPECIAL_USE for start in range(len(labels)))


_SPECIAL_USE: Final = frozenset(SPECIAL_USE_DOMAIN_NAMES)

# What the validators above check, for the OpenAPI document.
_NOT_IN_LINE: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_LINE_PATTERN: Final = rf"[^{_NOT_IN_LINE}]*[^\s{_NOT_IN_LINE}][^{_NOT_IN_LINE}]*"
_LINE: Final[JsonDict] = {"pattern": f"^{_LINE_PATTERN}$"}
_LINE_OR_NOTHING: Final[JsonDict] = {"pattern": f"^(?:{_LINE_PATTERN})?$"}
_LINES: Final[JsonDict] = {"pattern": r"^(?:[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|\r\n)*$"}

Name = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra=_LINE), AfterValidator(_one_line)]
Email = Annotated[
    str, Field(min_length=1, max_length=254, json_schema_extra={"format": "email"}), AfterValidator(_email)
]
Phone = Annotated[str, Field(max_length=20, json_schema_extra=_LINE_OR_NOTHING), AfterValidator(_one_line)]
Message = Annotated[str, Field(max_length=1000, json_schema_extra=_LINES), AfterValidator(_lines)]
ExternalId = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=_LINE), AfterValidator(_one_line)]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=_LINE), AfterValidator(_one_line)]
MergeValue = Annotated[str, Field(min_length=1, max_length=1000, json_schema_extra=_LINE), AfterValidator(_one_line)]


class Input(BaseModel):
    """Anything a caller sends: camelCase outside, no coercion, nothing unknown."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
    )


class MergeValueInput(Input):
    """The value of one merge field: `field` is the name after `values.`."""

    field: Annotated[
        str, Field(min_length=1, max_length=64, pattern=_FIELD_NAME, description="The merge field: `company`.")
    ]
    value: Annotated[MergeValue, Field(description="What stands in its place.")]


def _null_is_none_given(values: object) -> object:
    return [] if values is None else values


def _no_field_twice(values: list[MergeValueInput]) -> list[MergeValueInput]:
    if len({value.field for value in values}) < len(values):
        raise PydanticCustomError("duplicate_value", "must name each field once")
    return values


class SignerInput(Input):
    """One recipient."""

    name: Annotated[Name, Field(description="Signer name.")]
    email: Annotated[Email, Field(description="Signer email; well formed.")]
    phone: Annotated[Phone | None, Field(description="Phone number.")] = None
    message: Annotated[Message | None, Field(description="Words to this signer alone.")] = None
    external_id: Annotated[ExternalId | None, Field(description="Your own id for the signer's document.")] = None
    values: Annotated[
        list[MergeValueInput],
        Field(max_length=MAX_VALUES, description="A value for each merge field that the template names."),
        AfterValidator(_no_field_twice),
        BeforeValidator(_null_is_none_given),
    ] = []


class CreateBulkSendInput(Input):
    """A create without its signers, which are validated a few at a time."""

    template_id: Annotated[str, Field(max_length=255, description="Template to use.")]
    name: Annotated[Name, Field(description="Bulk send name.")]
    email_message: Annotated[Message | None, Field(description="Custom email message.")] = None
    external_id: Annotated[ExternalId | None, Field(description="Your own id for the bulk send.")] = None
    idempotency_key: Annotated[
        IdempotencyKey | None,
        Field(description="The same with the same input gives the original; sends nothing twice."),
    ] = None
    wait_for_delivery: Annotated[
        bool, Field(description="Whether to answer when delivery has ended (within a time limit), or right away.")
    ] = True
    dry_run: Annotated[bool, Field(description="Check everything and show the mail; send nothing.")] = False
    signers: Annotated[list[Any], Field(min_length=1, description="Array of signer objects.")]
