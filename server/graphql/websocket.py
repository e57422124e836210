"""GraphQL over a WebSocket: the protocol graphql-transport-ws.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from enum import IntEnum
from typing import Any, Final

import structlog
from aiohttp import WSMsgType, web

from bulksend.resolvers.errors import ErrorCode, Unauthenticated
from bulksend.server.graphql.response import refusal_errors
from bulksend.server.graphql.websocket_operations import Operations
from bulksend.server.http import json_codec
from bulksend.server.http.authentication import CHECK_SECONDS, is_refused
from bulksend.server.http.cors import Origins
from bulksend.server.http.json_body import LARGEST_BODY, RequestRefused, bad_request, parse_json
from bulksend.server.http.request_ids import REQUEST_ID

PROTOCOL: Final = "graphql-transport-ws"
INIT_SECONDS: Final = 10.0
HEARTBEAT_SECONDS: Final = 20.0
MOST_OPERATIONS: Final = 100

log = structlog.get_logger(__name__)


class Close(IntEnum):
    """Close codes of the protocol, and their reasons."""

    GOING_AWAY = 1001
    INTERNAL_ERROR = 1011
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALISATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITIALISATIONS = 4429


def wants_socket(request: web.Request) -> bool:
    """Return whether a request asks to become a WebSocket."""
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


class Sockets:
    """The WebSockets of one process."""

    def __init__(self, operations: Operations, origins: Origins) -> None:
        self._operations = operations
        self._origins = origins
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it is closed."""
        if not self._origins.allow_page_of(request):
            return web.json_response({"errors": refusal_errors(_OTHER_ORIGIN)}, status=_OTHER_ORIGIN.status)
        socket = web.WebSocketResponse(
            protocols=(PROTOCOL,), heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_BODY, compress=False
        )
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await _Connection(self._operations, socket, request).serve()
        finally:
            self._open.discard(socket)
        return socket

    async def close_all(self, _app: web.Application) -> None:
        """Close every socket because the process stops; clients reconnect."""
        closing = (socket.close(code=Close.GOING_AWAY, message=b"The gateway stops") for socket in [*self._open])
        await asyncio.gather(*closing, return_exceptions=True)


_OTHER_ORIGIN: Final = RequestRefused(403, ErrorCode.FORBIDDEN, "Pages of this origin may not open a WebSocket here.")


class _Closed(Exception):
    """The socket must be closed, with this code and reason."""

    def __init__(self, code: Close, reason: str) -> None:
        self.code = code
        # The reason in a close frame has at most 123 bytes.
        self.reason = reason.encode("utf-8", "replace")[:120]
        super().__init__(reason)


def _unauthorized() -> _Closed:
    # Not 4403: graphql-ws reconnects five times after 4403 and not after 4401.
    return _Closed(Close.UNAUTHORIZED, "Unauthorized")


class _Connection:
    """A socket and its operations."""

    def __init__(self, running: Operations, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._running = running
        self._socket = socket
        self._request = request
        self._request_id = request[REQUEST_ID]
        self._authorization = request.headers.get("Authorization")
        self._acknowledged = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._checking: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        try:
            if self._socket.ws_protocol != PROTOCOL:
                raise _Closed(Close.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            await self._receive()
        except _Closed as closed:
            await self._close(closed)
        except ConnectionResetError:
            pass  # The client has disconnected.
        except Exception:
            log.exception("socket failed", request_id=self._request_id)
            await self._close(_Closed(Close.INTERNAL_ERROR, f"Please report request {self._request_id}"))
        finally:
            await self._end()

    async def _receive(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS) as initialising:
                async for message in self._socket:
                    if message.type is not WSMsgType.TEXT:
                        raise _Closed(Close.BAD_REQUEST, "Messages are text")
                    await self._handle(_read_message(message.data))
                    if self._acknowledged:
                        initialising.reschedule(None)
        except TimeoutError:
            raise _Closed(Close.INITIALISATION_TIMEOUT, "Connection initialisation timeout") from None

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._initialise(message.get("payload"))
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                self._complete(message)
            case _:
                raise _Closed(Close.BAD_REQUEST, "Unknown message type")

    async def _initialise(self, payload: object) -> None:
        if self._acknowledged:
            raise _Closed(Close.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
        if payload is not None and not isinstance(payload, dict):
            raise _Closed(Close.BAD_REQUEST, "Invalid connection_init payload")
        self._authorization = _authorization(payload or {}) or self._authorization
        try:
            await self._running.authenticator.viewer(self._authorization)
        except Unauthenticated:
            raise _unauthorized() from None
        self._acknowledged = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        if not self._acknowledged:
            raise _unauthorized()
        operation_id = _operation_id(message)
        if operation_id in self._operations:
            raise _Closed(Close.SUBSCRIBER_EXISTS, f"Subscriber for {operation_id} already exists")
        if len(self._operations) >= MOST_OPERATIONS:
            too_many = bad_request(f"At most {MOST_OPERATIONS} operations at a time on one connection.")
            await self._send({"id": operation_id, "type": "error", "payload": refusal_errors(too_many)})
            return
        self._operations[operation_id] = asyncio.create_task(self._run(operation_id, message.get("payload")))
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check_key())

    def _complete(self, message: Mapping[str, Any]) -> None:
        operation = self._operations.pop(_operation_id(message), None)
        if operation:
            operation.cancel()

    async def _run(self, operation_id: str, payload: object) -> None:
        messages = self._running.run(payload, self._request, authorization=self._authorization)
        # Many subscriptions end with a client that disconnects during a write.
        with suppress(ConnectionResetError):
            try:
                async with aclosing(messages):
                    async for message in messages:
                        if message["type"] != "next":
                            # Removed before the message is sent: after it the client may use the ID again.
                            self._operations.pop(operation_id, None)
                        await self._send({"id": operation_id, **message})
            except Unauthenticated:
                await self._close(_unauthorized())

    async def _check_key(self) -> None:
        """Close the socket once the API key is no longer valid, while operations are running."""
        while self._operations:
            await asyncio.sleep(CHECK_SECONDS)
            if await is_refused(self._running.authenticator, self._authorization):
                await self._close(_unauthorized())
                return

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._socket.send_str(json_codec.write(message).decode())

    async def _close(self, closed: _Closed) -> None:
        await self._socket.close(code=closed.code, message=closed.reason)

    async def _end(self) -> None:
        tasks = [*self._operations.values(), *([self._checking] if self._checking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _read_message(text: str) -> Mapping[str, Any]:
    try:
        message = parse_json(text.encode("utf-8", "surrogatepass"), "message")
    except RequestRefused as refused:
        raise _Closed(Close.BAD_REQUEST, refused.message) from None
    if not isinstance(message, dict):
        raise _Closed(Close.BAD_REQUEST, "A message must be a JSON object")
    return message


def _operation_id(message: Mapping[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not operation_id:
        raise _Closed(Close.BAD_REQUEST, "A message must have its operation's id")
    return operation_id


def _authorization(payload: Mapping[str, Any]) -> str | None:
    for name, value in payload.items():
        if name.lower() == "authorization" and isinstance(value, str):
            return value
    return None
