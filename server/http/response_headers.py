"""Headers of every response: the request ID and the rate limit of the API key."""

import math
import time
from typing import Final

from aiohttp import web
from multidict import istr

from bulksend.resolvers.context import Allowance
from bulksend.server.http.request_ids import HEADER, REQUEST_ID

ALLOWANCE: Final = web.RequestKey("allowance", Allowance)
_REQUEST_ID: Final = istr(HEADER)
_CONTENT_TYPE_OPTIONS: Final = istr("X-Content-Type-Options")
_LIMIT: Final = istr("RateLimit-Limit")
_REMAINING: Final = istr("RateLimit-Remaining")
_RESET: Final = istr("RateLimit-Reset")
_SERVER: Final = istr("Server")
# Without versions, which would only help attackers.
SERVER: Final = "bulksend"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers before a response is sent."""
    headers = response.headers
    if request_id := request.get(REQUEST_ID):
        headers[_REQUEST_ID] = request_id
    headers[_SERVER] = SERVER
    headers.setdefault(_CONTENT_TYPE_OPTIONS, "nosniff")
    if allowance := request.get(ALLOWANCE):
        seconds = max(0, math.ceil(allowance.resets_at - time.time()))
        headers[_LIMIT] = str(allowance.limit)
        headers[_REMAINING] = str(allowance.remaining)
        headers[_RESET] = str(seconds)
