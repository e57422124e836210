"""The embedded PostgreSQL as real processes: which data survives, what is cleaned up, and which users may run it."""

import asyncio
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from bulksend.db.embedded import binaries
from bulksend.db.embedded.binaries import Account
from bulksend.db.embedded.server import TEST_SETTINGS, EmbeddedPostgresError, embedded_postgres, postgres_bin

# Arguments: the home, and a uid to switch to after all imports (that user may not be able to read the interpreter).
OWNER = """
import asyncio, os, sys
from pathlib import Path
from bulksend.db.embedded.server import TEST_SETTINGS, embedded_postgres

async def own() -> None:
    async with embedded_postgres(Path(sys.argv[1]), settings=TEST_SETTINGS) as dsn:
        print(dsn, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(asyncio.to_thread(int))
if len(sys.argv) > 2:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
asyncio.run(own())
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


async def fetch(dsn: str, query: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval(query))
    finally:
        await connection.close()


@asynccontextmanager
async def owner_process(home: Path, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    command = (sys.executable, "-c", OWNER, str(home), *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")
    assert process.stdin
    assert process.stdout
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.stdout.read()
        await process.wait()


def pid_file(home: Path) -> Path:
    return home / "data" / "postmaster.pid"


def postmaster(home: Path) -> int:
    return int(pid_file(home).read_text().split("\n")[0])


@contextmanager
def stranger(uid: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"], user=uid if os.geteuid() == 0 else None, cwd="/")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def public_home() -> Iterator[Path]:
    """A folder that every user can access, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="bulksend-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, created by a first start."""
    home = tmp_path_factory.mktemp("made")
    async with embedded_postgres(home, settings=TEST_SETTINGS):
        return home / "data"


@pytest.fixture
def home(tmp_path: Path, made: Path) -> Path:
    """A home for a second start."""
    subprocess.run(["cp", "-a", made, tmp_path / "data"], check=True)
    return tmp_path


async def test_keeps_its_data_and_stops_at_the_end(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path) as dsn:
        await fetch(dsn, "CREATE TABLE kept AS SELECT 'data' AS word")
    assert not pid_file(tmp_path).exists()
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await fetch(dsn, "SELECT 1")

    async with embedded_postgres(tmp_path) as dsn:
        assert await fetch(dsn, "SELECT word FROM kept") == "data"
        assert await fetch(dsn, "SHOW fsync") == "on"


async def test_settings_reach_the_server(home: Path) -> None:
    async with embedded_postgres(home, settings={**TEST_SETTINGS, "max_connections": "7"}) as dsn:
        assert await fetch(dsn, "SHOW fsync") == "off"
        assert await fetch(dsn, "SHOW max_connections") == "7"


async def test_log_has_no_rows(home: Path) -> None:
    settings = {**TEST_SETTINGS, "log_min_duration_statement": "0"}
    async with embedded_postgres(home, settings=settings) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE signers (email text PRIMARY KEY)")
        for _ in range(2):
            try:
                await connection.execute("INSERT INTO signers VALUES ($1)", "alice@example.com")
            except asyncpg.UniqueViolationError:
                break
        else:
            pytest.fail("the second row was taken")
        await connection.close()
    log = (home / "server.log").read_text()
    assert "duplicate key value" in log
    assert "alice@example.com" not in log


async def test_large_log_is_moved_aside(home: Path) -> None:
    (home / "server.log").write_bytes(b"old\n" * 3_000_000)
    async with embedded_postgres(home, settings=TEST_SETTINGS):
        pass
    assert (home / "server.log.1").stat().st_size == 12_000_000
    assert (home / "server.log").stat().st_size < 100_000


async def test_second_process_attaches_and_leaves_the_server_running(home: Path) -> None:
    async with owner_process(home) as (owner, dsn):
        pid = postmaster(home)
        async with embedded_postgres(home) as attached:
            assert attached == dsn
            assert await fetch(attached, "SELECT 1") == "1"
        assert await fetch(dsn, "SELECT 1") == "1"
        assert postmaster(home) == pid
        assert owner.returncode is None


async def test_not_attaching_is_an_error(home: Path) -> None:
    async with embedded_postgres(home, settings=TEST_SETTINGS) as dsn:
        with pytest.raises(EmbeddedPostgresError, match="another process"):
            async with embedded_postgres(home, attach=False):
                pass
        assert await fetch(dsn, "SELECT 1") == "1"


async def test_who_waits_for_an_owner_becomes_one_when_it_dies(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = embedded_postgres(tmp_path, settings=TEST_SETTINGS)
        entering = asyncio.ensure_future(waiting.__aenter__())
        done, _ = await asyncio.wait([entering], timeout=0.2)
        assert not done
    assert await fetch(await entering, "SHOW fsync") == "off"
    await waiting.__aexit__(None, None, None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_server_goes_with_its_owner(home: Path, number: signal.Signals) -> None:
    async with owner_process(home) as (owner, dsn):
        await fetch(dsn, "CREATE TABLE kept AS SELECT 'data' AS word")
        owner.send_signal(number)
    await until(lambda: not pid_file(home).exists())
    async with embedded_postgres(home) as dsn:
        assert await fetch(dsn, "SELECT word FROM kept") == "data"


async def test_start_right_after_the_owner_was_killed(home: Path) -> None:
    async with owner_process(home) as (owner, _):
        first = postmaster(home)
        # While suspended, the old server cannot obey the watchdog, so the next owner finds it running.
        os.kill(first, signal.SIGSTOP)
        owner.kill()
        await owner.wait()
    starting = embedded_postgres(home, settings=TEST_SETTINGS)
    entering = asyncio.ensure_future(starting.__aenter__())
    done, _ = await asyncio.wait([entering], timeout=0.5)
    os.kill(first, signal.SIGCONT)
    assert not done, "two servers on one folder"
    assert await fetch(await entering, "SELECT 1") == "1"
    assert postmaster(home) != first
    await starting.__aexit__(None, None, None)


async def test_start_after_the_postmaster_was_killed(home: Path) -> None:
    async with embedded_postgres(home) as dsn:
        await fetch(dsn, "CREATE TABLE kept AS SELECT 'data' AS word")
        os.kill(postmaster(home), signal.SIGKILL)
    assert pid_file(home).exists()
    async with embedded_postgres(home) as dsn:
        assert await fetch(dsn, "SELECT word FROM kept") == "data"


async def test_start_over_the_pid_of_a_stranger(home: Path) -> None:
    async with embedded_postgres(home):
        lines = pid_file(home).read_text().split("\n")
    # With the server's account; otherwise PostgreSQL itself would see that the pid is not its own.
    uid = (home / "data").stat().st_uid
    with stranger(uid) as process:
        stale = "\n".join([str(process.pid), *lines[1:]])
        pid_file(home).write_text(stale)
        (home / "socket" / ".s.PGSQL.5432.lock").write_text(stale)
        async with embedded_postgres(home) as dsn:
            assert await fetch(dsn, "SELECT 1") == "1"
        assert process.poll() is None


async def test_start_after_a_first_start_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL)
    await until(lambda: any(tmp_path.glob("data.new-*/PG_VERSION")))
    process.kill()
    await process.wait()
    assert not (tmp_path / "data").exists()
    async with embedded_postgres(tmp_path, settings=TEST_SETTINGS) as dsn:
        assert await fetch(dsn, "SELECT 1") == "1"


async def test_cancelled_start_leaves_no_server(tmp_path: Path) -> None:
    starting = asyncio.ensure_future(embedded_postgres(tmp_path, settings=TEST_SETTINGS).__aenter__())
    await until(lambda: any(tmp_path.glob("data.new-*")))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert (tmp_path / "data").exists()
    assert not pid_file(tmp_path).exists()
    async with embedded_postgres(tmp_path, settings=TEST_SETTINGS, attach=False) as dsn:
        assert await fetch(dsn, "SELECT 1") == "1"


async def test_path_too_long_for_a_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    async with embedded_postgres(home, settings=TEST_SETTINGS) as dsn:
        assert await fetch(dsn, "SELECT 1") == "1"
        folder = Path(dsn.partition("host=")[2].partition("&")[0])
    assert folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="not private"):
        async with embedded_postgres(home):
            pass
    folder.rmdir()


async def test_dying_server_tells_why(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match='unrecognized configuration parameter "no_such_setting"'):
        async with embedded_postgres(tmp_path, settings={"no_such_setting": "1"}):
            pass


async def test_silent_server_is_given_up(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedPostgresError, match=r"did not answer in 0\.1 s"):
            async with embedded_postgres(tmp_path, start_timeout=0.1):
                pass


async def test_missing_wheel_tells_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedPostgresError, match=r"pip install 'bulksend\[dev\]'"):
        async with embedded_postgres(tmp_path):
            pass


async def test_programs_work_with_the_dsn(home: Path) -> None:
    async with embedded_postgres(home, settings=TEST_SETTINGS) as dsn:
        await fetch(dsn, "CREATE TABLE signers (email text)")
        dump = await asyncio.create_subprocess_exec(
            postgres_bin() / "pg_dump", "--schema-only", dsn, stdout=subprocess.PIPE
        )
        output, _ = await dump.communicate()
    assert b"CREATE TABLE public.signers" in output


@needs_root
async def test_root_with_a_private_folder_above(tmp_path: Path) -> None:
    above = tmp_path / "root"
    above.mkdir(mode=0o700)
    async with embedded_postgres(above / "share" / "postgres") as dsn:
        assert await fetch(dsn, "SELECT 1") == "1"
    assert (above / "share" / "postgres" / "data").stat().st_uid != 0
    assert above.stat().st_mode & 0o777 == 0o700


@needs_root
async def test_root_with_the_wheel_in_a_private_folder(
    tmp_path: Path, public_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = postgres_bin().parent.parent
    private = tmp_path / "site-packages"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.parent / name, private / name, symlinks=True)
    private.chmod(0o700)
    monkeypatch.syspath_prepend(private)
    monkeypatch.setattr(binaries, "PRIVATE_COPIES", public_home / "cache")
    assert postgres_bin().is_relative_to(private)
    for _ in range(2):
        async with embedded_postgres(tmp_path / "home", settings=TEST_SETTINGS) as dsn:
            assert await fetch(dsn, "SELECT 1") == "1"
    assert len(list((public_home / "cache").iterdir())) == 1


@needs_root
async def test_unprivileged_user(public_home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account(nobody.pw_uid, nobody.pw_gid)
    if not binaries.can_execute(postgres_bin() / "postgres", account):
        pytest.skip("this checkout is closed to other users")
    os.chown(public_home, account.uid, account.gid)
    async with owner_process(public_home, str(account.uid)) as (owner, dsn):
        assert await fetch(dsn, "SELECT 1") == "1"
        assert (public_home / "data").stat().st_uid == account.uid
        owner.kill()
    await until(lambda: not pid_file(public_home).exists())
    async with owner_process(public_home, str(account.uid)) as (_, dsn):
        assert await fetch(dsn, "SELECT 1") == "1"


@needs_root
async def test_root_runs_the_data_of_a_user_as_that_user(public_home: Path) -> None:
    async with embedded_postgres(public_home, settings=TEST_SETTINGS):
        pass
    nobody = pwd.getpwnam("nobody")
    for path in (public_home, *public_home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    async with embedded_postgres(public_home, settings=TEST_SETTINGS) as dsn:
        assert await fetch(dsn, "SELECT 1") == "1"
        assert (public_home / "data" / "postmaster.pid").stat().st_uid == nobody.pw_uid
