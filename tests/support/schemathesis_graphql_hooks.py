"""A check for schemathesis on GraphQL; its own check treats any error of a valid operation as a failure."""

from typing import Any

import schemathesis
from schemathesis import GenerationMode

# Rules that a schema cannot express: page sizes, the formats of cursors and times, limits on operations.
OF_VALID_OPERATIONS = {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX"}
OF_OTHERS = {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}


@schemathesis.check
def only_expected_errors(_context: Any, response: Any, case: Any) -> None:
    """Require that an operation succeeds or fails with an expected code."""
    assert response.status_code < 500
    codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
    is_valid = case.meta.generation.mode is GenerationMode.POSITIVE
    assert codes <= (OF_VALID_OPERATIONS if is_valid else OF_VALID_OPERATIONS | OF_OTHERS), codes
