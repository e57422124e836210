"""Handing mails to the SMTP server, over a few connections that are kept alive between mails."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from aiosmtplib import SMTP

from bulksend.delivery.smtp.connection import Connection, ServerTroubleError
from bulksend.delivery.smtp.outcomes import TOO_SLOW, UNWRITABLE_ADDRESS, Outcome, Released, ServerTrouble
from bulksend.delivery.smtp.transaction import Clock, Mail, hand_over, path

# Routers forget an idle connection without telling either end, the quickest after some four minutes.
KEPT_SECONDS = 60


class Security(StrEnum):
    """How the connection is encrypted; what is asked for is required, and certificates are verified."""

    PLAIN = "plain"
    STARTTLS = "starttls"
    TLS = "tls"


DEFAULT_PORTS = {Security.PLAIN: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes out."""

    host: str
    port: int
    security: Security = Security.PLAIN
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password, if the server wants them."""
        return (self.username, self.password) if self.username and self.password else None

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read `smtp://user:password@host:587?starttls=true` or `smtps://host`.

        Credentials are percent-encoded. Ports default to 25, 587 with STARTTLS, and 465 for smtps.
        Raises ValueError naming the broken rule and nothing of the URL, since it holds a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            username, password = _credential(parts.username), _credential(parts.password)
        except ValueError:  # what urllib says quotes the URL
            raise ValueError("The SMTP URL needs percent-encoded credentials and a port up to 65535.") from None
        security = _security(parts)
        if not parts.hostname:
            raise ValueError("The SMTP URL needs a host.")
        if port == 0:
            raise ValueError("The SMTP URL needs a port from 1 to 65535.")
        if parts.path not in ("", "/") or parts.fragment:
            raise ValueError("The SMTP URL must have no path and no fragment.")
        if bool(username) != bool(password):
            raise ValueError("The SMTP URL needs both a user and a password, or neither.")
        return cls(parts.hostname, port or DEFAULT_PORTS[security], security, username or None, password or None)


def _credential(encoded: str | None) -> str:
    return unquote(encoded or "", errors="strict")


def _security(parts: SplitResult) -> Security:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme not in ("smtp", "smtps"):
        raise ValueError("The SMTP URL must begin with smtp:// or smtps://.")
    if any(name != "starttls" or value not in ("true", "false") for name, value in options):
        raise ValueError("The SMTP URL's only option is starttls=true or starttls=false.")
    starttls = ("starttls", "true") in options
    if parts.scheme == "smtps" and starttls:
        raise ValueError("The SMTP URL must use either smtps:// or starttls=true, not both.")
    if parts.scheme == "smtps":
        return Security.TLS
    return Security.STARTTLS if starttls else Security.PLAIN


class Mailer:
    """A pool of at most `connections` kept-alive connections to one server, opened when first needed.

    - `timeout`: seconds to open a connection, and again to get from MAIL to the server's 354.
    - `reply_timeout`: seconds the server may take to answer the final dot. RFC 5321 asks for ten minutes;
      a mail given up here is sent again. Whoever leases mails must keep the lease for so long.
    - `local_hostname`: what EHLO says; by default this machine's name as it knows it itself, because
      aiosmtplib's default asks the DNS, in a thread, for every connection.
    - `tls_context`: in place of the default one, which verifies certificates and host names.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        connections: int = 10,
        timeout: float = 30,
        reply_timeout: float = 600,
        local_hostname: str | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._connections = connections
        self._timeout = timeout
        self._reply_timeout = reply_timeout
        self._local_hostname = local_hostname or socket.gethostname()
        self._tls_context = tls_context or _default_tls_context(server)
        self._slots = asyncio.Semaphore(connections)
        self._kept: list[Connection] = []
        self._clocks: set[Clock] = set()
        self._stopped = False

    @property
    def idle(self) -> int:
        """How many sends could begin at once now."""
        return 0 if self._stopped else max(0, self._connections - len(self._clocks))

    @property
    def connections(self) -> int:
        """How many mails can be on their way at once."""
        return self._connections

    async def send(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        *,
        deadline: float,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> Outcome:
        """Send one mail, waiting for a free connection if there is none.

        `message` is 7-bit, headers and body. `deadline` is on `time.monotonic()`: the content is never begun
        after it, nor while `may_begin()` is false; once begun, the server's answer is waited for. Cancelling closes
        the connection; once the content was begun that may lose an acceptance, so prefer `stop`.
        Raises ValueError for a sender that no MAIL FROM can carry.
        """
        sender_path, recipient_path = path(sender), path(recipient)
        if sender_path is None:
            raise ValueError("The sender's address has characters that SMTP cannot carry.")
        if recipient_path is None:
            return UNWRITABLE_ADDRESS
        clock = Clock(deadline, may_begin)
        if self._stopped or clock.is_over:
            return Released()
        outcome = await self._timed(Mail(sender_path, recipient_path, message), clock)
        if not isinstance(outcome, ServerTrouble):
            return outcome
        self._drop_kept()
        return replace(outcome, sender_accepted=clock.sender_accepted)

    async def probe(self, sender: str = "") -> ServerTrouble | None:
        """Whether the server serves again: None if a new connection opens, logs in and takes MAIL.

        Never takes longer than the mailer's `timeout`.
        """
        self._drop_kept()
        try:
            async with asyncio.timeout(self._timeout), self._slots:
                connection = await self._open()
                await connection.begin(path(sender) or b"<>")
                self._put_back(connection)
        except ServerTroubleError as error:
            return error.trouble
        except TimeoutError:
            return TOO_SLOW
        return None

    def stop(self) -> None:
        """Begin no content from now on: sends that have not are Released, the others end as they would."""
        self._stopped = True
        for clock in self._clocks:
            clock.release()

    async def close(self) -> None:
        """Stop, and take leave on the idle connections; those in use close when their mail has ended."""
        self.stop()
        kept, self._kept = self._kept, []
        await asyncio.gather(*(connection.quit() for connection in kept))

    async def _timed(self, mail: Mail, clock: Clock) -> Outcome:
        self._clocks.add(clock)
        try:
            async with clock.limit, self._slots:
                return await self._send(mail, clock)
        except ServerTroubleError as error:
            return error.trouble
        except TimeoutError:
            return clock.verdict()
        finally:
            self._clocks.discard(clock)

    async def _send(self, mail: Mail, clock: Clock) -> Outcome:
        connection = await self._begin(mail.sender, clock)
        try:
            return await hand_over(connection, mail, clock, self._reply_timeout)
        finally:
            self._put_back(connection)

    async def _begin(self, sender: bytes, clock: Clock) -> Connection:
        """Say MAIL on a kept connection, or, if there is none or it went stale, on a new one."""
        clock.allow(self._timeout)
        if kept := self._take_kept():
            with suppress(ServerTroubleError):
                await kept.begin(sender)
                return kept
        connection = await self._open()
        clock.allow(self._timeout)
        await connection.begin(sender)
        return connection

    async def _open(self) -> Connection:
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security is Security.TLS,
            start_tls=False,  # said by Connection.open, which tells its failures apart
            tls_context=self._tls_context,
            local_hostname=self._local_hostname,
            timeout=None,
        )
        starttls = server.security is Security.STARTTLS
        return await Connection.open(smtp, starttls=starttls, credentials=server.credentials)

    def _take_kept(self) -> Connection | None:
        """The connection used last, so that those not needed grow old, as long as it is worth a try."""
        oldest = time.monotonic() - KEPT_SECONDS
        while self._kept:
            connection = self._kept.pop()
            if connection.is_open and connection.kept_since > oldest:
                return connection
            connection.close()
        return None

    def _put_back(self, connection: Connection) -> None:
        if self._stopped:
            connection.close()
        if connection.is_open:
            connection.kept_since = time.monotonic()
            self._kept.append(connection)

    def _drop_kept(self) -> None:
        """Forget the idle connections: what ails the server has probably reached them too."""
        for connection in self._kept:
            connection.close()
        self._kept.clear()


def _default_tls_context(server: SmtpServer) -> ssl.SSLContext | None:
    """One for all connections, because reading the certificate authorities takes 35 ms."""
    return None if server.security is Security.PLAIN else ssl.create_default_context()
