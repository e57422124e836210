"""Error responses outside of handlers, in the format of the API that was called.

They are unexpected failures (500, masked and logged) and requests that the HTTP parser refused (4xx).
"""

from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong
from aiohttp.typedefs import Handler

from bulksend.resolvers.errors import ErrorCode, masked_message
from bulksend.server.http.connections import ErrorPage
from bulksend.server.http.request_ids import HEADER, REQUEST_ID, new_request_id
from bulksend.server.http.response_headers import SERVER
from bulksend.server.rest import problem_details

_GRAPHQL: Final = "/graphql"
_LONGEST_LINE: Final = 8190

log = structlog.get_logger(__name__)


@web.middleware
async def unexpected(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log a handler's unexpected failure and answer with a masked 500."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        if request.transport is None:
            # The client has disconnected, so there is no response to send and no failure to log.
            raise
        log.exception("request failed")
        return _failure(request.path, request.app[problem_details.PUBLIC_URL], request[REQUEST_ID])


def error_page(public_url: str) -> ErrorPage:
    """Return the function that answers requests which do not reach the application; see `ErrorPage`."""

    def respond(head: bytes, status: int, error: BaseException | None) -> web.Response:
        path = _path(head)
        request_id = new_request_id()
        if status >= 500:
            log.error("request failed", request_id=request_id, exc_info=error)
            response = _failure(path, public_url, request_id)
        else:
            log.info("request refused by the HTTP parser", request_id=request_id, error=type(error).__name__)
            response = _refusal(path, public_url, request_id, *_status_and_rule(error, head))
        response.headers[HEADER] = request_id
        response.headers["Server"] = SERVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return respond


def _failure(path: str, public_url: str, request_id: str) -> web.Response:
    message = masked_message(request_id)
    if problem_details.is_rest_path(path):
        return problem_details.masked(public_url, request_id)
    if path == _GRAPHQL:
        extensions = {"code": ErrorCode.INTERNAL_SERVER_ERROR, "requestId": request_id}
        return web.json_response({"errors": [{"message": message, "extensions": extensions}]}, status=500)
    return web.json_response({"message": message, "requestId": request_id}, status=500)


def _refusal(path: str, public_url: str, request_id: str, status: int, rule: str) -> web.Response:
    if problem_details.is_rest_path(path):
        return problem_details.malformed(public_url, status, rule)
    if path == _GRAPHQL:
        errors = [{"message": rule, "extensions": {"code": ErrorCode.BAD_REQUEST}}]
        return web.json_response({"errors": errors}, status=status)
    return web.json_response({"message": rule, "requestId": request_id}, status=status)


def _status_and_rule(error: BaseException | None, head: bytes) -> tuple[int, str]:
    if isinstance(error, ContentEncodingError):
        return 415, "Send the body as it is, or with Content-Encoding: gzip or deflate."
    if isinstance(error, LineTooLong):
        if _target(head)[:50] and error.args[0].startswith(_target(head)[:50]):
            return 414, f"The URL must have at most {_LONGEST_LINE} bytes. Send long GraphQL documents by POST."
        return 431, f"Each header must have at most {_LONGEST_LINE} bytes."
    return 400, "The request must be well-formed HTTP/1.1: its request line, its headers and its body's encoding."


def _path(head: bytes) -> str:
    try:
        return urlsplit(_target(head).decode("ascii")).path
    except ValueError:
        return ""


def _target(head: bytes) -> bytes:
    """Return the request target from the beginning of a request, as far as it is complete."""
    parts = head.partition(b"\r\n")[0].split(b" ")
    return parts[1] if len(parts) > 1 else b""
