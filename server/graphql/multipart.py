"""Subscriptions over HTTP by Apollo's multipart protocol, version 1.0.

https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any, Final, TypeAlias

from aiohttp import web
from strawberry.types.execution import ExecutionResult, PreExecutionError

from bulksend.resolvers.context import Gateway
from bulksend.resolvers.errors import DomainError, ErrorCode
from bulksend.server.graphql.response import refusal_errors, result_body
from bulksend.server.http import json_codec
from bulksend.server.http.authentication import Authenticator
from bulksend.server.http.json_body import RequestRefused
from bulksend.server.http.key_check import CHECK_SECONDS, is_refused

HEARTBEAT_SECONDS: Final = 5.0
CONTENT_TYPE: Final = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
_BOUNDARY: Final = b"\r\n--graphql"
_PART: Final = b"\r\nContent-Type: application/json\r\n\r\n"

Results: TypeAlias = AsyncGenerator[PreExecutionError | ExecutionResult, None]


class Streams:
    """The subscriptions of one process over multipart HTTP."""

    def __init__(self, gateway: Gateway, authenticator: Authenticator) -> None:
        self._gateway = gateway
        self._authenticator = authenticator

    async def send(self, request: web.Request, results: Results) -> web.StreamResponse | ExecutionResult:
        """Send `results` until they end; or give the one that says why there are none, and send nothing."""
        async with aclosing(results):
            first = await anext(results)
            if "data" not in result_body(first):
                return first
            response = web.StreamResponse(
                headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
            )
            # A client that goes away mid-write is how most subscriptions end.
            with suppress(ConnectionResetError):
                await response.prepare(request)
                await response.write(_BOUNDARY)
                await _write(response, {"payload": result_body(first)})
                ending = await self._follow(request, response, results)
                await _write(response, *ending)
                await response.write(b"--\r\n")
                await response.write_eof()
            return response

    async def _follow(
        self, request: web.Request, response: web.StreamResponse, results: Results
    ) -> list[dict[str, Any]]:
        """Send results as they come, and give what is to be said at the end."""
        authorization = request.headers.get("Authorization")
        written = time.monotonic()
        following = asyncio.ensure_future(anext(results, None))
        try:
            while True:
                await asyncio.wait([following], timeout=CHECK_SECONDS)
                if request.transport is None or request.transport.is_closing():
                    raise ConnectionResetError
                if refusal := await self._ended(authorization):
                    return [{"payload": None, "errors": refusal_errors(refusal)}]
                if following.done():
                    result = following.result()
                    if result is None:
                        return []
                    await _write(response, {"payload": result_body(result)})
                    following = asyncio.ensure_future(anext(results, None))
                elif time.monotonic() - written < HEARTBEAT_SECONDS:
                    continue
                else:
                    await _write(response, {})
                written = time.monotonic()
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _ended(self, authorization: str | None) -> DomainError | RequestRefused | None:
        if self._gateway.stopping.is_set():
            return RequestRefused(503, ErrorCode.INTERNAL_SERVER_ERROR, "The gateway stops. Subscribe again.")
        return await is_refused(self._authenticator, authorization)


async def _write(response: web.StreamResponse, *parts: dict[str, Any]) -> None:
    """Write each part with the boundary after it, so that a client knows at once that it is whole."""
    for part in parts:
        await response.write(b"".join((_PART, json_codec.write(part), _BOUNDARY)))
