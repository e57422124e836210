"""A scripted SMTP server on loopback: what tests send mail to, and how they break it.

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

from support.smtp_script import Gate, Phase, Script
from support.smtp_session import CERTIFICATE, Dropped, Mail, Session, server_tls_context

__all__ = ["Gate", "Mail", "Phase", "SmtpSink", "client_tls_context"]

LARGEST_MESSAGE = 16 * 1024 * 1024


class SmtpSink(Script):
    """The server.

    `tls`: speak TLS from the start; `starttls`: offer it; `users`: want one of these logged in; `pipelining`: offer it;
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
        """Listen, after a `stop` on the same port as before."""
        context = server_tls_context() if self.tls else None
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=context, limit=LARGEST_MESSAGE
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and break every connection, as a crash would."""
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
        """The mails taken for this recipient, which is more than one where something was doubled."""
        return [mail for mail in self.mails if recipient in mail.recipients]

    async def wait_for(self, count: int, timeout: float = 10) -> None:
        """Wait until `count` mails have been taken in all."""
        await self.wait_until(lambda: len(self.mails) >= count, timeout)

    async def wait_until(self, condition: Callable[[], bool], timeout: float = 10) -> None:
        """Wait for anything that a mail, a connection or its end can make true."""
        async with asyncio.timeout(timeout), self._received:
            await self._received.wait_for(condition)

    def close_idle(self, *, farewell: bool = False) -> None:
        """Close the connections with no mail under way; `farewell`: after saying 421 to nobody's question."""
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
    """Trusts the sink and nobody else."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))
