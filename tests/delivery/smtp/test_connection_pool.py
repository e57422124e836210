"""A server that accepts fewer connections than configured is used with as many as it accepts."""

import asyncio
from collections import Counter

import pytest
from support.smtp.mailers import mailer_to, send
from support.smtp.sink import Phase, SmtpSink
from support.workers import eventually

from bulksend.delivery.smtp import connection_pool
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import Accepted, DeliveryErrorCode, Outcome, ServerTrouble

FULL = ServerTrouble(DeliveryErrorCode.SMTP_RATE_LIMITED, 421, "4.7.0 Error: too many connections")


async def send_many(mailer: Mailer, count: int) -> list[Outcome]:
    return await asyncio.gather(*(send(mailer, f"signer{number}@example.com") for number in range(count)))


async def test_the_connections_that_a_server_takes_carry_all_mails() -> None:
    async with SmtpSink(most_clients=3) as sink:
        mailer = mailer_to(sink, connections=10)
        outcomes = await send_many(mailer, 100)
        assert Counter(type(outcome) for outcome in outcomes) == {Accepted: 100}
        assert (mailer.connections, sink.most_connections) == (3, 3)
        await mailer.close()


async def shrunk(mailer: Mailer) -> bool:
    """Return whether the pool has reached the limit of two: all other connection attempts have been refused."""
    return mailer.connections == 2


async def test_after_a_while_more_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SmtpSink(most_clients=2) as sink:
        mailer = mailer_to(sink, connections=4)
        await send_many(mailer, 20)
        await eventually(lambda: shrunk(mailer))
        # Connection attempts from before the pool shrank end while these mails are sent.
        await send_many(mailer, 20)
        refused = sink.refused_clients
        await send_many(mailer, 20)
        assert (mailer.connections, sink.refused_clients) == (2, refused)
        monkeypatch.setattr(connection_pool, "GROW_SECONDS", 0)
        sink.most_clients = 3
        mailer._pool._grow_at = 0  # the time to try another connection has come

        async def has_grown() -> bool:
            # Twenty mails may be sent before the additional connection is open.
            await send_many(mailer, 20)
            return sink.most_connections == 3

        await eventually(has_grown)
        await mailer.close()


async def test_a_server_that_takes_no_connection_is_in_trouble() -> None:
    async with SmtpSink(most_clients=0) as sink:
        mailer = mailer_to(sink, connections=4)
        assert await send_many(mailer, 8) == [FULL] * 8
        assert mailer.connections == 4


async def test_a_new_connection_that_hangs_holds_nobody_up_while_others_work(sink: SmtpSink) -> None:
    mailer = mailer_to(sink, connections=3)
    await send(mailer)
    gate = sink.hold(Phase.CONNECT)
    assert {type(outcome) for outcome in await send_many(mailer, 20)} == {Accepted}
    gate.open()
    await mailer.close()


async def test_who_gives_up_waiting_leaves_the_connection_to_others(sink: SmtpSink) -> None:
    mailer = mailer_to(sink, connections=1)
    gate = sink.hold(Phase.MESSAGE, times=1)
    first = asyncio.create_task(send(mailer))
    await gate.reached()
    second, third = (asyncio.create_task(send(mailer)) for _ in range(2))
    await asyncio.sleep(0)
    gate.open()
    second.cancel()
    assert isinstance(await first, Accepted)
    assert isinstance(await third, Accepted)
    assert (sink.connections, mailer.idle) == (1, 1)
    await mailer.close()


async def test_an_unexpected_error_reaches_who_waits(sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = mailer_to(sink)
    monkeypatch.setattr(mailer._pool, "_open_connection", _broken)
    with pytest.raises(RuntimeError, match="a mistake"):
        await send(mailer)


async def _broken() -> None:
    raise RuntimeError("a mistake")


async def test_commands_are_pipelined_where_the_server_offers_it() -> None:
    async with SmtpSink(pipelining=True) as sink:
        mailer = mailer_to(sink, connections=1)
        assert {type(outcome) for outcome in await send_many(mailer, 20)} == {Accepted}
        assert sink.commands == {"EHLO": 1, "MAIL": 20, "RCPT": 20, "DATA": 20}
        await mailer.close()


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA])
async def test_a_refusal_amid_pipelined_commands_leaves_the_connection_usable(phase: Phase) -> None:
    async with SmtpSink(pipelining=True) as sink:
        mailer = mailer_to(sink, connections=1)
        sink.refuse(phase, 550, "5.1.1 No such user", times=1)
        first, second = await send(mailer), await send(mailer, "bob@example.com")
        assert not isinstance(first, Accepted)
        assert isinstance(second, Accepted)
        assert [mail.recipients for mail in sink.mails if mail.recipients] == [["bob@example.com"]]
        assert sink.connections == 1
        await mailer.close()
