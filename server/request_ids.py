"""X-Request-Id on every response and in every log line of a request; a well-formed incoming one is kept."""

import re
import uuid
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

HEADER: Final = "X-Request-Id"
REQUEST_ID: Final = web.RequestKey("request_id", str)
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)


@web.middleware
async def request_ids(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id."""
    given = request.headers.get(HEADER, "")
    request_id = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
    request[REQUEST_ID] = request_id
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        return await handler(request)
