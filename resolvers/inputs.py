"""The input of a create: one model for both doors, reporting every problem with its path."""

import re
from typing import Annotated, Any, Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

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

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Email = Annotated[str, Field(min_length=1, max_length=254), AfterValidator(_email)]
Phone = Annotated[str, Field(max_length=20), AfterValidator(_one_line)]
Message = Annotated[str, Field(max_length=1000), AfterValidator(_lines)]
ExternalId = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_one_line)]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_one_line)]


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

    field: Annotated[str, Field(min_length=1, max_length=64, pattern=_FIELD_NAME)]
    value: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_one_line)]


def _no_field_twice(values: list[MergeValueInput]) -> list[MergeValueInput]:
    if len({value.field for value in values}) < len(values):
        raise PydanticCustomError("duplicate_value", "must name each field once")
    return values


class SignerInput(Input):
    """One recipient."""

    name: Name
    email: Email
    phone: Phone | None = None
    message: Message | None = None
    external_id: ExternalId | None = None
    values: Annotated[list[MergeValueInput], Field(max_length=100), AfterValidator(_no_field_twice)] = []


class CreateBulkSendInput(Input):
    """A create without its signers, which are validated a few at a time."""

    template_id: Annotated[str, Field(max_length=255)]
    name: Name
    email_message: Message | None = None
    external_id: ExternalId | None = None
    idempotency_key: IdempotencyKey | None = None
    wait_for_delivery: bool = True
    dry_run: bool = False
    signers: Annotated[list[Any], Field(min_length=1)]
