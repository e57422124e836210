"""Every row of the table of outcomes, against a scripted server."""

import asyncio
import time

import pytest
from support.smtp.mailers import ALICE, MESSAGE, SENDER, mailer_to, send
from support.smtp.sink import Phase, SmtpSink

from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import Accepted, Deferred, DeliveryErrorCode, Outcome, Refused, ServerTrouble
from bulksend.delivery.smtp.server_url import SmtpServer


async def test_a_mail_arrives_byte_for_byte(sink: SmtpSink, mailer: Mailer) -> None:
    assert await send(mailer) == Accepted(250, "2.0.0 Queued")
    [mail] = sink.mails
    assert (mail.sender, mail.recipients, mail.message) == (SENDER, [ALICE], MESSAGE)
    assert mail.parsed["Subject"] == "Sign here"


async def test_line_ends_become_crlf_and_leading_dots_survive(sink: SmtpSink, mailer: Mailer) -> None:
    await mailer.send(SENDER, ALICE, b".first\n..\n.\nlast", deadline=time.monotonic() + 10)
    assert sink.mails[0].message == b".first\r\n..\r\n.\r\nlast\r\n"


@pytest.mark.parametrize(
    ("phase", "code", "expected"),
    [
        (Phase.RCPT, 550, Refused(DeliveryErrorCode.MAILBOX_UNAVAILABLE, 550, "as said", is_certain=False)),
        (Phase.RCPT, 450, Deferred(DeliveryErrorCode.MAILBOX_BUSY, 450, "as said", is_certain=False)),
        (Phase.DATA, 554, Refused(DeliveryErrorCode.MESSAGE_REFUSED, 554, "as said")),
        (Phase.DATA, 451, Deferred(DeliveryErrorCode.MESSAGE_DEFERRED, 451, "as said")),
        (Phase.MESSAGE, 554, Refused(DeliveryErrorCode.MESSAGE_REFUSED, 554, "as said")),
        (Phase.MESSAGE, 451, Deferred(DeliveryErrorCode.MESSAGE_DEFERRED, 451, "as said")),
    ],
)
async def test_refusals_of_one_mail_leave_the_connection_to_the_next(
    sink: SmtpSink, mailer: Mailer, phase: Phase, code: int, expected: Outcome
) -> None:
    sink.refuse(phase, code, "as said", times=1)
    assert await send(mailer) == expected
    assert await send(mailer) == Accepted(250, "2.0.0 Queued")
    assert sink.connections == 1
    assert sink.commands["RSET"] == 1


@pytest.mark.parametrize(
    ("phase", "code", "expected"),
    [
        (Phase.CONNECT, 554, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.CONNECT, 421, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.EHLO, 550, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.EHLO, 421, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.MAIL, 550, DeliveryErrorCode.SENDER_REFUSED),
        (Phase.MAIL, 451, DeliveryErrorCode.SENDER_REFUSED),
        (Phase.MAIL, 421, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.MAIL, 530, DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED),
        (Phase.RCPT, 421, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.RCPT, 530, DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED),
        (Phase.DATA, 421, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.DATA, 250, DeliveryErrorCode.SMTP_UNAVAILABLE),
        (Phase.MESSAGE, 421, DeliveryErrorCode.SMTP_UNAVAILABLE),
    ],
)
async def test_what_is_wrong_with_the_server_is_no_failure_of_the_mail(
    sink: SmtpSink, mailer: Mailer, phase: Phase, code: int, expected: DeliveryErrorCode
) -> None:
    sink.refuse(phase, code, "not now", times=1)
    sender_accepted = phase in (Phase.RCPT, Phase.DATA, Phase.MESSAGE)
    assert await send(mailer) == ServerTrouble(expected, code, "not now", sender_accepted)
    assert sink.mails == []
    await sink.wait_until(lambda: sink.open_connections == 0)
    assert await send(mailer) == Accepted(250, "2.0.0 Queued")


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA])
async def test_a_connection_lost_before_the_content_is_the_servers_trouble(
    sink: SmtpSink, mailer: Mailer, phase: Phase
) -> None:
    sink.drop(phase, times=1)
    outcome = await send(mailer)
    assert isinstance(outcome, ServerTrouble)
    assert (outcome.code, outcome.smtp_code) == (DeliveryErrorCode.SMTP_UNREACHABLE, None)
    assert outcome.sender_accepted is (phase in (Phase.RCPT, Phase.DATA))
    assert isinstance(await send(mailer), Accepted)


@pytest.mark.parametrize(("phase", "stored"), [(Phase.CONTENT, False), (Phase.MESSAGE, False), (Phase.MESSAGE, True)])
async def test_a_connection_lost_once_the_content_is_begun_uses_an_attempt(
    sink: SmtpSink, mailer: Mailer, phase: Phase, stored: bool
) -> None:
    sink.drop(phase, times=1, stored=stored)
    outcome = await send(mailer)
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.smtp_code) == (DeliveryErrorCode.CONNECTION_LOST, None)
    assert len(sink.accepted(ALICE)) == stored
    assert isinstance(await send(mailer), Accepted)


async def test_a_final_answer_that_does_not_come_uses_an_attempt(sink: SmtpSink) -> None:
    mailer = mailer_to(sink, reply_timeout=0.05)
    sink.hold(Phase.MESSAGE, times=1)
    outcome = await send(mailer)
    assert isinstance(outcome, Deferred)
    assert outcome.code is DeliveryErrorCode.CONNECTION_LOST
    assert mailer.idle == 3


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA])
async def test_a_server_that_does_not_answer_in_time_is_in_trouble(sink: SmtpSink, phase: Phase) -> None:
    mailer = mailer_to(sink, timeout=0.1)
    sink.hold(phase, times=1)
    outcome = await send(mailer)
    assert isinstance(outcome, ServerTrouble)
    assert outcome.code is DeliveryErrorCode.SMTP_UNREACHABLE
    assert outcome.sender_accepted is (phase in (Phase.RCPT, Phase.DATA))
    assert mailer.idle == 3
    await mailer.close()


async def test_nobody_listens(sink: SmtpSink, mailer: Mailer) -> None:
    await sink.stop()
    outcome = await send(mailer)
    assert isinstance(outcome, ServerTrouble)
    assert (outcome.code, outcome.smtp_code) == (DeliveryErrorCode.SMTP_UNREACHABLE, None)
    assert await mailer.probe() == outcome
    await sink.start()
    assert await mailer.probe() is None
    assert isinstance(await send(mailer), Accepted)


async def test_a_host_that_cannot_exist() -> None:
    outcome = await send(Mailer(SmtpServer("mail..example.com", 25)))
    assert isinstance(outcome, ServerTrouble)
    assert outcome.code is DeliveryErrorCode.SMTP_UNREACHABLE


async def test_something_else_listens() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await send(Mailer(SmtpServer("127.0.0.1", port)))
    assert isinstance(outcome, ServerTrouble)
    assert (outcome.code, outcome.smtp_code) == (DeliveryErrorCode.SMTP_UNREACHABLE, None)


async def test_the_servers_words_become_one_short_printable_line(sink: SmtpSink, mailer: Mailer) -> None:
    sink.refuse(Phase.RCPT, 550, "5.1.1 <alice@example.com>\n5.1.1 caf\xe9\x00\x1b[31m  " + "x" * 600)
    outcome = await send(mailer)
    assert isinstance(outcome, Refused)
    assert outcome.message.startswith("5.1.1 <alice@example.com> 5.1.1 caf\N{REPLACEMENT CHARACTER} [31m xxx")
    assert len(outcome.message) == 500


@pytest.mark.parametrize("recipient", ["zoë@example.com", "a@example.com>\r\nRSET", "a@b> NOTIFY=NEVER", "a\x00@b"])
async def test_an_address_that_smtp_cannot_carry_is_refused_unasked(
    sink: SmtpSink, mailer: Mailer, recipient: str
) -> None:
    outcome = await send(mailer, recipient)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.smtp_code) == (DeliveryErrorCode.MAILBOX_UNAVAILABLE, None)
    assert sink.connections == 0


async def test_a_sender_that_smtp_cannot_carry_is_a_mistake_of_ours(mailer: Mailer) -> None:
    with pytest.raises(ValueError, match="sender's address"):
        await mailer.send("a@b>\r\nRSET", ALICE, MESSAGE, deadline=time.monotonic() + 10)
