"""The database of a command: the one in the settings, or the embedded one in the data folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bulksend.db import migrations
from bulksend.db.embedded.server import embedded_postgres
from bulksend.db.pool import Pool, open_pool
from bulksend.server.settings import Settings


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Settings]:
    """Yield settings whose `database_url` is set.

    A running `bulksend dev` with the same data folder shares its server. Raise `EmbeddedPostgresError`.
    """
    if settings.database_url:
        yield settings
        return
    async with embedded_postgres(settings.data_dir / "postgres") as url:
        yield settings.model_copy(update={"database_url": url, "database_listen_url": url})


@asynccontextmanager
async def single_connection(settings: Settings) -> AsyncIterator[Pool]:
    """Open a single connection for a command. Raise `MigrationsPending` or `DatabaseIsNewer`."""
    async with (
        database(settings) as found,
        open_pool(
            found.database_url or "", statement_cache_size=found.statement_cache_size, min_size=1, max_size=1
        ) as pool,
    ):
        async with pool.acquire() as conn:
            await migrations.check(conn)
        yield pool
