"""The processes: `dev`, `serve` and `work`."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bulksend.server.app import build_app
from bulksend.server.garbage_collection import tune_garbage_collection
from bulksend.server.http import health
from bulksend.server.http.addresses import base_url
from bulksend.server.listening import listening, until_stopped
from bulksend.server.process import Parts, open_parts
from bulksend.server.sealing import demand_sealing_key
from bulksend.server.settings import Settings

Tell = Callable[[str], None]


def to_stderr(text: str) -> None:
    """Print a message for people to standard error; standard output is for results."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


async def serve(settings: Settings, *, delivery: bool, tell: Tell = to_stderr) -> None:
    """Run the gateway until stopped."""
    settings.demand("database_url", "smtp_url", "mail_from", "public_url", "secret_keys")
    if delivery:
        demand_sealing_key(settings)
    async with open_parts(settings, delivery=delivery) as parts, _listening(build_app(parts), parts) as port:
        await until_stopped(lambda: tell(f"Bulksend serves {base_url(settings.host, port)}/graphql"))


async def work(settings: Settings, tell: Tell = to_stderr) -> None:
    """Run a delivery worker alone until stopped."""
    settings.demand("database_url", "smtp_url", "mail_from", "public_url", "secret_keys")
    demand_sealing_key(settings)
    async with open_parts(settings, delivery=True) as parts:
        app = web.Application()
        app.router.add_routes(health.routes(parts.pool, parts.supervisor, only_delivers=True))
        async with _listening(app, parts) as port:
            await until_stopped(
                lambda: tell(f"Bulksend delivers; {base_url(settings.host, port)}/readyz tells how it is")
            )


@asynccontextmanager
async def _listening(app: web.Application, parts: Parts) -> AsyncIterator[int]:
    async with listening(app, parts, host=parts.settings.host, port=parts.settings.port) as port:
        tune_garbage_collection()
        yield port
