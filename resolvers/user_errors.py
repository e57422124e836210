"""Expected failures of a mutation, which are returned as data (`userErrors`)."""

from dataclasses import dataclass
from enum import StrEnum

Path = tuple[str, ...]


class UserErrorCode(StrEnum):
    """Why a mutation changed nothing."""

    REQUIRED = "REQUIRED"
    INVALID_TYPE = "INVALID_TYPE"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_FEW = "TOO_FEW"
    TOO_MANY = "TOO_MANY"
    BLANK = "BLANK"
    INVALID_CHARACTER = "INVALID_CHARACTER"
    INVALID_EMAIL = "INVALID_EMAIL"
    DUPLICATE_VALUE = "DUPLICATE_VALUE"
    MISSING_VALUE = "MISSING_VALUE"
    INVALID_VALUE = "INVALID_VALUE"
    INVALID_TEMPLATE = "INVALID_TEMPLATE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    RATE_LIMITED = "RATE_LIMITED"
    NOT_FOUND = "NOT_FOUND"
    NOT_FAILED = "NOT_FAILED"
    NOT_SENT = "NOT_SENT"
    NOT_PENDING = "NOT_PENDING"
    IN_FLIGHT = "IN_FLIGHT"


class WarningCode(StrEnum):
    """What a caller may want to check although the mutation succeeded."""

    DUPLICATE_EMAIL = "DUPLICATE_EMAIL"
    UNUSED_VALUE = "UNUSED_VALUE"
    SIGNER_SKIPPED = "SIGNER_SKIPPED"


@dataclass(frozen=True, slots=True)
class MutationError:
    """One reason why a mutation changed nothing. `field`: path within the input; `retry_after`: seconds."""

    code: UserErrorCode
    field: Path | None
    message: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class MutationWarning:
    """Something to check although the mutation succeeded. `field`: path within the input."""

    code: WarningCode
    field: Path | None
    message: str
