"""Reading parameters, headers and bodies of REST requests. Rules about bulk sends are in the resolvers."""

import re
from typing import Any, Final, get_args

from aiohttp import web

from bulksend.db.bulk_sends import Filters
from bulksend.resolvers.bulk_sends import MAXIMUM_PAGE
from bulksend.resolvers.errors import ErrorCode
from bulksend.resolvers.pages import DEFAULT_PAGE, PageArguments
from bulksend.server.http.json_body import bad_request, read_json
from bulksend.server.rest.models import FieldNote, Status
from bulksend.server.rest.problem_details import InvalidParameters

STATUSES: Final = get_args(Status)
PARAMETERS: Final = ("cursor", "limit", "status")
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_RESPOND_ASYNC: Final = re.compile(r"(?:^|,)\s*respond-async\s*(?:$|[,;])", re.IGNORECASE)


def page_arguments(request: web.Request) -> tuple[PageArguments, Filters]:
    """Read a list's query parameters. Raise `InvalidParameters` naming every invalid one."""
    query = request.query
    wrong = [_wrong(name, f"{name} is not a parameter of this list") for name in sorted(set(query) - set(PARAMETERS))]
    wrong += [_wrong(name, f"{name} must be given once") for name in PARAMETERS if len(query.getall(name, [])) > 1]
    limit = query.get("limit", str(DEFAULT_PAGE))
    if not _WHOLE_NUMBER.fullmatch(limit) or int(limit) > MAXIMUM_PAGE:
        wrong.append(_wrong("limit", f"limit must be a whole number from 1 to {MAXIMUM_PAGE}"))
    status = query.get("status")
    if status is not None and status not in STATUSES:
        wrong.append(_wrong("status", f"status must be {', '.join(STATUSES[:-1])} or {STATUSES[-1]}"))
    if wrong:
        raise InvalidParameters(wrong)
    return PageArguments(first=int(limit), after=query.get("cursor")), Filters(status=(status,) if status else None)


async def create_input(request: web.Request) -> dict[str, Any]:
    """Read the body of a create, merged with its headers. Raise `RequestRefused` or `InvalidParameters`."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return {**body, **_key(request, body), **({"waitForDelivery": False} if prefers_async(request) else {})}


def prefers_async(request: web.Request) -> bool:
    """Return whether the caller prefers a response before delivery has ended (RFC 7240)."""
    return any(_RESPOND_ASYNC.search(value) for value in request.headers.getall("Prefer", []))


def _key(request: web.Request, body: dict[str, Any]) -> dict[str, str]:
    keys = request.headers.getall(IDEMPOTENCY_KEY, [])
    if not keys:
        return {}
    if any(key != keys[0] for key in keys) or body.get("idempotencyKey") not in (None, keys[0]):
        message = f"idempotencyKey must be the same wherever it is given: {IDEMPOTENCY_KEY} and body"
        raise InvalidParameters([_wrong("idempotencyKey", message)])
    return {"idempotencyKey": keys[0]}


def _wrong(name: str, message: str) -> FieldNote:
    return FieldNote(field=name, message=message, code=ErrorCode.BAD_USER_INPUT)
