"""Errors of the REST API as problem details (RFC 9457), and a page about each problem type."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bulksend.db.errors import UNAVAILABLE
from bulksend.resolvers.errors import (
    BadUserInput,
    DomainError,
    ErrorCode,
    Forbidden,
    database_away,
    masked_message,
)
from bulksend.resolvers.user_errors import MutationError, MutationWarning
from bulksend.server.http import pages
from bulksend.server.http.admission import challenge
from bulksend.server.http.json_body import RequestRefused
from bulksend.server.rest import problems
from bulksend.server.rest.models import FieldNote, ProblemDetails
from bulksend.server.rest.problems import Problem

MEDIA_TYPE: Final = "application/problem+json"
PUBLIC_URL: Final = web.AppKey("public_url", str)
_REST: Final = "/api/"

log = structlog.get_logger(__name__)


class InvalidParameters(Exception):
    """Parameters of the request are invalid; `errors` lists all of them."""

    def __init__(self, errors: Sequence[FieldNote]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} errors")


@web.middleware
def problem_details(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
    """Convert errors of the REST API, including aiohttp's own for its paths, to problem details."""
    return _answer(request, handler) if is_rest(request) else handler(request)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InvalidParameters as invalid:
        return _respond(request, problems.INVALID_INPUT, _summary(invalid.errors), errors=invalid.errors)
    except DomainError as error:
        return _of_domain_error(request, error)
    except UNAVAILABLE as error:
        log.error("the database is away", error=type(error).__name__)
        return _of_domain_error(request, database_away())
    except RequestRefused as refused:
        problem = problems.of_error(refused.code)
        return _respond(request, problem, refused.message, status=refused.status, headers=refused.headers)
    except web.HTTPException as error:
        return _of_http(request, error)


def is_rest(request: web.Request) -> bool:
    """Return whether the request is for the REST API."""
    return is_rest_path(request.path)


def is_rest_path(path: str) -> bool:
    """Return whether a path belongs to the REST API."""
    return path.startswith(_REST)


def of_user_errors(
    request: web.Request, errors: Sequence[MutationError], warnings: Sequence[MutationWarning] = ()
) -> web.Response:
    """Return the response for the user errors of a mutation."""
    problem = problems.of_user_errors(errors)
    retry_after = errors[0].retry_after
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    notes = [FieldNote.at(error.field, error.message, error.code) for error in errors]
    if problem is problems.INVALID_INPUT:
        warned = [FieldNote.at(warning.field, warning.message, warning.code) for warning in warnings]
        return _respond(request, problem, _summary(notes), errors=notes, warnings=warned or None)
    return _respond(request, problem, f"{errors[0].message}.", headers=headers)


def masked(public_url: str, request_id: str) -> web.Response:
    """Return the response to an unexpected failure."""
    return _response(public_url, problems.INTERNAL_ERROR, masked_message(request_id), request_id=request_id)


def malformed(public_url: str, status: int, rule: str) -> web.Response:
    """Return the response to a request that is not well-formed HTTP."""
    return _response(public_url, problems.MALFORMED, rule, status=status)


def routes() -> list[web.RouteDef]:
    """Return the routes of the pages that problem types link to."""

    async def page(request: web.Request) -> web.Response:
        problem = problems.BY_NAME.get(request.match_info["name"])
        if problem is None:
            return pages.message(404, "No such problem", "There is no problem of this name.")
        return pages.page("problem.html", problem=problem, reason=HTTPStatus(problem.status).phrase)

    return [web.get("/problems/{name}", page)]


def _of_domain_error(request: web.Request, error: DomainError) -> web.Response:
    problem = problems.of_error(error.code)
    if isinstance(error, BadUserInput):
        note = FieldNote(field=error.field, message=error.message, code=ErrorCode.BAD_USER_INPUT)
        return _respond(request, problem, error.message, errors=[note])
    scope = error.required_scope if isinstance(error, Forbidden) else None
    return _respond(request, problem, error.message, headers=challenge(error), required_scope=scope)


def _of_http(request: web.Request, error: web.HTTPException) -> web.Response:
    for problem in problems.PROBLEMS:
        if problem.status == error.status and problem.errors:
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return _respond(request, problem, problem.help, headers=allow)
    raise error


def _summary(errors: Sequence[FieldNote]) -> str:
    if len(errors) == 1:
        return f"{errors[0].message.removesuffix('.')}."
    return f"{len(errors)} things are not as documented: see errors."


def _respond(request: web.Request, problem: Problem, detail: str, **more: Any) -> web.Response:
    return _response(request.app[PUBLIC_URL], problem, detail, **more)


def _response(
    public_url: str,
    problem: Problem,
    detail: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    errors: Iterable[FieldNote] | None = None,
    warnings: Sequence[FieldNote] | None = None,
    required_scope: str | None = None,
    request_id: str | None = None,
) -> web.Response:
    details = ProblemDetails(
        type=f"{public_url}/problems/{problem.name}",
        title=problem.title,
        status=status or problem.status,
        detail=detail,
        errors=None if errors is None else list(errors),
        warnings=None if warnings is None else list(warnings),
        required_scope=required_scope,
        request_id=request_id,
    )
    return web.Response(
        body=details.model_dump_json(by_alias=True, exclude_none=True).encode(),
        status=details.status,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
