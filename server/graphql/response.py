"""GraphQL results and errors as JSON, the same over HTTP, in streams and over WebSockets."""

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult, PreExecutionError

from bulksend.resolvers.errors import DomainError, ErrorCode, masked_message
from bulksend.server.http.json_body import RequestRefused

COST = "cost"


def result_body(result: ExecutionResult, *, with_cost: bool = False) -> dict[str, Any]:
    """Return the response to an operation. `with_cost`: include `extensions.cost`.

    `data` is absent when the operation was not executed.
    """
    errors = [formatted(error) for error in result.errors or ()]
    body: dict[str, Any] = {"errors": errors} if errors else {}
    if not _was_refused(result, errors):
        body["data"] = result.data
    if with_cost and (cost := (result.extensions or {}).get(COST)):
        body["extensions"] = {COST: cost}
    return body


def formatted(error: GraphQLError) -> dict[str, Any]:
    """Return an error with its code."""
    found: dict[str, Any] = dict(error.formatted)
    found.setdefault("extensions", {}).setdefault("code", ErrorCode.INTERNAL_SERVER_ERROR.value)
    return found


def refusal_errors(refusal: DomainError | RequestRefused) -> list[dict[str, Any]]:
    """Return the single error of a request that was refused as a whole."""
    extensions = refusal.extensions if isinstance(refusal, DomainError) else {"code": refusal.code.value}
    return [{"message": refusal.message, "extensions": extensions}]


def masked_errors(request_id: str) -> list[dict[str, Any]]:
    """Return the single, masked error of a request that failed unexpectedly."""
    return [
        {
            "message": masked_message(request_id),
            "extensions": {"code": ErrorCode.INTERNAL_SERVER_ERROR, "requestId": request_id},
        }
    ]


def _was_refused(result: ExecutionResult, errors: Sequence[dict[str, Any]]) -> bool:
    if isinstance(result, PreExecutionError):
        return True
    # Errors in variables come from graphql-core's executor, without a path.
    return bool(errors) and result.data is None and all("path" not in error for error in errors)
