"""Errors in the shape of variables, told by field and rule.

graphql-core's own messages repeat what was sent, signers' names and addresses among it; ours never do.
"""

import re
from dataclasses import dataclass
from typing import Final

_ABOUT_VARIABLE: Final = re.compile(r"Variable '\$(\w+)' has invalid value(?: at (\S+?))?: (.*)", re.DOTALL)
_TOO_MANY: Final = "Too many errors processing variables"
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")

# What a message begins with or has within, and the rule it stands for.
_RULES: Final = (
    (re.compile(r"Expected a value of non-null type"), "is required"),
    (re.compile(r"Expected value of non-null type"), "must not be null"),
    (re.compile(r"Expected value of type '\w+' to be an object"), "must be an object"),
    (re.compile(r"String cannot represent"), "must be a string"),
    (re.compile(r"ID cannot represent"), "must be an id"),
    (re.compile(r"Int cannot represent"), "must be a whole number of 32 bits"),
    (re.compile(r"Boolean cannot represent"), "must be true or false"),
    (re.compile(r"(?:Value .* does not exist in|Enum) '(\w+)'", re.DOTALL), "must be a value of its enum"),
    (re.compile(r"DateTime must be"), "must be an RFC 3339 time with an offset, such as 2026-05-28T10:00:00.000Z"),
)
_MISSING: Final = re.compile(r"Expected value of type '\w+' to include required field '(\w+)'")
_UNKNOWN: Final = re.compile(r"Expected value of type '(\w+)' not to include unknown field '(\w{1,64})'")


@dataclass(frozen=True, slots=True)
class VariableError:
    """One broken rule. `field`: the path, beginning with the variable's name."""

    field: tuple[str, ...]
    message: str


def read(message: str) -> VariableError | None:
    """Read graphql-core's message about a variable, or None if it is about something else."""
    match = _ABOUT_VARIABLE.match(message)
    if match is None:
        return None
    variable, steps, cause = match.groups()
    path = (variable, *(name or index for name, index in _STEP.findall(steps or "")))
    field, rule = _rule(path, cause)
    return VariableError(field, f"{'.'.join(field)} {rule}")


def says_too_many(message: str) -> bool:
    """Return whether graphql-core gave up counting."""
    return message.startswith(_TOO_MANY)


def _rule(path: tuple[str, ...], cause: str) -> tuple[tuple[str, ...], str]:
    if missing := _MISSING.match(cause):
        return (*path, missing[1]), "is required"
    if unknown := _UNKNOWN.match(cause):
        return (*path, unknown[2]), f"is not a field of {unknown[1]}"
    for pattern, rule in _RULES:
        if pattern.match(cause):
            return path, rule
    return path, "is not valid"
