"""Errors as callers see them: each with a code, ours with our words, anything unexpected masked and logged."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import structlog
from graphql import ExecutionResult as GraphQLExecutionResult
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, PreExecutionError

from bulksend.db.errors import UNAVAILABLE
from bulksend.resolvers.context import Context
from bulksend.resolvers.errors import DomainError, ErrorCode, database_away, masked_message
from bulksend.schema.operations import variable_errors

_CODED: Final = "code"

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


class CallerErrors(SchemaExtension):
    """Adds a code to every error of a result, including results of subscriptions."""

    def on_operation(self) -> Iterator[None]:
        """Present what the operation ended with."""
        yield
        present(self.execution_context.result, self.execution_context.context)

    def on_stream_result(self, result: Any) -> Iterator[None]:
        """Present each result of a subscription."""
        present(result, self.execution_context.context)
        yield


def present(result: Result, context: object) -> Result:
    """Return the result with its errors as callers see them."""
    if not isinstance(result, ExecutionResult | GraphQLExecutionResult | PreExecutionError) or not result.errors:
        return result
    request_id = _request_id(context)
    presented = _before_execution if isinstance(result, PreExecutionError) else _presented
    counted = [error for error in result.errors if not variable_errors.says_too_many(error.message)]
    result.errors = [presented(error, request_id) for error in counted]
    return result


def _before_execution(error: GraphQLError, request_id: str) -> GraphQLError:
    if _is_coded(error) or isinstance(error.original_error, DomainError):
        return _presented(error, request_id)
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        return _masked(error, request_id)
    if variable_errors.read(error.message) is not None:
        return _presented(error, request_id)
    parse = isinstance(error, GraphQLSyntaxError)
    return _with_code(error, ErrorCode.GRAPHQL_PARSE_FAILED if parse else ErrorCode.GRAPHQL_VALIDATION_FAILED)


def _presented(error: GraphQLError, request_id: str) -> GraphQLError:
    original = error.original_error
    if isinstance(original, UNAVAILABLE):
        log.error("the database is away", request_id=request_id, error=type(original).__name__)
        original = database_away()
    if isinstance(original, DomainError):
        return _with(error, original.message, {**original.extensions}, original)
    if _is_coded(error):
        return error
    if original is not None and not isinstance(original, GraphQLError):
        return _masked(error, request_id)
    variable = variable_errors.read(error.message)
    if variable is not None:
        return _with(error, variable.message, {_CODED: ErrorCode.BAD_USER_INPUT.value, "field": list(variable.field)})
    return _with_code(error, ErrorCode.BAD_USER_INPUT)


def _masked(error: GraphQLError, request_id: str) -> GraphQLError:
    log.error(
        "request failed",
        request_id=request_id,
        path=".".join(str(part) for part in error.path or ()),
        exc_info=error.original_error,
    )
    extensions = {"code": ErrorCode.INTERNAL_SERVER_ERROR.value, "requestId": request_id}
    return _with(error, masked_message(request_id), extensions)


def _is_coded(error: GraphQLError) -> bool:
    return _CODED in (error.extensions or {})


def _with_code(error: GraphQLError, code: ErrorCode) -> GraphQLError:
    return _with(error, error.message, {**(error.extensions or {}), _CODED: code.value})


def _with(
    error: GraphQLError, message: str, extensions: dict[str, Any], original: DomainError | None = None
) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=original,
        extensions=extensions,
    )


def _request_id(context: object) -> str:
    return context.request_id if isinstance(context, Context) else ""
