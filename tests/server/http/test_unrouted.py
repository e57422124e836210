"""Middlewares that apply only to requests without a route."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler

from bulksend.server.http.unrouted import unrouted_only


async def test_only_requests_without_a_route_reach_the_middleware() -> None:
    seen: list[tuple[str, str]] = []

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        seen.append((request.method, request.path))
        return await handler(request)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application(middlewares=[unrouted_only(note)])
    app.router.add_get("/here", answer)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/here")).status == 200
        assert seen == []
        assert (await client.get("/away")).status == 404
        assert (await client.post("/here")).status == 405
    assert seen == [("GET", "/away"), ("POST", "/here")]
