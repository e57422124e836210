"""The folders of an embedded PostgreSQL, and its server process.

The home contains `data`, `socket`, `lock` and `server.log`, which is moved to `server.log.1` on a start if it is over
10 MB.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from bulksend.db.embedded.binaries import Account, EmbeddedPostgresError, bin_for, launch, open_folder, server_account
from bulksend.db.embedded.orphans import stop_orphans

_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "jit": "off",
    # A create touches a page of the signers' index for each address; compressing their images took half its time.
    "wal_compression": "off",
    "log_min_duration_statement": "500ms",
    # DETAIL lines quote rows and parameters, and with them the signers.
    "log_error_verbosity": "terse",
}
_INITDB: Final = (
    *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
_PORT: Final = "5432"
_LONGEST_SOCKET_PATH: Final = 103  # bytes; macOS' limit, Linux has 107
_LARGEST_LOG: Final = 10_000_000  # bytes
_STOP_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of a server, whose processes are recognised by a name derived from the path."""

    path: Path

    @property
    def data(self) -> Path:
        """The server's data folder; it exists only once it is complete."""
        return self.path / "data"

    @property
    def log(self) -> Path:
        """The log, written by the server alone."""
        return self.path / "server.log"

    @property
    def name(self) -> str:
        """The server's `cluster_name`, which PostgreSQL shows in the title of each process."""
        return "bulksend-" + hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket; a private one in /tmp if the home's path is too long for a socket."""
        folder = self.path / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET_PATH:
            return folder
        # Not TMPDIR: the owner and attached processes must agree, whatever their environments are.
        return Path("/tmp") / self.name  # noqa: S108

    @property
    def dsn(self) -> str:
        """The connection URL for asyncpg and libpq."""
        return f"postgresql://postgres@/postgres?host={quote(str(self.socket))}&port={_PORT}"


class Server:
    """The server of a home. All methods block; `stop` may be called after any of them."""

    def __init__(self, home: Home, settings: Mapping[str, str], lock: IO[bytes]) -> None:
        self.home = home
        self._settings = settings
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    @classmethod
    def at(cls, path: Path, settings: Mapping[str, str]) -> "Server":
        """Return the server of the home at `path`, which is created if missing, without starting it."""
        home = Home(path.expanduser().resolve())
        home.path.mkdir(parents=True, exist_ok=True)
        return cls(home, settings, (home.path / "lock").open("ab"))

    def take_lock(self) -> bool:
        """Become the owner until `stop` or the end of this process; return False if another process is the owner."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def start(self) -> None:
        """Start the server after stopping what a dead owner left behind. It accepts connections some time later."""
        account = server_account(self.home.data)
        programs = bin_for(account)
        stop_orphans(self.home.name)
        for stale in (self.home.data / "postmaster.pid", *self.home.socket.glob(".s.PGSQL.*")):
            stale.unlink(
                missing_ok=True
            )  # its pid may belong to another process by now, and PostgreSQL would refuse to start
        if not self.home.data.exists():
            _create_data(self.home, programs, account)
        _create_socket_folder(self.home.socket, account)
        self._process = self._launch(programs / "postgres", account)
        self._watchdog = _watch(self._process.pid)

    def check_alive(self) -> None:
        """Raise `EmbeddedPostgresError` if the server has ended."""
        if self._process and self._process.poll() is not None:
            raise EmbeddedPostgresError(f"PostgreSQL ended with {self._process.returncode}{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines of the log, to end an error message with."""
        if not self.home.log.exists():
            return ""
        lines = self.home.log.read_text(errors="replace").splitlines()
        return "\n".join([f"; {self.home.log} ends with:", *lines[-15:]])

    def stop(self) -> None:
        """Stop the server if this process started it, wait for its end, and release the lock."""
        if self._process:
            _stop(self._process)
        if self._watchdog:
            self._watchdog.kill()
            self._watchdog.communicate()
        self._lock.close()

    def _launch(self, program: Path, account: Account | None) -> subprocess.Popen[bytes]:
        with ExitStack() as stack:
            data = stack.enter_context(open_folder(self.home.data, account))
            socket = stack.enter_context(open_folder(self.home.socket, account))
            log = stack.enter_context(_open_log(self.home.log))
            fixed = {"unix_socket_directories": socket.path, "port": _PORT, "cluster_name": self.home.name}
            options = [f"--{name}={value}" for name, value in {**_SETTINGS, **self._settings, **fixed}.items()]
            folders = (data, socket)
            return launch(program, "-D", data.path, *options, account=account, folders=folders, output=log.fileno())


def _create_data(home: Home, programs: Path, account: Account | None) -> None:
    # `data` appears complete or not at all. Each try has a folder of its own: the initdb of a killed one may still run.
    for leftover in home.path.glob("data.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="data.new-", dir=home.path))
    _give(new, account)
    with open_folder(new, account) as folder:
        arguments = ("-D", folder.path, *_INITDB)
        initdb = launch(programs / "initdb", *arguments, account=account, folders=(folder,), output=subprocess.PIPE)
        output, _ = initdb.communicate()
    if initdb.returncode:
        raise EmbeddedPostgresError(f"initdb failed:\n{output.decode(errors='replace')}")
    new.rename(home.data)


def _create_socket_folder(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.lstat()
    trusted = {os.geteuid(), account.uid} if account else {os.geteuid()}
    if folder.is_symlink() or owner.st_uid not in trusted or owner.st_mode & 0o077:
        raise EmbeddedPostgresError(f"{folder} is not private to this user; remove it")
    _give(folder, account)


def _give(folder: Path, account: Account | None) -> None:
    if account:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return open(path, "ab", opener=partial(os.open, mode=0o600))


def _watch(pid: int) -> subprocess.Popen[bytes]:
    """Start a shell that stops the server when its pipe closes, which the kernel does however this process ends."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read _; kill -INT "$0"', str(pid)],
        cwd="/",
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # fast shutdown: a checkpoint, and no recovery next time
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()
