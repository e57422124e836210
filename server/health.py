"""`/healthz`, `/readyz` and `/metrics`: what operators ask."""

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bulksend.db import migrations
from bulksend.db.errors import CONNECTION_LOST
from bulksend.db.pool import Pool

READY_SECONDS = 3.0


def routes(pool: Pool) -> list[web.RouteDef]:
    """Give the operators' routes."""

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def ready(_request: web.Request) -> web.Response:
        problem = await _problem(pool)
        if problem is None:
            return web.json_response({"status": "ready"})
        return web.json_response({"status": "not ready", "problem": problem}, status=503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)]


async def _problem(pool: Pool) -> str | None:
    try:
        async with asyncio.timeout(READY_SECONDS), pool.acquire() as conn:
            await migrations.check(conn)
    except CONNECTION_LOST:
        return "the database cannot be reached"
    except (migrations.MigrationsPending, migrations.DatabaseIsNewer) as error:
        return str(error)
    return None
