"""PgBouncer in transaction mode in front of the tests' PostgreSQL, if BULKSEND_TEST_PGBOUNCER is set.

`pooled` returns the DSN for gateways; without PgBouncer it is the direct one.
"""

import asyncio
import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from bulksend.db.embedded.server import TEST_SETTINGS, embedded_postgres

WANTED = bool(os.environ.get("BULKSEND_TEST_PGBOUNCER"))
# A prepared statement belongs to a server connection, and in transaction mode each transaction may get another.
STATEMENT_CACHE_SIZE = 0 if WANTED else 100

_ports: list[int] = []


def pooled(dsn: str) -> str:
    """Return this database's DSN through PgBouncer if it runs, otherwise the DSN itself."""
    database = urlsplit(dsn).path
    return f"postgresql://postgres@127.0.0.1:{_ports[-1]}{database}" if _ports else dsn


@asynccontextmanager
async def behind_pgbouncer() -> AsyncIterator[str]:
    """Run PostgreSQL with PgBouncer in front of it and yield PostgreSQL's own DSN."""
    with tempfile.TemporaryDirectory() as folder:
        # PgBouncer runs under an account other than root, and must be able to reach the server's socket.
        Path(folder).chmod(0o755)
        async with embedded_postgres(Path(folder) / "postgres", settings=TEST_SETTINGS) as dsn, _before(dsn, folder):
            yield dsn


@asynccontextmanager
async def _before(server_dsn: str, folder: str) -> AsyncIterator[None]:
    port = _free_port()
    settings = Path(folder) / "pgbouncer.ini"
    settings.write_text(_settings(parse_qs(urlsplit(server_dsn).query)["host"][0], port))
    process = await asyncio.create_subprocess_exec(str(shutil.which("pgbouncer")), "-q", *_user(), str(settings))
    _ports.append(port)
    try:
        await _answers(pooled(server_dsn))
        yield
    finally:
        _ports.remove(port)
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _settings(host: str, port: int) -> str:
    return f"""
[databases]
* = host={host} port=5432 user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 12
max_client_conn = 500
"""


def _user() -> list[str]:
    """Return the option for an account that can access the server's socket; PgBouncer refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            return ["-u", pwd.getpwnam(name).pw_name]
        except KeyError:
            continue
    raise RuntimeError("no account to run PgBouncer as")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def _answers(dsn: str) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await (await asyncpg.connect(dsn, statement_cache_size=0)).close()
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.02)
            else:
                return
