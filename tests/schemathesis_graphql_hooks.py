"""What schemathesis looks for: its own check takes any error of a valid operation for a fault, also a page of -3 rows."""

from typing import Any

import schemathesis

# What a schema cannot say: how large a page may be, what a cursor or a time looks like, how much is too much.
EXPECTED = {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX"}


@schemathesis.check
def only_expected_errors(_context: Any, response: Any, _case: Any) -> None:
    """Whatever a valid operation asks, it is answered, or refused for what it asks."""
    assert response.status_code < 500
    codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
    assert codes <= EXPECTED, codes
