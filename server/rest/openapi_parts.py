"""Components of the OpenAPI document: headers, responses and references."""

from typing import Any, Final

from bulksend.server.rest.problem_details import MEDIA_TYPE
from bulksend.server.rest.problems import FORBIDDEN, INTERNAL_ERROR, TOO_MANY_REQUESTS, UNAUTHENTICATED, Problem

Part = dict[str, Any]

HEADERS: Final[dict[str, Part]] = {
    "X-Request-Id": {
        "description": "The request's id; a well-formed one of yours is kept.",
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {"description": "Requests a minute with this API key.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until they are all there again.", "schema": {"type": "integer"}},
    "Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}},
    "Location": {"description": "Where the bulk send is read.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` when this is the original of an earlier create.",
        "schema": {"const": "true"},
    },
    "Bulksend-Warnings": {
        "description": "What to look at, though it was done: codes, and how many of each; a dry run says where.",
        "schema": {"type": "string", "examples": ["DUPLICATE_EMAIL;count=2, UNUSED_VALUE;count=1"]},
    },
    "Preference-Applied": {"description": "The preference that was followed.", "schema": {"const": "respond-async"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}
_ALWAYS: Final = ("X-Request-Id",)
_WITH_A_KEY: Final = (*_ALWAYS, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_OF_STATUS: Final = {401: ("WWW-Authenticate",), 429: ("Retry-After",)}
# Problems of every operation.
_EVERYWHERE: Final = (UNAUTHENTICATED, FORBIDDEN, TOO_MANY_REQUESTS, INTERNAL_ERROR)


def ref(kind: str, name: str) -> Part:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def answer(description: str, *headers: str, schema: str | None = None, example: object = None) -> Part:
    """Return a successful response; `schema` is the name of a component."""
    part: Part = {"description": description, "headers": _headers(*_WITH_A_KEY, *headers)}
    if schema is not None:
        content: Part = {"schema": ref("schemas", schema)}
        part["content"] = {"application/json": content | ({"example": example} if example else {})}
    return part


def refusals(*problems: Problem) -> dict[str, Part]:
    """Return the error responses of an operation by status, including those of every operation."""
    by_status: dict[int, list[Problem]] = {}
    for problem in sorted((*_EVERYWHERE, *problems), key=lambda problem: problem.status):
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): _refusal(status, same) for status, same in by_status.items()}


def _refusal(status: int, problems: list[Problem]) -> Part:
    known = _ALWAYS if status == 401 else _WITH_A_KEY
    return {
        "description": ". Or: ".join(f"{problem.title} (`/problems/{problem.name}`)" for problem in problems),
        "headers": _headers(*known, *_OF_STATUS.get(status, ())),
        "content": {MEDIA_TYPE: {"schema": ref("schemas", "ProblemDetails")}},
    }


def _headers(*names: str) -> Part:
    return {name: ref("headers", name) for name in names}
