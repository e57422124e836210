"""Sending mail to the SMTP server over a pool of connections."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from aiosmtplib import SMTP

from bulksend.delivery.smtp.connection import Connection, ServerTroubleError
from bulksend.delivery.smtp.connection_pool import ConnectionPool
from bulksend.delivery.smtp.deadline_timer import DeadlineTimer
from bulksend.delivery.smtp.outcomes import (
    TOO_SLOW,
    UNWRITABLE_ADDRESS,
    DeliveryErrorCode,
    Outcome,
    Released,
    ServerTrouble,
    about_us,
    recipient_outcome,
)
from bulksend.delivery.smtp.server_url import Security, SmtpServer
from bulksend.delivery.smtp.transaction import Clock, Mail, hand_over, path

# Any other trouble probably affects the idle connections too.
LEAVES_CONNECTIONS_ALONE: Final = {
    DeliveryErrorCode.SENDER_REFUSED,
    DeliveryErrorCode.SMTP_POLICY_REFUSED,
    DeliveryErrorCode.SMTP_RATE_LIMITED,
}


class Mailer:
    """Sends mails over a pool of at most `connections` kept-alive connections to one server, opened when needed.

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
        self._timeout = timeout
        self._reply_timeout = reply_timeout
        self._local_hostname = local_hostname or socket.gethostname()
        self._tls_context = tls_context or _default_tls_context(server)
        self._pool = ConnectionPool(self._open, connections)
        self._clocks: set[Clock] = set()
        self._timer = DeadlineTimer()
        self._stopped = False

    @property
    def idle(self) -> int:
        """The number of mails that could be begun at once."""
        return 0 if self._stopped else max(0, self.connections - len(self._clocks))

    @property
    def connections(self) -> int:
        """The number of connections to use: as many as the server accepts, at most the configured number."""
        return self._pool.wanted

    async def send(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        *,
        deadline: float,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> Outcome:
        """Send one mail, waiting for a free connection if there is none, and return the outcome.

        `message` is 7-bit, headers and body. `deadline` is on `time.monotonic()`: the content is never begun
        after it, nor while `may_begin()` is false; once begun, the server's answer is waited for. Cancelling closes
        the connection; once the content was begun that may lose an acceptance, so prefer `stop`.
        Raise ValueError for a sender that no MAIL FROM can carry.
        """
        sender_path, recipient_path = path(sender), path(recipient)
        if sender_path is None:
            raise ValueError("The sender's address has characters that SMTP cannot carry.")
        if recipient_path is None:
            return UNWRITABLE_ADDRESS
        clock = Clock(deadline, self._timer, may_begin)
        if self._stopped or clock.is_over:
            return Released()
        outcome = await self._timed(Mail(sender_path, recipient_path, message), clock)
        if not isinstance(outcome, ServerTrouble):
            return outcome
        if outcome.code not in LEAVES_CONNECTIONS_ALONE:
            self._pool.drop_idle()
        return replace(outcome, sender_accepted=clock.sender_accepted)

    async def probe(self, sender: str = "", recipient: str | None = None) -> ServerTrouble | None:
        """Return None if the server serves again, else why not: a new connection opens, logs in and takes MAIL.

        With a `recipient` the server is asked for that one too, and none of its answers about the recipient counts.
        Never takes longer than the mailer's `timeout`.
        """
        self._pool.drop_idle()
        try:
            async with asyncio.timeout(self._timeout):
                return await self._probe(path(sender) or b"<>", path(recipient) if recipient else None)
        except ServerTroubleError as error:
            return error.trouble
        except TimeoutError:
            return TOO_SLOW

    def stop(self) -> None:
        """Begin no content from now on: mails whose content has not begun are Released, the others continue."""
        self._stopped = True
        self._pool.stop()
        for clock in self._clocks:
            clock.release()

    async def close(self) -> None:
        """Stop, and send QUIT on the idle connections; those in use close after their mail."""
        self.stop()
        await self._pool.quit()

    async def _timed(self, mail: Mail, clock: Clock) -> Outcome:
        self._clocks.add(clock)
        try:
            with self._timer.watching(clock.limit):
                async with clock.limit.timeout:
                    return await self._send(mail, clock)
        except ServerTroubleError as error:
            return error.trouble
        except TimeoutError:
            return clock.verdict()
        finally:
            self._clocks.discard(clock)

    async def _send(self, mail: Mail, clock: Clock) -> Outcome:
        while True:
            clock.wait()
            async with self._pool.connection() as connection:
                clock.allow(self._timeout)
                if await self._begin(connection, mail):
                    return await hand_over(connection, mail, clock, self._reply_timeout)

    async def _begin(self, connection: Connection, mail: Mail) -> bool:
        """Send MAIL, and return False if a kept-alive connection is stale."""
        is_kept = connection.mails > 0
        try:
            await connection.begin(mail.sender, mail.commands)
        except ServerTroubleError as error:
            if is_kept and error.trouble.code is not DeliveryErrorCode.SMTP_RATE_LIMITED:
                return False
            raise
        return True

    async def _probe(self, sender: bytes, recipient: bytes | None) -> ServerTrouble | None:
        async with self._pool.connection() as connection:
            await connection.begin(sender)
            if recipient is None:
                return None
            outcome = recipient_outcome(await connection.command(b"RCPT TO:" + recipient))
            return about_us(outcome) if outcome else None

    async def _open(self) -> Connection:
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security is Security.TLS,
            start_tls=False,  # raised by Connection.open, which distinguishes its failures
            tls_context=self._tls_context,
            local_hostname=self._local_hostname,
            timeout=None,
        )
        starttls = server.security is Security.STARTTLS
        try:
            async with asyncio.timeout(self._timeout):
                return await Connection.open(smtp, starttls=starttls, credentials=server.credentials)
        except TimeoutError:
            raise ServerTroubleError(TOO_SLOW) from None


def _default_tls_context(server: SmtpServer) -> ssl.SSLContext | None:
    """Shared by all connections, because reading the certificate authorities takes 35 ms."""
    return None if server.security is Security.PLAIN else ssl.create_default_context()
