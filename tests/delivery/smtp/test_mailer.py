"""The lifetime of connections, and time limits of the mails on them."""

import asyncio
import time

import pytest
from aiosmtplib import SMTP
from support.smtp.mailers import ALICE, MESSAGE, SENDER, mailer_to, send
from support.smtp.sink import Phase, SmtpSink

from bulksend.delivery.smtp import connection_pool
from bulksend.delivery.smtp.connection import Connection
from bulksend.delivery.smtp.deadline_timer import DeadlineTimer
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import Accepted, DeliveryErrorCode, Released, ServerTrouble
from bulksend.delivery.smtp.transaction import Clock, Mail, hand_over


async def test_one_connection_is_greeted_once_for_many_mails(sink: SmtpSink, mailer: Mailer) -> None:
    for number in range(20):
        assert isinstance(await send(mailer, f"signer{number}@example.com"), Accepted)
    assert sink.connections == 1
    assert sink.commands == {"EHLO": 1, "MAIL": 20, "RCPT": 20, "DATA": 20}


async def test_never_more_connections_than_allowed(sink: SmtpSink, mailer: Mailer) -> None:
    gate = sink.hold(Phase.MESSAGE)
    sends = [asyncio.create_task(send(mailer, f"signer{number}@example.com")) for number in range(20)]
    await gate.reached(3)
    assert (mailer.idle, sink.open_connections) == (0, 3)
    gate.open()
    assert {type(outcome) for outcome in await asyncio.gather(*sends)} == {Accepted}
    assert (sink.connections, sink.most_connections, mailer.idle) == (3, 3, 3)
    assert len({mail.recipients[0] for mail in sink.mails}) == 20


@pytest.mark.parametrize("farewell", [False, True])
async def test_a_connection_closed_while_idle_is_replaced(sink: SmtpSink, mailer: Mailer, farewell: bool) -> None:
    await send(mailer)
    sink.close_idle(farewell=farewell)
    await sink.wait_until(lambda: sink.open_connections == 0)
    assert isinstance(await send(mailer), Accepted)
    assert sink.connections == 2


@pytest.mark.parametrize("code", [421, 451, None])
async def test_a_kept_connection_that_takes_no_further_mail_is_replaced_once(
    sink: SmtpSink, mailer: Mailer, code: int | None
) -> None:
    await send(mailer)
    if code:
        sink.refuse(Phase.MAIL, code, "Enough from this connection", times=1)
    else:
        sink.drop(Phase.MAIL, times=1)
    assert isinstance(await send(mailer), Accepted)
    assert sink.connections == 2


async def test_a_connection_idle_for_long_is_not_trusted(
    sink: SmtpSink, mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(mailer)
    monkeypatch.setattr(connection_pool, "KEPT_SECONDS", 0)
    assert isinstance(await send(mailer), Accepted)
    assert (sink.connections, sink.commands["RSET"]) == (2, 0)


async def test_what_a_fresh_connection_says_counts(sink: SmtpSink, mailer: Mailer) -> None:
    await send(mailer)
    sink.refuse(Phase.MAIL, 421, "Closing down", times=2)
    assert isinstance(await send(mailer), ServerTrouble)
    assert sink.connections == 2


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.MAIL, Phase.RCPT, Phase.DATA])
async def test_no_content_after_the_deadline(sink: SmtpSink, mailer: Mailer, phase: Phase) -> None:
    gate = sink.hold(phase, times=1)
    assert await send(mailer, within=0.05) == Released()
    gate.open()
    assert isinstance(await send(mailer, "bob@example.com"), Accepted)
    assert sink.accepted(ALICE) == []


async def test_no_content_after_the_deadline_even_if_the_loop_was_too_busy_to_notice(sink: SmtpSink) -> None:
    client = SMTP(hostname="localhost", port=sink.port, start_tls=False, timeout=None)
    connection = await Connection.open(client, starttls=False, credentials=None)
    await connection.begin(b"<>")
    mail = Mail(b"<>", b"<alice@example.com>", MESSAGE)
    assert await hand_over(connection, mail, Clock(time.monotonic(), DeadlineTimer()), 10) == Released()
    assert (connection.is_open, sink.mails) == (False, [])


async def test_waiting_for_a_connection_ends_at_the_deadline(sink: SmtpSink) -> None:
    mailer = mailer_to(sink, connections=1)
    gate = sink.hold(Phase.MESSAGE)
    first = asyncio.create_task(send(mailer, "bob@example.com"))
    await gate.reached()
    assert await send(mailer, within=0.05) == Released()
    gate.open()
    assert isinstance(await first, Accepted)
    assert await send(mailer, within=0) == Released()
    assert (sink.accepted(ALICE), mailer.idle) == ([], 1)
    await mailer.close()


async def test_the_deadline_does_not_cut_off_the_final_answer(sink: SmtpSink, mailer: Mailer) -> None:
    gate = sink.hold(Phase.MESSAGE)
    deadline = time.monotonic() + 0.3
    sending = asyncio.create_task(mailer.send(SENDER, ALICE, MESSAGE, deadline=deadline))
    await gate.reached()
    await asyncio.sleep(max(0, deadline - time.monotonic()) + 0.01)
    gate.open()
    assert isinstance(await sending, Accepted)


async def test_stop_ends_what_is_begun_and_releases_the_rest(sink: SmtpSink) -> None:
    mailer = mailer_to(sink, connections=2)
    begun, before = sink.hold(Phase.MESSAGE), sink.hold(Phase.DATA, recipient="bob@*")
    first = asyncio.create_task(send(mailer))
    second = asyncio.create_task(send(mailer, "bob@example.com"))
    third = asyncio.create_task(send(mailer, "carol@example.com"))
    await begun.reached()
    await before.reached()
    mailer.stop()
    async with asyncio.timeout(5):
        assert [await second, await third, await send(mailer)] == [Released()] * 3
    begun.open()
    before.open()
    assert isinstance(await first, Accepted)
    await sink.wait_until(lambda: sink.open_connections == 0)
    assert mailer.idle == 0


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.MESSAGE])
async def test_cancelling_frees_the_slot_and_drops_the_connection(sink: SmtpSink, phase: Phase) -> None:
    mailer = mailer_to(sink, connections=1)
    gate = sink.hold(phase, times=1)
    sending = asyncio.create_task(send(mailer))
    await gate.reached()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert mailer.idle == 1
    assert isinstance(await send(mailer, "bob@example.com"), Accepted)
    assert (sink.connections, sink.accepted(ALICE)) == (2, [])
    await mailer.close()


async def test_close_takes_leave(sink: SmtpSink, mailer: Mailer) -> None:
    await send(mailer)
    await mailer.close()
    assert sink.commands["QUIT"] == 1
    await sink.wait_until(lambda: sink.open_connections == 0)


async def test_trouble_drops_the_idle_connections_too(sink: SmtpSink, mailer: Mailer) -> None:
    gate = sink.hold(Phase.MESSAGE, times=2)
    sends = [asyncio.create_task(send(mailer)) for _ in range(2)]
    await gate.reached(2)
    gate.open()
    await asyncio.gather(*sends)
    sink.refuse(Phase.RCPT, 421, "Closing down", times=1)
    assert isinstance(await send(mailer), ServerTrouble)
    await sink.wait_until(lambda: sink.open_connections == 0)


async def test_a_probe_opens_a_new_connection_and_leaves_it_to_the_next_mail(sink: SmtpSink, mailer: Mailer) -> None:
    await send(mailer)
    sink.refuse(Phase.MAIL, 550, "5.7.1 Who are you?", times=1)
    expected = ServerTrouble(DeliveryErrorCode.SENDER_REFUSED, 550, "5.7.1 Who are you?")
    assert await mailer.probe(SENDER) == expected
    assert await mailer.probe(SENDER) is None
    assert isinstance(await send(mailer), Accepted)
    assert sink.connections == 3


async def test_a_probe_is_bounded(sink: SmtpSink) -> None:
    mailer = mailer_to(sink, timeout=0.05)
    sink.hold(Phase.CONNECT)
    outcome = await mailer.probe()
    assert isinstance(outcome, ServerTrouble)
    assert outcome.code is DeliveryErrorCode.SMTP_UNREACHABLE
