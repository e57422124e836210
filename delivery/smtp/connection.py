"""One connection to the SMTP server, and the words spoken on it."""

import ssl
import time
from collections.abc import Awaitable

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from bulksend.delivery.smtp.outcomes import (
    UNANSWERED,
    DeliveryErrorCode,
    Outcome,
    Reply,
    ServerTrouble,
    content_outcome,
    trouble,
    words,
)

Credentials = tuple[str, str]


class ServerTroubleError(Exception):
    """The server itself does not serve; `trouble` tells how."""

    def __init__(self, trouble: ServerTrouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


class Connection:
    """An open, greeted, logged-in connection that takes one mail after the other.

    Whatever interrupts a command, a cancellation too, closes the connection: a reply still to come would be
    read as the answer to the next command. No method has a timeout of its own; the caller's clock rules.
    """

    def __init__(self, smtp: SMTP) -> None:
        self._smtp = smtp
        self._mail_begun = False
        self.kept_since = time.monotonic()

    @classmethod
    async def open(cls, smtp: SMTP, *, starttls: bool, credentials: Credentials | None) -> "Connection":
        """Connect, greet, encrypt and log in, or raise ServerTroubleError."""
        try:
            await _introduce(smtp, starttls, credentials)
        except BaseException:
            smtp.close()
            raise
        return cls(smtp)

    @property
    def is_open(self) -> bool:
        """Whether the next mail may try this connection. The server may have closed it unseen."""
        return self._smtp.is_connected

    async def begin(self, sender: bytes) -> None:
        """MAIL, after RSET if the mail before was not accepted, or raise ServerTroubleError."""
        if self._mail_begun:
            await self._insist(b"RSET", DeliveryErrorCode.SMTP_UNAVAILABLE)
        self._mail_begun = True
        await self._insist(b"MAIL FROM:" + sender, DeliveryErrorCode.SENDER_REFUSED)

    async def command(self, command: bytes) -> Reply:
        """Send one command and read its reply, or raise ServerTroubleError."""
        try:
            response = await self._smtp.execute_command(command, timeout=None)
        except (SMTPException, OSError) as error:
            self.close()
            raise ServerTroubleError(_trouble(error, DeliveryErrorCode.SMTP_UNREACHABLE)) from error
        except BaseException:
            self.close()
            raise
        return Reply(response.code, response.message)

    async def content(self, data: bytes) -> Outcome:
        """Write the content with its final dot and read what the server says to it.

        aiosmtplib's own `data()` says DATA too, and then nobody can tell a mail that never left from one
        that may have been taken.
        """
        protocol = self._smtp.protocol
        if protocol is None or not protocol.is_connected:
            raise ServerTroubleError(LOST)
        try:
            protocol.write(data)
            response = await protocol.read_response(timeout=None)
        except (SMTPException, OSError):
            self.close()
            return UNANSWERED
        except BaseException:
            self.close()
            raise
        reply = Reply(response.code, response.message)
        self._mail_begun = not reply.is_positive
        return content_outcome(reply)

    async def quit(self) -> None:
        """Take leave, as a client should, without insisting on it."""
        try:
            await self._smtp.execute_command(b"QUIT", timeout=2)
        except (SMTPException, OSError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close at once, without a word."""
        self._smtp.close()

    async def _insist(self, command: bytes, otherwise: DeliveryErrorCode) -> None:
        reply = await self.command(command)
        if not reply.is_positive:
            self.close()
            raise ServerTroubleError(trouble(reply, otherwise))


LOST = ServerTrouble(DeliveryErrorCode.SMTP_UNREACHABLE, None, "The connection to the mail server was lost.")


async def _introduce(smtp: SMTP, starttls: bool, credentials: Credentials | None) -> None:
    await _step(smtp.connect(), DeliveryErrorCode.SMTP_UNAVAILABLE)
    await _step(smtp.ehlo(), DeliveryErrorCode.SMTP_UNAVAILABLE)
    if starttls:
        await _step(smtp.starttls(), DeliveryErrorCode.SMTP_TLS_FAILED)
        await _step(smtp.ehlo(), DeliveryErrorCode.SMTP_UNAVAILABLE)
    if credentials:
        await _step(smtp.login(*credentials), DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED)


async def _step(step: Awaitable[object], otherwise: DeliveryErrorCode) -> None:
    try:
        await step
    except (SMTPException, OSError, UnicodeError) as error:  # UnicodeError: no host can have such a name
        raise ServerTroubleError(_trouble(error, otherwise)) from error


def _trouble(error: SMTPException | OSError | UnicodeError, otherwise: DeliveryErrorCode) -> ServerTrouble:
    if isinstance(error, SMTPResponseException):
        return trouble(Reply(error.code, error.message), otherwise)
    return ServerTrouble(_code(error, otherwise), None, words(str(error)))


def _code(error: SMTPException | OSError | UnicodeError, otherwise: DeliveryErrorCode) -> DeliveryErrorCode:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return DeliveryErrorCode.SMTP_TLS_FAILED
    if isinstance(error, OSError | UnicodeError):
        return DeliveryErrorCode.SMTP_UNREACHABLE
    return otherwise
