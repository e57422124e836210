"""Placeholder until the explorer's own module is here."""

from aiohttp import web


def page(key: str | None, template_id: str | None = None) -> web.Response:
    """Give the page."""
    return web.Response(text="GraphiQL")


def routes() -> list[web.RouteDef]:
    """Give no routes."""
    return []
