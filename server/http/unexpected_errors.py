"""What no door expected: masked, logged with the request's id, answered with 500."""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bulksend.server.http.request_ids import REQUEST_ID
from bulksend.server.rest.problem_details import is_rest, masked

log = structlog.get_logger(__name__)


@web.middleware
async def unexpected(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what a handler failed at."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        if request.transport is None:
            # The caller is gone: there is nobody to answer, and it is no fault of ours.
            raise
        log.exception("request failed")
        request_id = request[REQUEST_ID]
        message = f"Something went wrong on our side. Please report request {request_id}."
        if is_rest(request):
            return masked(request, message)
        return web.json_response({"message": message, "requestId": request_id}, status=500)
