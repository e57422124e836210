"""One connection to the SMTP sink."""

import asyncio
import base64
import email
import email.policy
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from support.smtp.script import Phase

if TYPE_CHECKING:
    from support.smtp.sink import SmtpSink

CERTIFICATE = Path(__file__).parent / "certificates" / "localhost.pem"


@dataclass
class Mail:
    """A mail that the sink accepted; `message` is without dot-stuffing and the final dot."""

    sender: str
    recipients: list[str]
    message: bytes
    connection: int

    @cached_property
    def parsed(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.message, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class Dropped(Exception):
    """A rule broke the connection."""


@dataclass
class Session:
    """The dialogue on one connection."""

    sink: "SmtpSink"
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    encrypted: bool = False
    user: str | None = None
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    unsaid: Mail | None = None  # received, but not yet confirmed to the client

    async def run(self) -> None:
        if await self.allows(Phase.CONNECT):
            await self.say(220, "sink.example.com ESMTP")
        while line := await self.reader.readline():
            verb, _, argument = line.decode("ascii").strip().partition(" ")
            self.sink.commands[verb.upper()] += 1
            answer = self.answers.get(verb.upper())
            if answer is None:
                await self.say(500, "5.5.1 Unknown command")
            else:
                await answer(self, argument)

    async def say(self, code: int, *lines: str) -> None:
        last = len(lines) - 1
        text = "".join(f"{code}{' ' if n == last else '-'}{line}\r\n" for n, line in enumerate(lines))
        self.writer.write(text.encode("latin-1"))
        await self.writer.drain()
        if code == 421 or code == 221:
            self.hang_up()
            raise Dropped

    def hang_up(self, last_words: bytes = b"") -> None:
        self.writer.write(last_words)
        self.writer.close()

    async def allows(self, phase: Phase, *recipients: str) -> bool:
        """Apply the rules; return True if the usual reply follows."""
        rule = await self.sink.verdict(phase, list(recipients) or self.recipients)
        if rule is None:
            return True
        if rule.stored and self.unsaid:
            await self.sink.take(self.unsaid)
        if rule.drop:
            raise Dropped
        assert rule.reply
        await self.say(rule.reply[0], *rule.reply[1].split("\n"))
        return False

    async def ehlo(self, name: str) -> None:
        self.forget()
        if not await self.allows(Phase.EHLO):
            return
        offers = ["STARTTLS"] if self.sink.starttls and not self.encrypted else []
        offers += ["AUTH PLAIN LOGIN"] if self.sink.users and (self.encrypted or not self.sink.starttls) else []
        offers += ["PIPELINING"] if self.sink.pipelining else []
        await self.say(250, "sink.example.com", *offers, "8BITMIME")

    async def upgrade(self, argument: str) -> None:
        if not await self.allows(Phase.STARTTLS):
            return
        await self.say(220, "Ready")
        await self.writer.start_tls(server_tls_context())
        self.encrypted = True
        self.forget()

    async def auth(self, argument: str) -> None:
        mechanism, _, first = argument.partition(" ")
        if mechanism == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            await self.say(334, base64.b64encode(b"Password:").decode())
            user = base64.b64decode(first).decode()
            password = base64.b64decode(await self.reader.readline()).decode()
        if not await self.allows(Phase.AUTH):
            return
        if self.sink.users.get(user) != password:
            await self.say(535, "5.7.8 Authentication credentials invalid")
            return
        self.user = user
        await self.say(235, "2.7.0 Welcome")

    async def mail(self, argument: str) -> None:
        if not await self.allows(Phase.MAIL):
            return
        if self.sink.users and not self.user:
            await self.say(530, "5.7.0 Authentication required")
        elif self.sender is not None:
            await self.say(503, "5.5.1 A mail is already begun")
        else:
            self.sender = address(argument)
            await self.say(250, "2.1.0 Ok")

    async def rcpt(self, argument: str) -> None:
        recipient = address(argument)
        if self.sender is None:
            await self.say(503, "5.5.1 MAIL first")
        elif await self.allows(Phase.RCPT, recipient):
            self.recipients.append(recipient)
            await self.say(250, "2.1.5 Ok")

    async def data(self, argument: str) -> None:
        if not self.recipients:
            await self.say(503, "5.5.1 RCPT first")
        elif await self.allows(Phase.DATA):
            await self.say(354, "End with a dot")
            await self.content()

    async def content(self) -> None:
        first_byte = await self.reader.readexactly(1)
        await self.allows(Phase.CONTENT)
        content = first_byte + await self.reader.readuntil(b"\r\n.\r\n")
        message = re.sub(rb"(?m)^\.", b"", content[: -len(b".\r\n")])
        assert self.sender is not None
        self.unsaid = Mail(self.sender, self.recipients, message, self.number)
        if await self.allows(Phase.MESSAGE):
            await self.sink.take(self.unsaid)
            await self.say(250, "2.0.0 Queued")
        self.forget()

    async def rset(self, argument: str) -> None:
        self.forget()
        if await self.allows(Phase.RSET):
            await self.say(250, "2.0.0 Ok")

    async def noop(self, argument: str) -> None:
        await self.say(250, "2.0.0 Ok")

    async def quit(self, argument: str) -> None:
        await self.say(221, "2.0.0 Bye")

    def forget(self) -> None:
        self.sender = None
        self.recipients = []

    answers: ClassVar[dict[str, Callable[["Session", str], Awaitable[None]]]] = {
        "EHLO": ehlo,
        "STARTTLS": upgrade,
        "AUTH": auth,
        "MAIL": mail,
        "RCPT": rcpt,
        "DATA": data,
        "RSET": rset,
        "NOOP": noop,
        "QUIT": quit,
    }


def address(argument: str) -> str:
    """Return the address between the angle brackets of MAIL or RCPT."""
    return argument.partition("<")[2].rpartition(">")[0]


def server_tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
