"""Telling of an error without what it says: PostgreSQL's errors quote rows, and with them signers."""

import traceback


def described(error: BaseException) -> dict[str, str]:
    """The error's type and where it arose, as fields of a log line."""
    where = traceback.extract_tb(error.__traceback__)
    last = where[-1] if where else None
    return {"error": type(error).__name__, "where": f"{last.name}:{last.lineno}" if last else ""}
