"""Problem types (RFC 9457) of the REST API, and which errors each stands for.

Error codes are those of GraphQL: of top-level errors, and of the `userErrors` of mutations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bulksend.resolvers.errors import ErrorCode
from bulksend.resolvers.user_errors import MutationError, UserErrorCode


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem type. `name`: the end of its type URI; `help`: what to do about it, shown on its page."""

    name: str
    status: int
    title: str
    help: str
    errors: tuple[ErrorCode, ...] = ()
    user_errors: tuple[UserErrorCode, ...] = ()


MALFORMED: Final = Problem(
    "malformed-request",
    400,
    "The request cannot be understood",
    "The body must be one JSON object in UTF-8. NaN, Infinity and trailing commas are not JSON.",
    errors=(ErrorCode.BAD_REQUEST,),
)
UNAUTHENTICATED: Final = Problem(
    "unauthenticated",
    401,
    "A valid API key is needed",
    "Send the header Authorization: Bearer isk_… with a key that is neither revoked nor expired.",
    errors=(ErrorCode.UNAUTHENTICATED,),
)
FORBIDDEN: Final = Problem(
    "forbidden",
    403,
    "The API key lacks a scope",
    "The member requiredScope names the scope. Scopes are given when a key is made: make another key.",
    errors=(ErrorCode.FORBIDDEN,),
)
NOT_FOUND: Final = Problem(
    "not-found",
    404,
    "There is no such thing",
    "There is nothing at this address: the id is mistyped, unknown, deleted or another organization's. A create whose "
    "idempotency key belongs to a deleted bulk send ends here too, and sends nothing.",
    errors=(ErrorCode.NOT_FOUND,),
    user_errors=(UserErrorCode.NOT_FOUND,),
)
METHOD_NOT_ALLOWED: Final = Problem(
    "method-not-allowed",
    405,
    "This address does not take that method",
    "The Allow header lists the methods that it takes.",
    errors=(ErrorCode.METHOD_NOT_ALLOWED,),
)
IDEMPOTENCY_KEY_REUSED: Final = Problem(
    "idempotency-key-reused",
    409,
    "The idempotency key was used with another input",
    "A key stands for one input. Send the same body as the first time to get the original, or make a new key for a "
    "new bulk send.",
    user_errors=(UserErrorCode.IDEMPOTENCY_KEY_REUSED,),
)
PAYLOAD_TOO_LARGE: Final = Problem(
    "payload-too-large",
    413,
    "The body is too large",
    "A body has at most 2 MiB. Five hundred signers fit many times over: split the rest into another bulk send.",
    errors=(ErrorCode.PAYLOAD_TOO_LARGE,),
)
UNSUPPORTED_MEDIA_TYPE: Final = Problem(
    "unsupported-media-type",
    415,
    "The body must be JSON",
    "Send the header Content-Type: application/json. (curl -d alone sends a form.)",
    errors=(ErrorCode.UNSUPPORTED_MEDIA_TYPE,),
)
INVALID_INPUT: Final = Problem(
    "invalid-input",
    422,
    "Something in the request is not as documented",
    "The member errors lists everything that is wrong: field is its path, such as signers[3].email, message the rule "
    "for people, and code the rule for programs.",
    errors=(ErrorCode.BAD_USER_INPUT,),
    user_errors=(
        UserErrorCode.REQUIRED,
        UserErrorCode.INVALID_TYPE,
        UserErrorCode.UNKNOWN_FIELD,
        UserErrorCode.TOO_SHORT,
        UserErrorCode.TOO_LONG,
        UserErrorCode.TOO_FEW,
        UserErrorCode.TOO_MANY,
        UserErrorCode.BLANK,
        UserErrorCode.INVALID_CHARACTER,
        UserErrorCode.INVALID_EMAIL,
        UserErrorCode.DUPLICATE_VALUE,
        UserErrorCode.MISSING_VALUE,
        UserErrorCode.INVALID_VALUE,
        UserErrorCode.NOT_SENT,
        UserErrorCode.NOT_PENDING,
        UserErrorCode.IN_FLIGHT,
    ),
)
TOO_MANY_REQUESTS: Final = Problem(
    "too-many-requests",
    429,
    "Too many requests a minute with this API key",
    "Wait for the seconds in Retry-After. RateLimit-Remaining on every response tells how many requests are left.",
    errors=(ErrorCode.RATE_LIMITED,),
)
BULK_SEND_RATE: Final = Problem(
    "bulk-send-rate",
    429,
    "It is too early for another bulk send",
    "An organization may create one bulk send per 5 minutes. Wait for the seconds in Retry-After. Nothing was stored "
    "and nothing was sent.",
    user_errors=(UserErrorCode.RATE_LIMITED,),
)
INTERNAL_ERROR: Final = Problem(
    "internal-error",
    500,
    "Something went wrong on our side",
    "Report the requestId. Repeating a create is safe with the idempotency key of the first try.",
    errors=(ErrorCode.INTERNAL_SERVER_ERROR,),
)

SERVICE_UNAVAILABLE: Final = Problem(
    "service-unavailable",
    503,
    "The service is not available at the moment",
    "Try again after the seconds in Retry-After. Repeating a create is safe with the idempotency key of the first try.",
    errors=(ErrorCode.SERVICE_UNAVAILABLE,),
)

PROBLEMS: Final = (
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    IDEMPOTENCY_KEY_REUSED,
    PAYLOAD_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INVALID_INPUT,
    TOO_MANY_REQUESTS,
    BULK_SEND_RATE,
    INTERNAL_ERROR,
    SERVICE_UNAVAILABLE,
)
BY_NAME: Final = {problem.name: problem for problem in PROBLEMS}

_OF_ERROR: Final = {code: problem for problem in PROBLEMS for code in problem.errors}
_OF_USER_ERROR: Final = {code: problem for problem in PROBLEMS for code in problem.user_errors}
_IN_BODY: Final = frozenset({"templateId", "documentIds", "documents"})


def of_error(code: ErrorCode) -> Problem:
    """Return the problem for a domain error. Raise KeyError for an error that only GraphQL has."""
    return _OF_ERROR[code]


def of_user_errors(errors: Sequence[MutationError]) -> Problem:
    """Return the problem for the user errors of a mutation."""
    first = errors[0]
    # An ID in the body that does not exist is an invalid field; one in the path is not found.
    return INVALID_INPUT if first.field and first.field[0] in _IN_BODY else _OF_USER_ERROR[first.code]
