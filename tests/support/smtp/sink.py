"""A scripted SMTP server on loopback that receives the mail of tests and fails on demand.

async with SmtpSink() as sink:
    sink.refuse(Phase.RCPT, 550, "5.1.1 No such user", recipient="nobody@*")
    gate = sink.hold(Phase.MESSAGE, times=1)        # the first mail's last answer waits
    ...
    await gate.reached()
    gate.open()
    await sink.wait_for(3)
    assert sink.accepted("alice@example.com")
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from support.smtp.script import Gate, Phase, Script
from support.smtp.session import CERTIFICATE, Dropped, Mail, Session, server_tls_context

__all__ = ["Gate", "Mail", "Phase", "SmtpSink", "client_tls_context"]

LARGEST_MESSAGE = 16 * 1024 * 1024


class SmtpSink(Script):
    """The server.

    `tls`: use TLS from the start. `starttls`: offer it. `users`: require one of these logins. `pipelining`: offer it.
    `most_clients`: refuse connections beyond these, as Postfix's smtpd_client_connection_count_limit does.
    """

    def __init__(
        self,
        *,
        tls: bool = False,
        starttls: bool = False,
        users: dict[str, str] | None = None,
        pipelining: bool = False,
        most_clients: int = 1000,
    ) -> None:
        super().__init__()
        self.pipelining = pipelining
        self.most_clients = most_clients
        self.refused_clients = 0
        self.users = users or {}
        self.tls = tls
        self.starttls = starttls
        self.port = 0
        self.mails: list[Mail] = []
        self.commands: Counter[str] = Counter()
        self.connections = 0
        self.most_connections = 0
        self.sessions: dict[asyncio.Task[None], Session] = {}
        self._server: asyncio.Server | None = None
        self._received = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after `stop`, on the same port as before."""
        context = server_tls_context() if self.tls else None
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=context, limit=LARGEST_MESSAGE
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and break every connection, as in a crash."""
        if self._server:
            self._server.close()
        for task in self.sessions:
            task.cancel()
        await asyncio.gather(*self.sessions, return_exceptions=True)

    @property
    def url(self) -> str:
        scheme = "smtps" if self.tls else "smtp"
        login = "".join(f"{user}:{password}@" for user, password in list(self.users.items())[:1])
        return f"{scheme}://{login}localhost:{self.port}" + ("?starttls=true" if self.starttls else "")

    @property
    def open_connections(self) -> int:
        return len(self.sessions)

    def accepted(self, recipient: str) -> list[Mail]:
        """Return the accepted mails for this recipient; more than one means a duplicate."""
        return [mail for mail in self.mails if recipient in mail.recipients]

    async def wait_for(self, count: int, timeout: float = 10) -> None:
        """Wait until `count` mails in total have been accepted."""
        await self.wait_until(lambda: len(self.mails) >= count, timeout)

    async def wait_until(self, condition: Callable[[], bool], timeout: float = 10) -> None:
        """Wait for a condition that may become true when a mail is accepted or a connection opens or closes."""
        async with asyncio.timeout(timeout), self._received:
            await self._received.wait_for(condition)

    def close_idle(self, *, farewell: bool = False) -> None:
        """Close the connections that have no mail in progress; with `farewell`, send an unsolicited 421 first."""
        for session in self.sessions.values():
            if session.sender is None:
                session.hang_up(b"421 4.4.2 Idle for too long\r\n" if farewell else b"")

    async def take(self, mail: Mail) -> None:
        self.mails.append(mail)
        await self._tell()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self.sessions) >= self.most_clients:
            self.refused_clients += 1
            writer.write(b"421 4.7.0 Error: too many connections\r\n")
            writer.close()
            return
        task = asyncio.current_task()
        assert task
        self.connections += 1
        session = self.sessions[task] = Session(self, self.connections, reader, writer)
        self.most_connections = max(self.most_connections, len(self.sessions))
        await self._tell()
        try:
            await session.run()
        except (Dropped, ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            session.writer.transport.abort()
            del self.sessions[task]
            await self._tell()

    async def _tell(self) -> None:
        async with self._received:
            self._received.notify_all()


def client_tls_context() -> ssl.SSLContext:
    """Return a TLS context that trusts only the sink."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))
