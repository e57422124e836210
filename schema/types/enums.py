"""Codes that come from rooms below, which know nothing of GraphQL, with what each means to a caller."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition

from bulksend.delivery.smtp.outcomes import DeliveryErrorCode
from bulksend.resolvers.inputs import InvalidSigners
from bulksend.resolvers.user_errors import UserErrorCode, WarningCode

__all__ = ["DeliveryErrorCode", "InvalidSigners", "UserErrorCode", "WarningCode"]

Code = TypeVar("Code", bound=StrEnum)

_DELIVERY_ERRORS: Final = {
    DeliveryErrorCode.MAILBOX_UNAVAILABLE: "The SMTP server rejected the recipient permanently.",
    DeliveryErrorCode.MESSAGE_REFUSED: "The SMTP server rejected the message permanently.",
    DeliveryErrorCode.MAILBOX_BUSY: "The SMTP server rejected the recipient temporarily; delivery is retried.",
    DeliveryErrorCode.MESSAGE_DEFERRED: "The SMTP server rejected the message temporarily; delivery is retried.",
    DeliveryErrorCode.CONNECTION_LOST: (
        "The connection broke before the mail server said whether it took the mail, so it may have arrived."
    ),
    DeliveryErrorCode.ATTEMPTS_EXHAUSTED: "Temporary rejections used up all attempts or the time allowed.",
    DeliveryErrorCode.CANCELLED: "The sender cancelled the delivery before the mail was sent.",
    DeliveryErrorCode.SMTP_UNREACHABLE: "The SMTP server could not be reached, closed the connection, or did "
    "not answer "
    "in time.",
    DeliveryErrorCode.SMTP_UNAVAILABLE: "The SMTP server is temporarily out of service.",
    DeliveryErrorCode.SMTP_TLS_FAILED: "TLS could not be negotiated with the SMTP server.",
    DeliveryErrorCode.SMTP_TLS_REQUIRED: "The mail server wants an encrypted connection (STARTTLS).",
    DeliveryErrorCode.SMTP_POLICY_REFUSED: (
        "The mail server takes no such mail from the gateway: its HELO name, its address, or relaying."
    ),
    DeliveryErrorCode.SMTP_RATE_LIMITED: "The mail server takes no more mails or connections from the gateway now.",
    DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED: "The SMTP server rejected the gateway's credentials.",
    DeliveryErrorCode.SENDER_REFUSED: "The SMTP server rejected the gateway's sender address.",
}
_USER_ERRORS: Final = {
    UserErrorCode.REQUIRED: "The field is required.",
    UserErrorCode.INVALID_TYPE: "The value has the wrong type, such as a number instead of text.",
    UserErrorCode.UNKNOWN_FIELD: "The input has no such field.",
    UserErrorCode.TOO_SHORT: "The value has too few characters.",
    UserErrorCode.TOO_LONG: "The value has too many characters.",
    UserErrorCode.TOO_FEW: "The list has too few items.",
    UserErrorCode.TOO_MANY: "The list has too many items.",
    UserErrorCode.BLANK: "The value contains only white space.",
    UserErrorCode.INVALID_CHARACTER: "The value contains a character that is not allowed, such as a control character.",
    UserErrorCode.INVALID_EMAIL: "The value is not a well-formed email address.",
    UserErrorCode.DUPLICATE_VALUE: "The merge field is given more than once.",
    UserErrorCode.MISSING_VALUE: "The template uses a merge field that this signer has no value for.",
    UserErrorCode.INVALID_VALUE: "The value breaks the rule of its template field, which the message states.",
    UserErrorCode.INVALID_TEMPLATE: "The template's text breaks a rule; the message names the line.",
    UserErrorCode.IDEMPOTENCY_KEY_REUSED: "The idempotency key was used before with different input.",
    UserErrorCode.RATE_LIMITED: "The organization created a bulk send too recently; try again after `retryAfter` "
    "seconds.",
    UserErrorCode.NOT_FOUND: "The object does not exist or belongs to another organization.",
    UserErrorCode.NOT_FAILED: "Only failed documents can be retried; this one has not failed.",
    UserErrorCode.NOT_SENT: "Only documents that were sent can have a reminder, and this one was not.",
    UserErrorCode.NOT_PENDING: "The document is signed, declined, expired or cancelled, and can no longer be changed.",
    UserErrorCode.IN_FLIGHT: "The document's mail is being sent at this moment; try again in a few seconds.",
}
_INVALID_SIGNERS: Final = {
    InvalidSigners.REJECT_ALL: "Nothing is sent; every problem is a user error.",
    InvalidSigners.SKIP: "The valid signers are sent to; every problem of the others is a warning `SIGNER_SKIPPED`.",
}
_WARNINGS: Final = {
    WarningCode.DUPLICATE_EMAIL: "Another signer has the same address; both receive a document.",
    WarningCode.UNUSED_VALUE: "The template does not use this merge field; the value is ignored.",
    WarningCode.SIGNER_SKIPPED: "This signer is invalid and was left out, as `onInvalidSigners: SKIP` asks.",
}


def publish(codes: type[Code], meanings: Mapping[Code, str], description: str) -> type[Code]:
    """Make `codes` an enum of the schema and return it. `meanings`: the description of each."""
    strawberry.enum(codes, description=description)
    for value in _definition(codes).values:
        value.description = meanings[codes(value.value)]
    return codes


def _definition(codes: type[StrEnum]) -> StrawberryEnumDefinition:
    if not has_enum_definition(codes):
        raise TypeError
    return codes.__strawberry_definition__


publish(DeliveryErrorCode, _DELIVERY_ERRORS, "Stable codes of delivery errors.")
publish(UserErrorCode, _USER_ERRORS, "Stable codes of expected failures.")
publish(WarningCode, _WARNINGS, "Stable codes of warnings.")
publish(InvalidSigners, _INVALID_SIGNERS, "What becomes of a create some of whose signers are invalid.")
