"""The database's schema as written by pg_dump, without the parts that differ between runs."""

import asyncio
import subprocess

from bulksend.db.embedded.server import postgres_bin

_NOISE = ("--", "SET ", "SELECT ", "\\")


async def dump(dsn: str) -> str:
    """Return the schema of a database."""
    command = [str(postgres_bin() / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", dsn]
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    kept = [line for line in done.stdout.splitlines() if not line.startswith(_NOISE)]
    told = [line for line, before in zip(kept, ["", *kept], strict=False) if line or before]
    return "\n".join(told).strip() + "\n"
