"""Mailers connected to the SMTP sink, and a message to send."""

import time

from support.smtp.sink import SmtpSink, client_tls_context

from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import Outcome
from bulksend.delivery.smtp.server_url import SmtpServer

SENDER = "bulksend@example.com"
ALICE = "alice@example.com"
MESSAGE = b"Subject: Sign here\r\n\r\nHello\r\n.\r\n.hidden\r\nGood bye\r\n"


def mailer_to(sink: SmtpSink, *, url: str | None = None, connections: int = 3, **seconds: float) -> Mailer:
    return Mailer(
        SmtpServer.from_url(url or sink.url),
        connections=connections,
        local_hostname="client.example.com",
        tls_context=client_tls_context(),
        **seconds,
    )


async def send(mailer: Mailer, recipient: str = ALICE, *, within: float = 10) -> Outcome:
    return await mailer.send(SENDER, recipient, MESSAGE, deadline=time.monotonic() + within)
