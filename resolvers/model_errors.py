"""Problems that pydantic's models find, in the words and codes of this API."""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bulksend.resolvers.user_errors import MutationError, MutationWarning, Path, UserErrorCode

_CODES: Final = {
    "missing": UserErrorCode.REQUIRED,
    "extra_forbidden": UserErrorCode.UNKNOWN_FIELD,
    "string_too_short": UserErrorCode.TOO_SHORT,
    "string_too_long": UserErrorCode.TOO_LONG,
    "string_unicode": UserErrorCode.INVALID_CHARACTER,
    "string_pattern_mismatch": UserErrorCode.INVALID_CHARACTER,
    "too_short": UserErrorCode.TOO_FEW,
    "too_long": UserErrorCode.TOO_MANY,
    "blank": UserErrorCode.BLANK,
    "invalid_character": UserErrorCode.INVALID_CHARACTER,
    "invalid_email": UserErrorCode.INVALID_EMAIL,
    "duplicate_value": UserErrorCode.DUPLICATE_VALUE,
    "unknown_locale": UserErrorCode.INVALID_VALUE,
    "greater_than_equal": UserErrorCode.INVALID_VALUE,
    "less_than_equal": UserErrorCode.INVALID_VALUE,
}


class Invalid(Exception):
    """The input is invalid; `errors` lists every problem, and `warnings` what else there is to check."""

    def __init__(self, errors: list[MutationError], warnings: Sequence[MutationWarning] = ()) -> None:
        self.errors = errors
        self.warnings = warnings
        super().__init__("; ".join(error.message for error in errors))


def errors_of(error: ValidationError, within: Path = ()) -> list[MutationError]:
    """Return every problem that a model found, with paths below `within`."""
    return [error_of(detail, within) for detail in error.errors(include_url=False, include_input=False)]


def error_of(detail: ErrorDetails, within: Path = ()) -> MutationError:
    """Return one problem that a model found, with its path below `within`."""
    path: Path = (*within, *(str(part) for part in detail["loc"]))
    code = _CODES.get(detail["type"], UserErrorCode.INVALID_TYPE)
    return MutationError(code, path, f"{path[-1] if path else 'input'} {_rule(detail)}")


def _rule(detail: ErrorDetails) -> str:
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not a field of this input"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must have at most {limits['max_length']} characters"
        case "too_short":
            return f"must have at least {limits['min_length']} item"
        case "too_long":
            return f"must have at most {limits['max_length']} items"
        case "string_unicode":
            return "must be valid Unicode without lone surrogates"
        case "string_pattern_mismatch":
            return "must have only letters, digits and underscores and not begin with a digit"
        case "greater_than_equal":
            return f"must be at least {limits['ge']}"
        case "less_than_equal":
            return f"must be at most {limits['le']}"
        case "int_type":
            return "must be a whole number"
        case "string_type":
            return "must be a string"
        case "enum":
            return f"must be one of {limits['expected'].upper()}"
        case "bool_type":
            return "must be true or false"
        case "list_type":
            return "must be a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be an object"
        case _:
            return detail["msg"]
