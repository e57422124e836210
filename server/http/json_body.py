"""Reading JSON that a caller sent: every odd body has its own 4xx, the same at both doors."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from bulksend.resolvers.errors import ErrorCode
from bulksend.server.graphql.negotiation import JSON
from bulksend.server.http import json_codec

LARGEST_BODY: Final = 2 * 1024 * 1024
LARGE_BODY: Final = 100_000
# Python reads JSON in one go, up to a second for 2 MB of nothing but brackets. 500 signers with 20 values each have
# half of these.
MOST_PUNCTUATION: Final = 150_000
_PUNCTUATION: Final = (b"[", b"{", b",", b":")
# Whoever sends slower than this holds a connection for nothing.
BODY_SECONDS: Final = 30.0
_ENCODINGS: Final = frozenset({"", "identity", "gzip", "deflate"})

_one_large_at_a_time: Final = asyncio.Lock()


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
    body = await _body(request)
    if len(body) <= LARGE_BODY:
        return parse_json(body)
    async with _one_large_at_a_time:
        # Parsing a large body holds the event loop for milliseconds: between two of them others have their turn.
        await asyncio.sleep(0)
        return parse_json(body)


def parse_json(text: bytes, name: str = "body") -> Any:
    """Parse JSON as RFC 8259 has it. Raises `RequestRefused` naming what was to be JSON."""
    if len(text) > MOST_PUNCTUATION and sum(text.count(mark) for mark in _PUNCTUATION) > MOST_PUNCTUATION:
        message = f"The {name} must have at most {MOST_PUNCTUATION} brackets, braces, commas and colons."
        raise RequestRefused(413, ErrorCode.PAYLOAD_TOO_LARGE, message)
    try:
        return json_codec.read(text)
    except (ValueError, RecursionError):
        # ValueError covers what is not UTF-8, not JSON, or a number of too many digits.
        raise bad_request(f"The {name} must be valid JSON in UTF-8.") from None


def bad_request(message: str) -> RequestRefused:
    """Say that what was sent cannot be understood."""
    return RequestRefused(400, ErrorCode.BAD_REQUEST, message)


def _check_content_type(request: web.Request) -> None:
    if request.headers.get("Content-Encoding", "").lower() not in _ENCODINGS:
        message = "Send the body as it is, or with Content-Encoding: gzip or deflate."
        raise RequestRefused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)
    given = request.headers.get("Content-Type", "")
    if given == JSON:
        return
    charset = (request.charset or "utf-8").lower()
    if given and request.content_type == JSON and charset in ("utf-8", "utf8"):
        return
    message = "Send the request as Content-Type: application/json, in UTF-8."
    raise RequestRefused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)


async def _body(request: web.Request) -> bytes:
    try:
        if request.content.is_eof():
            return await request.read()
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except RequestPayloadError:
        raise bad_request("The body must be encoded as its Content-Encoding says.") from None
    except TimeoutError:
        message = f"The body must arrive within {BODY_SECONDS:g} seconds."
        raise RequestRefused(408, ErrorCode.BAD_REQUEST, message, {"Connection": "close"}) from None
    except web.HTTPRequestEntityTooLarge:
        message = f"The body must have at most {LARGEST_BODY} bytes."
        raise RequestRefused(413, ErrorCode.PAYLOAD_TOO_LARGE, message) from None
