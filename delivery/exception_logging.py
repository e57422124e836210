"""Log fields for an exception without its message, which may contain personal data: PostgreSQL quotes rows."""

import traceback


def described(error: BaseException) -> dict[str, str]:
    """Return the exception's type and where it was raised, as fields of a log line."""
    where = traceback.extract_tb(error.__traceback__)
    last = where[-1] if where else None
    return {"error": type(error).__name__, "where": f"{last.name}:{last.lineno}" if last else ""}
