"""Reading JSON that a caller sent: every odd body has its own 4xx, the same at both doors."""

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from aiohttp import web

from bulksend.resolvers.errors import ErrorCode
from bulksend.server.negotiation import JSON

LARGEST_BODY: Final = 2 * 1024 * 1024


class RequestRefused(Exception):
    """The request is not one that the door knows; answered with `status`."""

    def __init__(self, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        super().__init__(message)


async def read_json(request: web.Request) -> Any:
    """Read the body. Raises `RequestRefused`."""
    _check_content_type(request)
    return parse_json(await _body(request))


def parse_json(text: bytes, name: str = "body") -> Any:
    """Parse JSON as RFC 8259 has it. Raises `RequestRefused` naming what was to be JSON."""
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        # ValueError covers what is not UTF-8, not JSON, or a number of too many digits.
        raise bad_request(f"The {name} must be valid JSON in UTF-8.") from None


def bad_request(message: str) -> RequestRefused:
    """Say that what was sent cannot be understood."""
    return RequestRefused(400, ErrorCode.BAD_REQUEST, message)


def _check_content_type(request: web.Request) -> None:
    charset = (request.charset or "utf-8").lower()
    if request.headers.get("Content-Type", "") and request.content_type == JSON and charset in ("utf-8", "utf8"):
        return
    message = "Send the request as Content-Type: application/json, in UTF-8."
    raise RequestRefused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        message = f"The body must have at most {LARGEST_BODY} bytes."
        raise RequestRefused(413, ErrorCode.PAYLOAD_TOO_LARGE, message) from None


def _refuse(constant: str) -> NoReturn:
    # NaN and Infinity, which Python reads and JSON does not have.
    raise ValueError(constant)
