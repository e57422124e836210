"""Reading JSON bodies, the same for GraphQL and REST; malformed ones are refused with 4xx."""

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
# JSON is parsed without interruption, which takes longest for nested arrays. 500 signers with 50 values each, the
# maximum of a create, have 257,000 tokens.
MOST_TOKENS: Final = 300_000
_PUNCTUATION: Final = (b"[", b"{", b",", b":")
# A client that takes longer is refused.
BODY_SECONDS: Final = 30.0
_ENCODINGS: Final = frozenset({"", "identity", "gzip", "deflate"})

_one_large_at_a_time: Final = asyncio.Lock()


class RequestRefused(Exception):
    """The request is malformed or not supported; answered with `status`."""

    def __init__(self, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        super().__init__(message)


async def read_json(request: web.Request) -> Any:
    """Read the body. Raise `RequestRefused`."""
    _check_content_type(request)
    body = await _body(request)
    if len(body) <= LARGE_BODY:
        return parse_json(body)
    async with _one_large_at_a_time:
        # Parsing a large body blocks the event loop for milliseconds; other tasks run between two of them.
        await asyncio.sleep(0)
        return parse_json(body)


def parse_json(text: bytes, name: str = "body") -> Any:
    """Parse JSON (RFC 8259). Raise `RequestRefused` with a message that calls it `name`."""
    if _has_too_many_tokens(text):
        message = f"The {name} must have at most {MOST_TOKENS} strings, brackets, braces, commas and colons."
        raise RequestRefused(413, ErrorCode.PAYLOAD_TOO_LARGE, message)
    try:
        return json_codec.read(text)
    except (ValueError, RecursionError):
        # ValueError: invalid UTF-8, invalid JSON, or a number with too many digits.
        raise bad_request(f"The {name} must be valid JSON in UTF-8.") from None


def _has_too_many_tokens(text: bytes) -> bool:
    """Return whether JSON has more than `MOST_TOKENS` tokens, without parsing it; strings are skipped."""
    if len(text) <= MOST_TOKENS or _tokens(text, text.count(b'"')) <= MOST_TOKENS:
        return False
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    quotes = unescaped.count(b'"')
    if quotes // 2 > MOST_TOKENS:
        return True
    return _tokens(b"".join(unescaped.split(b'"')[::2]), quotes) > MOST_TOKENS


def _tokens(text: bytes, quotes: int) -> int:
    return quotes // 2 + sum(text.count(mark) for mark in _PUNCTUATION)


def bad_request(message: str) -> RequestRefused:
    """Return the refusal of a malformed request."""
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
