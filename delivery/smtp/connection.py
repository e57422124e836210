"""A connection to the SMTP server, and its commands."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import cast

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from bulksend.delivery.smtp.outcomes import (
    NO_REPLY,
    UNANSWERED,
    DeliveryErrorCode,
    Outcome,
    Reply,
    ServerTrouble,
    content_outcome,
    trouble,
    words,
)
from bulksend.delivery.smtp.reply_protocol import ConnectionLostError, ReplyProtocol

Credentials = tuple[str, str]

LOST = ServerTrouble(DeliveryErrorCode.SMTP_UNREACHABLE, None, "The connection to the mail server was lost.")
QUIT_SECONDS = 2
DATA = b"DATA"
GO_ON = 354


class ServerTroubleError(Exception):
    """The SMTP server is unavailable; `trouble` is the reason."""

    def __init__(self, trouble: ServerTrouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


class Connection:
    """An open and authenticated connection, for one mail after the other.

    An interrupted or cancelled command closes the connection, because its reply would be read as the reply to the next
    command. The methods have no timeouts; callers set them.
    """

    def __init__(self, protocol: ReplyProtocol, *, pipelining: bool) -> None:
        self._protocol = protocol
        self._pipelining = pipelining
        self._written: deque[bytes] = deque()
        self._needs_reset = False
        self.mails = 0
        self.kept_since = time.monotonic()

    @classmethod
    async def open(cls, smtp: SMTP, *, starttls: bool, credentials: Credentials | None) -> "Connection":
        """Connect, send EHLO, encrypt and log in. Raise `ServerTroubleError`."""
        try:
            await _introduce(smtp, starttls, credentials)
        except BaseException:
            smtp.close()
            raise
        protocol = ReplyProtocol(cast(asyncio.Transport, smtp.transport))
        return cls(protocol, pipelining=smtp.supports_extension("pipelining"))

    @property
    def is_open(self) -> bool:
        """Whether the next mail may try this connection; the server may have closed it unnoticed."""
        return self._protocol.is_open

    async def begin(self, sender: bytes, then: Sequence[bytes] = ()) -> None:
        """Send MAIL, after RSET if the previous mail was not accepted. Raise `ServerTroubleError`.

        `then`: the commands that follow; a server that takes pipelined commands is sent them right away.
        """
        mail = b"MAIL FROM:" + sender
        commands = [b"RSET", mail] if self._needs_reset else [mail]
        self._write_ahead([*commands, *then])
        self.mails += 1
        if self._needs_reset:
            await self._insist(b"RSET", DeliveryErrorCode.SMTP_UNAVAILABLE)
        self._needs_reset = True
        await self._insist(mail, DeliveryErrorCode.SENDER_REFUSED)

    async def command(self, command: bytes) -> Reply:
        """Send one command, unless it is sent already, and return its reply. Raise `ServerTroubleError`."""
        try:
            self._write(command)
            return await self._protocol.reply()
        except ConnectionLostError as error:
            raise ServerTroubleError(LOST) from error
        except BaseException:
            self.close()
            raise

    async def end_commands(self) -> None:
        """Read the replies to commands that were sent ahead for a mail that was refused meanwhile."""
        with suppress(ServerTroubleError):
            while self._written:
                command = self._written[0]
                if (await self.command(command)).code == GO_ON:
                    await self.command(b".")  # the content of a mail without recipients

    async def content(self, data: bytes) -> Outcome:
        """Write the content with its final dot and return what the server's reply to it means."""
        try:
            self._protocol.write(data)
            reply = await self._protocol.reply()
        except ConnectionLostError:
            return UNANSWERED
        except BaseException:
            self.close()
            raise
        self._needs_reset = not reply.is_positive
        if reply.code == NO_REPLY:
            self.close()
            return UNANSWERED
        return content_outcome(reply)

    async def quit(self) -> None:
        """Send QUIT, and ignore errors."""
        with suppress(ConnectionLostError, TimeoutError):
            async with asyncio.timeout(QUIT_SECONDS):
                self._protocol.write(b"QUIT\r\n")
                await self._protocol.reply()
        self.close()

    def close(self) -> None:
        """Close at once, without QUIT."""
        self._protocol.close()

    def _write_ahead(self, commands: Sequence[bytes]) -> None:
        if not self._pipelining:
            return
        with suppress(ConnectionLostError):  # the first command notices
            self._protocol.write(b"".join(command + b"\r\n" for command in commands))
            self._written.extend(commands)

    def _write(self, command: bytes) -> None:
        if self._written:
            self._written.popleft()
        else:
            self._protocol.write(command + b"\r\n")

    async def _insist(self, command: bytes, otherwise: DeliveryErrorCode) -> None:
        reply = await self.command(command)
        if not reply.is_positive:
            self.close()
            raise ServerTroubleError(trouble(reply, otherwise))


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
