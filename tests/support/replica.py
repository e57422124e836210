"""A primary and a real streaming replica, using the embedded PostgreSQL's binaries."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from bulksend.db.embedded.binaries import bin_for, launch, open_folder, server_account
from bulksend.db.embedded.server import TEST_SETTINGS, embedded_postgres

_SETTINGS: Final = {
    **TEST_SETTINGS,
    "wal_level": "replica",
    "max_wal_senders": "4",
    # Cancel a read that blocks replay immediately.
    "max_standby_streaming_delay": "0",
}
# Too long for a socket, so that its folder is placed where the replica's account can access it.
_LONG_NAME: Final = "primary-" + "x" * 100


def running_primary(folder: Path) -> AbstractAsyncContextManager[str]:
    """Run a PostgreSQL that accepts replicas, and yield its DSN."""
    return embedded_postgres(folder / _LONG_NAME, settings=_SETTINGS)


@asynccontextmanager
async def running_replica(primary: str, folder: Path) -> AsyncIterator[str]:
    """Run the replica in `folder`, copied from the primary on the first run, and yield its DSN."""
    home = folder / "replica"
    if not (home / "data").exists():
        await asyncio.to_thread(_copy, primary, home / "data")
    async with embedded_postgres(home, settings=_SETTINGS) as dsn:
        yield dsn


def _copy(primary: str, data: Path) -> None:
    account = server_account(data)
    data.mkdir(mode=0o700, parents=True)
    if account:
        os.chown(data, account.uid, account.gid)
    (host,) = parse_qs(urlsplit(primary).query)["host"]
    with open_folder(data, account) as opened:
        process = launch(
            bin_for(account) / "pg_basebackup",
            *("-D", opened.path, "-h", host, "-U", "postgres", "--checkpoint=fast", "--write-recovery-conf"),
            account=account,
            folders=(opened,),
            output=subprocess.PIPE,
        )
        output, _ = process.communicate()
    assert process.returncode == 0, output.decode()
