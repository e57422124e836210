"""Middlewares for requests that no route is for, at no cost for those that have one."""

from collections.abc import Awaitable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


def unrouted_only(middleware: Middleware) -> Middleware:
    """Return `middleware` for requests that end with 404 or 405 unless it answers them; others pass it by."""

    @web.middleware
    def apply(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        if request.match_info.http_exception is None:
            return handler(request)
        return middleware(request, handler)

    return apply
