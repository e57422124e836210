"""Stop an embedded PostgreSQL whose owner has died, recognised by its `cluster_name` and not by a pid file."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from bulksend.db.embedded.binaries import EmbeddedPostgresError

_PATIENCE: Final = 30.0  # seconds for each signal
_POLL: Final = 0.02
_PROCESSES: Final = Path("/proc")


def stop_orphans(name: str) -> None:
    """Stop the server called `name` and wait for the last of its processes, with stronger signals if necessary.

    Only then may `postmaster.pid` be removed: backends that outlive a killed postmaster still write.
    """
    for signals in ((signal.SIGINT, None), (signal.SIGQUIT, signal.SIGQUIT), (signal.SIGKILL, signal.SIGKILL)):
        for pid, title in _processes(name):
            _send(pid, signals[title.startswith("postgres:")])
        if _gone(name):
            return
    raise EmbeddedPostgresError("an earlier PostgreSQL with the same data does not stop")


def _gone(name: str) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while any(_processes(name)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _send(pid: int, number: signal.Signals | None) -> None:
    if number is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _processes(name: str) -> Iterator[tuple[int, str]]:
    """Yield pid and title of each: `…/bin/postgres -D …` is the postmaster, `postgres: …` one of its children."""
    for pid, title in _titles():
        if name in title and (title.startswith("postgres:") or "/bin/postgres -D" in title):
            yield pid, title


def _titles() -> Iterator[tuple[int, str]]:
    if not (_PROCESSES / "self").exists():
        yield from _titles_from_ps()
        return
    for folder in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            yield int(folder.name), os.fsdecode((folder / "cmdline").read_bytes()).replace("\0", " ")


def _titles_from_ps() -> Iterator[tuple[int, str]]:
    command = ["/bin/ps", "-axww", "-o", "pid=,args="]
    for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines():
        pid, _, title = os.fsdecode(line).strip().partition(" ")
        yield int(pid), title
