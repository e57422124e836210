"""Requests from other origins: which are allowed (CORS), and which could be forged (CSRF)."""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

ANY: Final = "*"
API_PATHS: Final = ("/graphql", "/api/")
_METHODS: Final = "GET, POST, DELETE"
_ALLOWED: Final = (
    "Accept, Apollo-Require-Preflight, Apollographql-Client-Name, Apollographql-Client-Version, Authorization, "
    "Baggage, Content-Type, Idempotency-Key, Last-Event-ID, Prefer, Sentry-Trace, Traceparent, Tracestate, "
    "X-Apollo-Operation-Name, X-GraphQL-Cost, X-Request-Id"
)
_EXPOSED: Final = (
    "Bulksend-Warnings, Idempotency-Replayed, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Retry-After, X-Request-Id"
)
_PREFLIGHT_SECONDS: Final = "7200"
# Headers that no page can send to another origin without a preflight request. Apollo's two exist for that purpose.
_PREFLIGHTED: Final = ("Authorization", "Apollo-Require-Preflight", "X-Apollo-Operation-Name")
_SIMPLE_CONTENT_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})


class Origins:
    """The configured origins, such as `https://app.example.com`, or `*`.

    `headers`: names of request headers that their pages may send besides those always allowed.
    """

    def __init__(self, origins: tuple[str, ...], headers: tuple[str, ...] = ()) -> None:
        self._headers = ", ".join([_ALLOWED, *headers])
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    def allow(self, origin: str) -> bool:
        """Return whether requests from this origin are allowed."""
        return ANY in self._origins or origin.lower() in self._origins

    def allow_page_of(self, request: web.Request) -> bool:
        """Return whether a request is from an allowed origin, from our own, or from no page."""
        origin = request.headers.get("Origin")
        if origin is None:
            return request.headers.get("Sec-Fetch-Site") not in _ELSEWHERE
        return urlsplit(origin).netloc.lower() == request.host.lower() or self.allow(origin)

    def could_be_forged(self, request: web.Request) -> bool:
        """Return whether a page of another origin could have sent this without a preflight request.

        Apollo's rule (https://www.apollographql.com/docs/apollo-server/security/cors) for requests from browsers.
        """
        if request.headers.get("Content-Type") and request.content_type not in _SIMPLE_CONTENT_TYPES:
            return False
        return not any(request.headers.get(name) for name in _PREFLIGHTED) and not self.allow_page_of(request)

    @web.middleware
    async def preflight(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a preflight request."""
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asks or not self._applies(request) or not self.allow(request.headers.get("Origin", "")):
            return await handler(request)
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": self._headers,
                "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
            },
        )

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the CORS headers before a response is sent."""
        if not self._origins or not self._applies(request):
            return
        vary = response.headers.get("Vary")
        response.headers["Vary"] = f"{vary}, Origin" if vary else "Origin"
        origin = request.headers.get("Origin")
        if origin and self.allow(origin):
            response.headers["Access-Control-Allow-Origin"] = ANY if ANY in self._origins else origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED

    def _applies(self, request: web.Request) -> bool:
        return request.path.startswith(API_PATHS)
