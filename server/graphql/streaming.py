"""Subscriptions over HTTP: results are sent as they occur, until they end, the key is revoked or the gateway stops."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aiohttp import web
from strawberry.types.execution import ExecutionResult, PreExecutionError

from bulksend.resolvers.context import Gateway
from bulksend.resolvers.errors import DomainError, ErrorCode
from bulksend.server.graphql.response import refusal_errors, result_body
from bulksend.server.http.authentication import CHECK_SECONDS, Authenticator, is_refused
from bulksend.server.http.json_body import RequestRefused

HEARTBEAT_SECONDS: Final = 5.0
# nginx buffers responses of unknown length without this header.
HEADERS: Final = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}

Results: TypeAlias = AsyncGenerator[PreExecutionError | ExecutionResult, None]


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """How the body of a stream is written. `refusal`: returns the end of a stream that is cut short."""

    content_type: str
    opening: bytes
    result: Callable[[dict[str, Any]], bytes]
    refusal: Callable[[list[dict[str, Any]]], bytes]
    heartbeat: bytes
    closing: bytes


class Streams:
    """The subscriptions of one process over HTTP."""

    def __init__(self, gateway: Gateway, authenticator: Authenticator) -> None:
        self._gateway = gateway
        self._authenticator = authenticator

    async def send(
        self, request: web.Request, results: Results, written: StreamFormat
    ) -> web.StreamResponse | ExecutionResult:
        """Send `results` until they end; or send nothing and return the single result that contains the errors."""
        async with aclosing(results):
            first = await anext(results)
            if "data" not in result_body(first):
                return first
            response = web.StreamResponse(headers={"Content-Type": written.content_type, **HEADERS})
            # Most subscriptions end with a client that disconnects during a write.
            with suppress(ConnectionResetError):
                await response.prepare(request)
                await response.write(written.opening + written.result(result_body(first)))
                if refusal := await self._follow(request, response, results, written):
                    await response.write(written.refusal(refusal_errors(refusal)))
                await response.write(written.closing)
                await response.write_eof()
            return response

    async def _follow(
        self, request: web.Request, response: web.StreamResponse, results: Results, written: StreamFormat
    ) -> DomainError | RequestRefused | None:
        """Send results as they occur. Return the error that cut the stream short; None if the results ended."""
        authorization = request.headers.get("Authorization")
        last_write = time.monotonic()
        following = asyncio.ensure_future(anext(results, None))
        try:
            while True:
                await asyncio.wait([following], timeout=CHECK_SECONDS)
                if request.transport is None or request.transport.is_closing():
                    raise ConnectionResetError
                if refusal := await self._ended(authorization):
                    return refusal
                if following.done():
                    result = following.result()
                    if result is None:
                        return None
                    await response.write(written.result(result_body(result)))
                    following = asyncio.ensure_future(anext(results, None))
                elif time.monotonic() - last_write < HEARTBEAT_SECONDS:
                    continue
                else:
                    await response.write(written.heartbeat)
                last_write = time.monotonic()
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _ended(self, authorization: str | None) -> DomainError | RequestRefused | None:
        if self._gateway.stopping.is_set():
            return RequestRefused(503, ErrorCode.INTERNAL_SERVER_ERROR, "The gateway stops. Subscribe again.")
        return await is_refused(self._authenticator, authorization)
