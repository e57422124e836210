"""Request IDs: in the X-Request-Id header of every response and in the log lines of the request."""

import random
import re
from collections.abc import Awaitable
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

HEADER: Final = "X-Request-Id"
REQUEST_ID: Final = web.RequestKey("request_id", str)
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)


@web.middleware
def request_ids(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
    """Set the request's ID: a well-formed one from its header, or a new one."""
    given = request.headers.get(HEADER)
    request_id = given if given and _WELL_FORMED.fullmatch(given) else new_request_id()
    request[REQUEST_ID] = request_id
    # It is unbound with the request, since aiohttp handles each request in its own context.
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return handler(request)


def new_request_id() -> str:
    """Return a new request id of 32 hexadecimal digits."""
    # It protects nothing, so it need not be unguessable.
    return f"{random.getrandbits(128):032x}"
