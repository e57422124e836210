"""Middlewares for requests without a route; requests that have one skip them."""

from collections.abc import Awaitable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


def unrouted_only(middleware: Middleware) -> Middleware:
    """Return a middleware that calls `middleware` only for requests without a route (404 or 405)."""

    @web.middleware
    def apply(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        if request.match_info.http_exception is None:
            return handler(request)
        return middleware(request, handler)

    return apply
