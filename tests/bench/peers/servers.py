"""The servers: how each one is started on its core and stopped."""

import asyncio
import os
import re
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bench.peers.cores import SERVER_CORE, on_core
from bench.peers.database import FOLDER, Database
from bench.peers.queries import Dialect

START_SECONDS: Final = 60
REMEMBERED_LINES: Final = 30
LISTENING: Final = re.compile(r"http://[\w.]+:(\d+)")
BULKSEND: Final = (sys.executable, "-m", "bulksend")
_NODE: Final = FOLDER / "node_modules" / "node" / "bin" / "node"


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that can be started. `dialect`: of its GraphQL documents. `environment`: its own variables."""

    command: list[str]
    dialect: Dialect
    environment: dict[str, str] = field(default_factory=dict)


def _python(*arguments: str) -> list[str]:
    return [sys.executable, str(FOLDER / arguments[0]), *arguments[1:]]


def _javascript(*arguments: str) -> list[str]:
    return [str(_NODE), str(FOLDER / "javascript" / arguments[0]), *arguments[1:]]


# What Bulksend sets for each of its connections.
_GENERIC_PLANS: Final = {"PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c jit=off"}
# As long as Bulksend remembers keys, but without polling for revoked ones.
_REMEMBERED_KEYS: Final = {"REMEMBER_MILLISECONDS": "60000"}
KINDS: Final = {
    "bulksend": Kind([*BULKSEND, "serve", "--no-delivery"], "bulksend"),
    "mercurius-tuned": Kind(_javascript("mercurius_tuned.js"), "plain", _GENERIC_PLANS | _REMEMBERED_KEYS),
    "mercurius": Kind(_javascript("mercurius.js"), "plain"),
    "postgraphile": Kind(_javascript("postgraphile.js"), "postgraphile", _GENERIC_PLANS),
    "yoga": Kind(_javascript("yoga.js"), "plain"),
    "strawberry": Kind(_python("stock_strawberry.py"), "bulksend"),
    "floor": Kind(_python("floor.py"), "plain"),
    "strawberry-caches": Kind(_python("stock_strawberry.py", "--caches"), "bulksend"),
}
USUAL: Final = tuple(KINDS)[:7]
# The servers that run the workloads which are limited to peers.
PEERS: Final = tuple(KINDS)[:4]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `said`: the last lines of its output."""

    name: str
    dialect: Dialect
    process_id: int
    url: str
    said: deque[str]


@asynccontextmanager
async def running(name: str, database: Database) -> AsyncIterator[Server]:
    """Run a server on its core, and kill it at the end."""
    kind = KINDS[name]
    process = await asyncio.create_subprocess_exec(
        *on_core(SERVER_CORE, kind.command),
        env=_environment(database) | kind.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    reading = None
    try:
        assert process.stdout is not None
        said: deque[str] = deque(maxlen=REMEMBERED_LINES)
        async with asyncio.timeout(START_SECONDS):
            url = await _where_it_listens(name, process.stdout, said)
        reading = asyncio.create_task(_listen(process.stdout, said))
        yield Server(name, kind.dialect, process.pid, url, said)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


def _environment(database: Database) -> dict[str, str]:
    given = {key: value for key, value in os.environ.items() if not key.startswith(("BULKSEND_", "PG", "NODE_"))}
    settings = {
        "DATABASE_URL": database.dsn,
        "DATABASE_LISTEN_URL": database.dsn,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_FROM": "Bulksend <bulksend@example.com>",
        "PUBLIC_URL": "http://sign.example.com",
        "SECRET_KEYS": "a secret key of the bench that is long enough",
        "PORT": "0",
        "BULK_SEND_INTERVAL": "0",
        "REQUESTS_PER_MINUTE": "100000000",
    }
    ours = {f"BULKSEND_{key}": value for key, value in settings.items()}
    production = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    chosen = {key: value for key, value in os.environ.items() if key.startswith("BULKSEND_EXECUTOR")}
    return {**given, **ours, **chosen, **production, **database.environment}


async def _where_it_listens(name: str, output: asyncio.StreamReader, said: deque[str]) -> str:
    async for line in output:
        said.append(line.decode())
        if match := LISTENING.search(said[-1]):
            return match[0]
    raise RuntimeError(f"{name} ended before it listened:\n{''.join(said)}")


async def _listen(output: asyncio.StreamReader, said: deque[str]) -> None:
    async for line in output:
        said.append(line.decode())
