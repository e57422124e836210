"""Resolving the SMTP server, verifying its certificate, and logging in."""

import socket

import pytest
from support.smtp.mailers import mailer_to, send
from support.smtp.sink import Phase, SmtpSink

from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.outcomes import Accepted, DeliveryErrorCode, ServerTrouble
from bulksend.delivery.smtp.server_url import Security, SmtpServer


@pytest.mark.parametrize(("tls", "starttls"), [(True, False), (False, True), (False, False)])
async def test_login_with_and_without_encryption(tls: bool, starttls: bool) -> None:
    async with SmtpSink(tls=tls, starttls=starttls, users={"mailer": "secret"}) as sink:
        mailer = mailer_to(sink)
        assert await send(mailer) == Accepted(250, "2.0.0 Queued")
        assert await send(mailer) == Accepted(250, "2.0.0 Queued")
        assert (sink.commands["AUTH"], sink.commands["STARTTLS"], sink.connections) == (1, starttls, 1)
        await mailer.close()


async def test_a_wrong_password(sink: SmtpSink) -> None:
    sink.users = {"mailer": "secret"}
    mailer = mailer_to(sink, url=f"smtp://mailer:wr%40ng@localhost:{sink.port}")
    expected = ServerTrouble(
        DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED, 535, "5.7.8 Authentication credentials invalid"
    )
    assert await send(mailer) == expected
    assert await mailer.probe() == expected


async def test_a_login_the_server_does_not_offer(sink: SmtpSink) -> None:
    outcome = await send(mailer_to(sink, url=f"smtp://mailer:secret@localhost:{sink.port}"))
    assert isinstance(outcome, ServerTrouble)
    assert outcome.code is DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED


async def test_starttls_that_the_server_does_not_offer(sink: SmtpSink) -> None:
    outcome = await send(mailer_to(sink, url=f"{sink.url}?starttls=true"))
    assert isinstance(outcome, ServerTrouble)
    assert outcome.code is DeliveryErrorCode.SMTP_TLS_FAILED
    assert sink.commands["MAIL"] == 0


async def test_starttls_that_the_server_refuses() -> None:
    async with SmtpSink(starttls=True) as sink:
        sink.refuse(Phase.STARTTLS, 454, "4.7.0 TLS not available")
        expected = ServerTrouble(DeliveryErrorCode.SMTP_TLS_FAILED, 454, "4.7.0 TLS not available")
        assert await send(mailer_to(sink)) == expected


@pytest.mark.parametrize("starttls", [False, True])
async def test_a_certificate_that_nobody_vouches_for(starttls: bool) -> None:
    async with SmtpSink(tls=not starttls, starttls=starttls, users={"mailer": "secret"}) as sink:
        outcome = await send(Mailer(SmtpServer.from_url(sink.url)))
        assert isinstance(outcome, ServerTrouble)
        assert outcome.code is DeliveryErrorCode.SMTP_TLS_FAILED
        assert sink.commands["AUTH"] == 0


async def test_tls_that_a_plain_server_cannot_speak(sink: SmtpSink) -> None:
    outcome = await send(mailer_to(sink, url=f"smtps://localhost:{sink.port}"))
    assert isinstance(outcome, ServerTrouble)
    assert outcome.code is DeliveryErrorCode.SMTP_TLS_FAILED


async def test_ehlo_says_this_machines_own_name_without_asking_the_dns(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: pytest.fail("asked the DNS"))
    mailer = Mailer(SmtpServer.from_url(sink.url))
    assert isinstance(await send(mailer), Accepted)
    await mailer.close()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 25)),
        ("smtp://mail.example.com:2525/", SmtpServer("mail.example.com", 2525)),
        ("smtp://h?starttls=true", SmtpServer("h", 587, Security.STARTTLS)),
        ("smtp://h?starttls=false", SmtpServer("h", 25)),
        ("smtps://[::1]", SmtpServer("::1", 465, Security.TLS)),
        (
            "smtp://a%40b.c:p%2F%3A%C3%A9@h:587?starttls=true",
            SmtpServer("h", 587, Security.STARTTLS, "a@b.c", "p/:é"),
        ),
    ],
)
def test_smtp_urls(url: str, server: SmtpServer) -> None:
    assert SmtpServer.from_url(url) == server
    assert "p/:é" not in repr(SmtpServer.from_url(url))


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://user:hunter2@h", "smtp:// or smtps://"),
        ("smtp://user:hunter2@", "host"),
        ("smtp://user:hunter2@h:0", "1 to 65535"),
        ("smtp://user:hunter2@h:70000", "up to 65535"),
        ("smtp://user:hunter2/3@h", "percent-encoded"),
        ("smtp://user:hunter2%FF@h", "percent-encoded"),
        ("smtp://user:hunter2[@h", "percent-encoded"),
        ("smtp://user:hunter2?starttls=true@h", "percent-encoded"),
        ("smtp://user:hunter2@h/path", "no path"),
        ("smtp://user:hunter2@h#part", "no fragment"),
        ("smtp://user:hunter2@h?verify=false", "only option"),
        ("smtp://user:hunter2@h?starttls=yes", "only option"),
        ("smtps://user:hunter2@h?starttls=true", "not both"),
        ("smtp://:hunter2@h", "both a user and a password"),
        ("smtp://hunter2@h", "both a user and a password"),
    ],
)
def test_wrong_smtp_urls_name_the_rule_and_not_the_password(url: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as caught:
        SmtpServer.from_url(url)
    assert "hunter2" not in str(caught.value)
