"""The OpenAPI document of the REST door."""

from aiohttp import web


def routes() -> list[web.RouteDef]:
    return []
