"""Headers of every response: the request's id, and where its API key stands within its requests a minute."""

import math
import time
from typing import Final

from aiohttp import web

from bulksend.resolvers.context import Allowance
from bulksend.server.request_ids import HEADER, REQUEST_ID

ALLOWANCE: Final = web.RequestKey("allowance", Allowance)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add them just before a response begins, whichever door made it."""
    if request_id := request.get(REQUEST_ID):
        response.headers[HEADER] = request_id
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if allowance := request.get(ALLOWANCE):
        seconds = max(0, math.ceil(allowance.reset_at.timestamp() - time.time()))
        response.headers["RateLimit-Limit"] = str(allowance.limit)
        response.headers["RateLimit-Remaining"] = str(allowance.remaining)
        response.headers["RateLimit-Reset"] = str(seconds)
