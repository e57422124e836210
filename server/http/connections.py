"""Client connections: limits on their number, and a time limit for the head of each request.

A connection costs an open file and some 20 kB before it is authenticated, so clients that only open connections must
not lock out others: over a limit, the connection that has waited longest for a request is closed.
"""

import asyncio
import resource
from collections import defaultdict
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final, TypeAlias, cast

import structlog
from aiohttp import web
from prometheus_client import Counter

HEAD_SECONDS: Final = 10.0
# Longer than the idle timeouts of common load balancers (60 s), which would else send into a connection just closed.
KEEP_ALIVE_SECONDS: Final = 75.0
# Open files reserved for everything else: database and SMTP connections, logs and temporary files.
RESERVED_FILES: Final = 256
# Enough of a request to see which API it is for.
_LONGEST_REQUEST_LINE: Final = 200

_CLOSED: Final = Counter(
    "bulksend_http_connections_closed", "Client connections refused or closed to protect others, by reason.", ["reason"]
)
TOO_MANY: Final = _CLOSED.labels("too_many")
MADE_ROOM: Final = _CLOSED.labels("made_room")
HEAD_TIMEOUT: Final = _CLOSED.labels("head_timeout")

_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_TIMEOUT: Final = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

# Makes the response from the beginning of a request, a status and an exception.
ErrorPage: TypeAlias = Callable[[bytes, int, BaseException | None], web.Response]

log = structlog.get_logger(__name__)


def raise_open_files_limit() -> int:
    """Raise this process's limit of open files to the hard limit, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):
            # macOS reports an unlimited hard limit that it does not grant.
            log.warning("the limit of open files could not be raised", limit=soft)
            return soft
    log.info("limit of open files", limit=hard, raised_from=soft)
    return hard


class Connections:
    """All open client connections of one process, by address, oldest first."""

    def __init__(self, *, per_address: int, total: int) -> None:
        self._per_address = per_address
        self._total = total
        self._count = 0
        self._by_address: defaultdict[str, dict[ClientConnection, None]] = defaultdict(dict)

    @classmethod
    def within_open_files(cls, *, per_address: int) -> "Connections":
        """Raise the process's limit of open files, and limit connections accordingly."""
        limit = raise_open_files_limit()
        return cls(per_address=per_address, total=max(limit // 2, limit - RESERVED_FILES))

    def protocol_factory(self, server: web.Server, error_page: ErrorPage) -> Callable[[], "ClientConnection"]:
        """Return the protocol factory for `loop.create_server`."""
        loop = asyncio.get_running_loop()
        return lambda: ClientConnection(
            self, error_page, server, loop=loop, access_log=None, keepalive_timeout=KEEP_ALIVE_SECONDS
        )

    def add(self, address: str, connection: "ClientConnection") -> bool:
        """Add a connection, closing a waiting one over a limit; return False if there is none to close."""
        same_address = self._by_address[address]
        if len(same_address) >= self._per_address and not _make_room(same_address):
            return False
        if self._count >= self._total and not _make_room(max(self._by_address.values(), key=len)):
            return False
        same_address[connection] = None
        self._count += 1
        return True

    def remove(self, address: str, connection: "ClientConnection") -> None:
        """Remove a closed connection."""
        same_address = self._by_address[address]
        if connection in same_address:
            del same_address[connection]
            self._count -= 1
        if not same_address:
            del self._by_address[address]


class ClientConnection(web.RequestHandler):
    """One connection, closed if a request's head is not complete `HEAD_SECONDS` after it began."""

    __slots__ = ("_address", "_connections", "_error_page", "_head_began", "_head_is_complete", "_head_timer")

    def __init__(self, connections: Connections, error_page: ErrorPage, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._connections = connections
        self._error_page = error_page
        self._address = ""
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_began = b""
        self._head_is_complete = True

    @property
    def is_waiting(self) -> bool:
        """Whether no request is in progress: the head of the next one is incomplete."""
        return self._request_count == 0 or (self._waiter is not None and not self._waiter.done())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the connection, or refuse it with 503."""
        self._address = _address(transport)
        if not self._connections.add(self._address, self):
            TOO_MANY.inc()
            # uvloop's transports are not instances of asyncio's classes.
            refused = cast(asyncio.Transport, transport)
            refused.write(_REFUSAL)
            refused.close()
            return
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Parse the data, and start or stop the time limit of the head."""
        if self._head_is_complete and self.is_waiting:
            self._head_began = data[:_LONGEST_REQUEST_LINE]
        super().data_received(data)
        self._head_is_complete = not self.is_waiting
        if not self._head_is_complete:
            self._start_timer()
        elif self._head_timer is not None:
            self._stop_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Remove the connection."""
        self._stop_timer()
        self._connections.remove(self._address, self)
        super().connection_lost(exc)

    def close_to_make_room(self) -> None:
        """Close this waiting connection for a new one."""
        MADE_ROOM.inc()
        # Removed now and not in `connection_lost`: until then others would choose the same connection.
        self._connections.remove(self._address, self)
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the response to a request that the parser refused or that failed outside of a handler."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of another response was sent")
        response = self._error_page(self._head_began, status, exc)
        response.force_close()
        return response

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport is not None and self.is_waiting:
            HEAD_TIMEOUT.inc()
            self.transport.write(_TIMEOUT)
            self.force_close()


def _make_room(connections: dict[ClientConnection, None]) -> bool:
    waiting = next((connection for connection in connections if connection.is_waiting), None)
    if waiting is None:
        return False
    waiting.close_to_make_room()
    return True


def _address(transport: asyncio.BaseTransport) -> str:
    """Return the peer's address; for IPv6 its /64 network, which belongs to one subscriber."""
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple) or not peer:
        return ""
    host = str(peer[0])
    return host if ":" not in host else str(int(ip_address(host.partition("%")[0])) >> 64)
