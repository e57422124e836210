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
    DeliveryErrorCode.MAILBOX_UNAVAILABLE: "The mail server refused this recipient for good.",
    DeliveryErrorCode.MESSAGE_REFUSED: "The mail server refused this message for good.",
    DeliveryErrorCode.MAILBOX_BUSY: "The mail server refused this recipient for now; it is tried again.",
    DeliveryErrorCode.MESSAGE_DEFERRED: "The mail server refused this message for now; it is tried again.",
    DeliveryErrorCode.CONNECTION_LOST: (
        "The connection broke before the mail server said whether it took the mail, so it may have arrived."
    ),
    DeliveryErrorCode.ATTEMPTS_EXHAUSTED: "Refused for now until no attempt, or no time, was left.",
    DeliveryErrorCode.CANCELLED: "The sender cancelled it before it was sent.",
    DeliveryErrorCode.SMTP_UNREACHABLE: "The mail server could not be reached, broke off, or did not answer.",
    DeliveryErrorCode.SMTP_UNAVAILABLE: "The mail server answered, but serves nobody now.",
    DeliveryErrorCode.SMTP_TLS_FAILED: "The mail server offered no encryption that can be trusted.",
    DeliveryErrorCode.SMTP_TLS_REQUIRED: "The mail server wants an encrypted connection (STARTTLS).",
    DeliveryErrorCode.SMTP_POLICY_REFUSED: (
        "The mail server takes no such mail from the gateway: its HELO name, its address, or relaying."
    ),
    DeliveryErrorCode.SMTP_RATE_LIMITED: "The mail server takes no more mails or connections from the gateway now.",
    DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED: "The mail server refused the gateway's login.",
    DeliveryErrorCode.SENDER_REFUSED: "The mail server refused the gateway's sender address.",
}
_USER_ERRORS: Final = {
    UserErrorCode.REQUIRED: "It must be given.",
    UserErrorCode.INVALID_TYPE: "It is of the wrong kind, such as a number where text belongs.",
    UserErrorCode.UNKNOWN_FIELD: "The input has no such field.",
    UserErrorCode.TOO_SHORT: "It has too few characters.",
    UserErrorCode.TOO_LONG: "It has too many characters.",
    UserErrorCode.TOO_FEW: "The list has too few items.",
    UserErrorCode.TOO_MANY: "The list has too many items.",
    UserErrorCode.BLANK: "It has nothing but white space.",
    UserErrorCode.INVALID_CHARACTER: "It has a character that cannot be taken, such as a control character.",
    UserErrorCode.INVALID_EMAIL: "It is no well-formed email address.",
    UserErrorCode.DUPLICATE_VALUE: "The same merge field has a value already.",
    UserErrorCode.MISSING_VALUE: "The template names a merge field for which this signer brings no value.",
    UserErrorCode.INVALID_VALUE: "The value breaks the rule of its template field, which the message states.",
    UserErrorCode.INVALID_TEMPLATE: "The template's text breaks a rule; the message names the line.",
    UserErrorCode.IDEMPOTENCY_KEY_REUSED: "The idempotency key was used with another input before.",
    UserErrorCode.RATE_LIMITED: "The organization created a bulk send too recently: try again after `retryAfter`.",
    UserErrorCode.NOT_FOUND: "There is no such thing, or it belongs to another organization.",
    UserErrorCode.NOT_FAILED: "Only failed documents can be sent again, and this one has not failed.",
    UserErrorCode.NOT_SENT: "Only documents that were sent can have a reminder, and this one was not.",
    UserErrorCode.NOT_PENDING: "The document is signed, declined, expired or cancelled, and can no longer be changed.",
    UserErrorCode.IN_FLIGHT: "The document's mail is being sent at this moment; try again in a few seconds.",
}
_INVALID_SIGNERS: Final = {
    InvalidSigners.REJECT_ALL: "Nothing is sent; every problem is a user error.",
    InvalidSigners.SKIP: "The valid signers are sent to; every problem of the others is a warning `SIGNER_SKIPPED`.",
}
_WARNINGS: Final = {
    WarningCode.DUPLICATE_EMAIL: "Another signer has the same address; both get a document.",
    WarningCode.UNUSED_VALUE: "The template does not name this merge field; its value is not used.",
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


publish(DeliveryErrorCode, _DELIVERY_ERRORS, "Why a delivery failed or waits; stable.")
publish(UserErrorCode, _USER_ERRORS, "Why a mutation did nothing; stable.")
publish(WarningCode, _WARNINGS, "What to look at, though it was done; stable.")
publish(InvalidSigners, _INVALID_SIGNERS, "What becomes of a create some of whose signers are invalid.")
