"""Postfix and Exim on loopback, each with its own configuration, queue and port.

`.ci/mail-servers` unpacks them. Both require system users that do not exist here, so they run with a separate
/etc/passwd in a separate mount namespace; nothing outside of it changes.
"""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

SERVERS: Final = Path(
    os.environ.get("BULKSEND_TEST_MAIL_SERVERS", Path(__file__).parents[3] / ".cache" / "mail-servers")
)
POSTFIX_UID: Final = 20001
EXIM_UID: Final = 20002
_USERS: Final = (
    f"postfix:x:{POSTFIX_UID}:{POSTFIX_UID}::/:/bin/false\nDebian-exim:x:{EXIM_UID}:{EXIM_UID}::/:/bin/false\n"
)
_GROUPS: Final = f"postfix:x:{POSTFIX_UID}:\npostdrop:x:{POSTFIX_UID + 2}:\nDebian-exim:x:{EXIM_UID}:\n"
_LIBRARIES: Final = f"{SERVERS}/usr/lib/postfix:{SERVERS}/usr/lib/x86_64-linux-gnu:{SERVERS}/usr/lib/aarch64-linux-gnu"
_INTO_NAMESPACE: Final = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && shift 2 && exec "$@"'


def require_real_servers() -> None:
    """Skip the test if the servers cannot run. In CI they must, in a separate step that runs these tests as root."""
    if os.geteuid() != 0:
        pytest.skip("Postfix and Exim need root")
    if reason := _lacking():
        assert "CI" not in os.environ, reason
        pytest.skip(reason)


def _lacking() -> str | None:
    if not (SERVERS / "usr/sbin/exim4").exists():
        return "Postfix and Exim are not unpacked: .ci/mail-servers"
    return None if shutil.which("unshare") else "Postfix and Exim need unshare"


@asynccontextmanager
async def postfix(**parameters: str) -> AsyncIterator[int]:
    """Run Postfix, which discards all mail, with these parameters of main.cf, and yield its port."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        _lay_out_postfix(home, port, parameters)
        environment = {"MAIL_CONFIG": f"{home}/etc", "LD_LIBRARY_PATH": _LIBRARIES}
        master = [f"{SERVERS}/usr/lib/postfix/sbin/master", "-c", f"{home}/etc", "-d"]
        async with _running(home, port, master, environment):
            yield port


@asynccontextmanager
async def exim(*options: str, rcpt: str = "accept") -> AsyncIterator[int]:
    """Run Exim, which discards all mail, with these main options and ACL for RCPT, and yield its port."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        for name in ("spool", "log"):
            (home / name).mkdir()
            os.chown(home / name, EXIM_UID, EXIM_UID)
        (home / "exim.conf").write_text(_EXIM.format(home=home, options="\n".join(options), rcpt=rcpt))
        (home / "exim.conf").chmod(0o644)
        daemon = [f"{SERVERS}/usr/sbin/exim4", "-C", f"{home}/exim.conf", "-bdf", "-oX", f"127.0.0.1.{port}", "-odq"]
        async with _running(home, port, daemon, {"LD_LIBRARY_PATH": _LIBRARIES}):
            yield port


@asynccontextmanager
async def _running(home: Path, port: int, command: list[str], environment: dict[str, str]) -> AsyncIterator[None]:
    passwd, group = home / "passwd", home / "group"
    passwd.write_text(Path("/etc/passwd").read_text() + _USERS)
    group.write_text(Path("/etc/group").read_text() + _GROUPS)
    process = await asyncio.create_subprocess_exec(
        *["unshare", "--mount", "sh", "-c", _INTO_NAMESPACE, "sh", str(passwd), str(group), *command],
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(30):
            await _listens(process, port)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _listens(process: asyncio.subprocess.Process, port: int) -> None:
    while True:
        assert process.returncode is None, "the mail server ended"
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _lay_out_postfix(home: Path, port: int, parameters: dict[str, str]) -> None:
    (home / "etc").mkdir()
    settings = "".join(f"{name} = {value}\n" for name, value in parameters.items())
    (home / "etc/main.cf").write_text(_POSTFIX.format(home=home, servers=SERVERS, libraries=_LIBRARIES) + settings)
    (home / "etc/master.cf").write_text(_POSTFIX_SERVICES.format(port=port))
    for name in ("data", *(f"queue/{one}" for one in _QUEUES)):
        (home / name).mkdir(parents=True)
        os.chown(home / name, POSTFIX_UID, -1)
    (home / "queue/pid").mkdir()
    for name, mode in (("public", 0o710), ("maildrop", 0o730)):
        os.chown(home / "queue" / name, POSTFIX_UID, POSTFIX_UID + 2)
        (home / "queue" / name).chmod(mode)


_QUEUES: Final = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"),
    *("private", "saved", "trace", "maildrop", "public"),
)
_POSTFIX: Final = """
compatibility_level = 3.6
queue_directory = {home}/queue
command_directory = {servers}/usr/sbin
daemon_directory = {servers}/usr/lib/postfix/sbin
shlib_directory = {servers}/usr/lib/postfix
data_directory = {home}/data
import_environment = LD_LIBRARY_PATH={libraries} MAIL_CONFIG={home}/etc
myhostname = mail.example.com
mydestination = example.com
mynetworks =
local_recipient_maps =
local_transport = discard
default_transport = discard
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_client_event_limit_exceptions =
"""
_POSTFIX_SERVICES: Final = """
127.0.0.1:{port} inet n - n - - smtpd
anvil unix - - n - 1 anvil
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
discard unix - - n - - discard
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
proxymap unix - - n - - proxymap
"""
_EXIM: Final = """
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {home}/spool
log_file_path = {home}/log/%slog
pid_file_path = {home}/spool/exim.pid
primary_hostname = mail.example.com
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
keep_environment = LD_LIBRARY_PATH
acl_smtp_rcpt = rcpt
{options}

begin acl
rcpt:
  {rcpt}

begin routers
all:
  driver = accept
  transport = nowhere

begin transports
nowhere:
  driver = appendfile
  file = /dev/null
"""
