"""Run a gateway in the benchmark's own process, over the database of `peers`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.peers.database import Database

from bulksend.server.app import build_app
from bulksend.server.garbage_collection import tune_garbage_collection
from bulksend.server.listening import listening
from bulksend.server.process import Parts, open_parts
from bulksend.server.settings import Settings

NO_LIMIT = 100_000_000  # requests per minute


@dataclass(frozen=True, slots=True)
class OpenGateway:
    """A gateway that listens on loopback."""

    url: str
    parts: Parts


def settings(database: Database) -> Settings:
    """Return the settings of a gateway without rate limits."""
    return Settings(
        database_url=database.dsn,
        database_listen_url=database.dsn,
        secret_keys=("x" * 48,),
        public_url="http://localhost",
        bulk_send_interval=0,
        requests_per_minute=NO_LIMIT,
    )


@asynccontextmanager
async def open_gateway(database: Database) -> AsyncIterator[OpenGateway]:
    """Serve on a free port, with the event loop and the garbage collection of `bulksend serve`."""
    async with (
        open_parts(settings(database), delivery=False) as parts,
        listening(build_app(parts), parts, host="127.0.0.1", port=0) as port,
    ):
        tune_garbage_collection()
        yield OpenGateway(f"http://127.0.0.1:{port}", parts)
