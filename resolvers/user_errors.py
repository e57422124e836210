"""Expected outcomes of a mutation that are not what the caller hoped for: data, not errors."""

from dataclasses import dataclass
from enum import StrEnum

Path = tuple[str, ...]


class UserErrorCode(StrEnum):
    """Why a mutation did nothing."""

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
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    RATE_LIMITED = "RATE_LIMITED"
    NOT_FOUND = "NOT_FOUND"
    NOT_FAILED = "NOT_FAILED"


class WarningCode(StrEnum):
    """What a caller may want to look at, though it was done."""

    DUPLICATE_EMAIL = "DUPLICATE_EMAIL"
    UNUSED_VALUE = "UNUSED_VALUE"


@dataclass(frozen=True, slots=True)
class UserError:
    """Why a mutation did nothing. `field`: path within the input; `retry_after`: seconds."""

    code: UserErrorCode
    field: Path | None
    message: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Warning:
    """What a caller may want to look at, though it was done. `field`: path within the input."""

    code: WarningCode
    field: Path | None
    message: str
