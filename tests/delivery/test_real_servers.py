"""Delivery to real Postfix and Exim: connection limits, and refusals at RCPT that are about the sender."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from support.bulk_sends import addresses, bulk_send, create_for_new_organization, documents_of
from support.smtp.real_servers import exim, postfix, require_real_servers
from support.workers import LINKS, POLICY, Delivery, eventually, running

from bulksend.db import circuit
from bulksend.db.notices import Notices
from bulksend.db.pool import Pool
from bulksend.delivery.smtp.mailer import Mailer
from bulksend.delivery.smtp.server_url import SmtpServer
from bulksend.delivery.worker import Worker

pytestmark = pytest.mark.usefixtures("real_servers", "closed_circuit")

Server = Callable[[], AbstractAsyncContextManager[int]]
HELO = "client.example.com"


@pytest.fixture
def real_servers() -> None:
    require_real_servers()


def delivery_into(port: int, pool: Pool, dsn: str, *, connections: int = 10, helo: str = HELO) -> Delivery:
    notices = Notices(pool, dsn)
    mailer = Mailer(SmtpServer("127.0.0.1", port), connections=connections, local_hostname=helo)
    return Delivery(Worker(pool, notices, mailer, LINKS, POLICY), mailer, notices)


@pytest.mark.parametrize(
    "server",
    [
        lambda: postfix(smtpd_client_connection_count_limit="3"),
        lambda: postfix(smtpd_client_connection_rate_limit="3"),
        lambda: exim("smtp_accept_max = 3"),
        lambda: exim("smtp_accept_max_per_connection = 7"),
    ],
    ids=["postfix: 3 connections", "postfix: 3 a minute", "exim: 3 connections", "exim: 7 mails a connection"],
)
async def test_a_server_with_limits_takes_all_mails(pool: Pool, dsn: str, server: Server) -> None:
    sent = await create_for_new_organization(pool, addresses(200))
    async with server() as port:
        delivery = delivery_into(port, pool, dsn)
        async with running(delivery):
            await eventually(lambda: _is_sent(pool, sent), 40)
        await delivery.mailer.close()
    assert {document.attempts for document in await documents_of(pool, sent)} == {1}


async def _is_sent(pool: Pool, sent: object) -> bool:
    return (await bulk_send(pool, sent)).sent_count == 200  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("server", "helo", "code", "smtp_code"),
    [
        (
            lambda: postfix(smtpd_helo_restrictions="reject_non_fqdn_helo_hostname"),
            "box",
            "SMTP_POLICY_REFUSED",
            504,
        ),
        (
            lambda: postfix(smtpd_sender_restrictions="check_sender_access static:reject"),
            HELO,
            "SENDER_REFUSED",
            554,
        ),
        (lambda: postfix(mydestination="elsewhere.example.org"), HELO, "SMTP_POLICY_REFUSED", 454),
        (
            lambda: postfix(smtpd_client_restrictions="check_client_access static:reject"),
            HELO,
            "SMTP_POLICY_REFUSED",
            554,
        ),
        (lambda: exim(rcpt="deny message = relay not permitted"), HELO, "SMTP_POLICY_REFUSED", 550),
        (lambda: exim(rcpt="deny message = computer says no"), HELO, "SMTP_POLICY_REFUSED", 550),
    ],
    ids=["helo", "sender", "relay", "client", "exim: relay", "exim: unclear"],
)
async def test_what_it_says_about_us_at_rcpt_fails_nobody(
    pool: Pool, dsn: str, server: Server, helo: str, code: str, smtp_code: int
) -> None:
    sent = await create_for_new_organization(pool, addresses(50))
    async with server() as port:
        delivery = delivery_into(port, pool, dsn, connections=3, helo=helo)
        async with running(delivery):
            await eventually(lambda: _is_open(pool), 20)
        await delivery.mailer.close()
    documents = await documents_of(pool, sent)
    assert {(document.delivery_status, document.attempts) for document in documents} == {("pending", 0)}
    assert {document.waiting_for for document in documents} == {"server"}
    assert {(document.error_code, document.smtp_code) for document in documents} == {(code, smtp_code)}


async def _is_open(pool: Pool) -> bool:
    async with pool.acquire() as conn:
        return await circuit.circuit_state(conn) is not None


async def test_an_unknown_recipient_fails_alone(pool: Pool, dsn: str) -> None:
    sent = await create_for_new_organization(pool, ["nobody@example.com", *addresses(5)])
    unknown = "check_recipient_access inline:{{nobody@example.com = 550 5.1.1 User unknown}}, permit"
    async with postfix(smtpd_recipient_restrictions=unknown, mynetworks="127.0.0.0/8") as port:
        delivery = delivery_into(port, pool, dsn)
        await delivery.worker.deliver_due()
        await delivery.mailer.close()
    nobody, *others = await documents_of(pool, sent)
    assert (nobody.delivery_status, nobody.error_code, nobody.smtp_code) == ("failed", "MAILBOX_UNAVAILABLE", 550)
    assert {document.delivery_status for document in others} == {"sent"}
