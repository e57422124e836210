"""Errors whose message is meant for the caller. Any other exception is masked."""

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """`extensions.code` of a top-level error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


# The database is asked again this soon.
RETRY_AFTER_SECONDS = 5


def masked_message(request_id: str) -> str:
    """Return the message that stands for an unexpected error, whose own message may contain personal data."""
    return f"Something went wrong on our side. Please report request {request_id}."


class DomainError(Exception):
    """An error whose message is meant for the caller; the default message is the first line of the class docstring."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL_SERVER_ERROR

    def __init__(self, message: str | None = None, **extensions: object) -> None:
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.extensions: dict[str, object] = {"code": self.code.value, **extensions}
        super().__init__(self.message)


class Unauthenticated(DomainError):
    """Send a valid API key: `Authorization: Bearer isk_…`."""

    code = ErrorCode.UNAUTHENTICATED


class Forbidden(DomainError):
    """The API key lacks a scope that this needs."""

    code = ErrorCode.FORBIDDEN

    def __init__(self, required_scope: str) -> None:
        super().__init__(f"This needs the scope {required_scope}.", requiredScope=required_scope)
        self.required_scope = required_scope


class NotFound(DomainError):
    """There is no such thing, or it belongs to somebody else."""

    code = ErrorCode.NOT_FOUND


class RequestRateLimited(DomainError):
    """Too many requests with this API key."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, *, limit: int, retry_after: int) -> None:
        super().__init__(
            f"More than {limit} requests a minute with this API key. Try again in {retry_after} s.",
            retryAfter=retry_after,
        )
        self.retry_after = retry_after


class Unavailable(DomainError):
    """The service is not available at the moment."""

    code = ErrorCode.SERVICE_UNAVAILABLE

    def __init__(self, message: str | None = None, *, retry_after: int) -> None:
        super().__init__(message, retryAfter=retry_after)
        self.retry_after = retry_after


def database_away() -> Unavailable:
    """Return the error for a request that the database could not be asked for."""
    return Unavailable("The database cannot be reached at the moment. Try again.", retry_after=RETRY_AFTER_SECONDS)


class BadUserInput(DomainError):
    """An argument is not as documented; `field` names it."""

    code = ErrorCode.BAD_USER_INPUT

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message, field=[field])
        self.field = field
