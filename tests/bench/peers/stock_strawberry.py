"""Stock Strawberry: Bulksend's types and resolvers in `strawberry.Schema` behind Strawberry's own aiohttp view.

    stock_strawberry.py [--caches]

`--caches` adds the two extensions that Strawberry's documentation recommends for speed: parser and validation caches.
"""

import asyncio
import sys
from datetime import datetime
from typing import Any

import strawberry
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig

from bulksend.resolvers.context import Context
from bulksend.schema.mutation import Mutation
from bulksend.schema.query import Query
from bulksend.schema.subscription import Subscription
from bulksend.schema.types.scalars import DATE_TIME
from bulksend.schema.types.viewer import ApiKey, Organization
from bulksend.server.listening import until_stopped
from bulksend.server.process import Parts, open_parts
from bulksend.server.settings import Settings

LARGEST_BODY = 10 << 20


class View(GraphQLView[Context, None]):
    """Strawberry's view; the context is Bulksend's."""

    def __init__(self, parts: Parts, schema: strawberry.Schema) -> None:
        super().__init__(schema=schema, graphql_ide=None)
        self._parts = parts

    async def get_context(self, request: web.Request, response: Any) -> Context:
        """Authenticate the request."""
        viewer = await self._parts.authenticator.viewer(request.headers.get("Authorization"))
        return Context(self._parts.gateway, viewer, None, "")


def build_schema(extensions: list[type[SchemaExtension]]) -> strawberry.Schema:
    """Build the schema."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Organization, ApiKey],
        extensions=extensions,
        config=StrawberryConfig(scalar_map={datetime: DATE_TIME}),
    )


async def main(extensions: list[type[SchemaExtension]]) -> None:
    """Serve until stopped."""
    async with open_parts(Settings.read(), delivery=False) as parts:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/graphql", View(parts, build_schema(extensions)))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await until_stopped(lambda: print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True))
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main([ParserCache, ValidationCache] if "--caches" in sys.argv else []))
