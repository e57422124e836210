"""Classifying refusals, with the texts of real servers."""

import pytest

from bulksend.delivery.smtp.outcomes import (
    Deferred,
    DeliveryErrorCode,
    Outcome,
    Refused,
    Reply,
    ServerTrouble,
    content_outcome,
    data_outcome,
    recipient_outcome,
    trouble,
)

SENDER, POLICY = DeliveryErrorCode.SENDER_REFUSED, DeliveryErrorCode.SMTP_POLICY_REFUSED
RATE, TLS = DeliveryErrorCode.SMTP_RATE_LIMITED, DeliveryErrorCode.SMTP_TLS_REQUIRED
UNAVAILABLE = DeliveryErrorCode.SMTP_UNAVAILABLE


def replied(line: str) -> Reply:
    return Reply(int(line[:3]), line[4:])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        # Postfix
        ("504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname", POLICY),
        ("450 4.7.1 <box.example.com>: Helo command rejected: Host not found", POLICY),
        ("553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b", SENDER),
        ("450 4.1.8 <a@example.com>: Sender address rejected: Domain not found", SENDER),
        ("550 5.1.8 <a@example.com>: Sender address rejected: Domain not found", SENDER),
        ("553 5.1.7 <a@>: bad sender address syntax", SENDER),
        ("554 5.7.1 <ada@example.org>: Relay access denied", POLICY),
        ("454 4.7.1 <ada@example.org>: Relay access denied", POLICY),
        ("554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", POLICY),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", POLICY),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", POLICY),
        ("450 4.7.1 Error: too much mail from 192.0.2.1", RATE),
        ("451 4.3.0 <ada@example.com>: Temporary lookup failure", UNAVAILABLE),
        ("452 4.3.1 Insufficient system storage", UNAVAILABLE),
        # Exim, without enhanced codes
        ("550 relay not permitted", POLICY),
        ("550 Sender verify failed", SENDER),
        ("503 sender not yet given", POLICY),
        # others
        ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", SENDER),
        ("550 5.7.1 Our system has detected an unusual rate of mail from your IP", RATE),
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", POLICY),
        ("530 5.7.0 Must issue a STARTTLS command first", TLS),
        ("538 5.7.11 Encryption required for requested authentication mechanism", TLS),
        ("530 5.7.0 Authentication required", DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED),
        ("500 What?", POLICY),
        ("502 What?", POLICY),
    ],
)
def test_what_a_server_says_about_us_at_rcpt_is_nobodys_failure(line: str, code: DeliveryErrorCode) -> None:
    assert recipient_outcome(replied(line)) == ServerTrouble(code, int(line[:3]), line[4:])


@pytest.mark.parametrize(
    "line",
    [
        "550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown in local recipient table",
        "554 5.7.1 <ada@example.com>: Recipient address rejected: Access denied",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 5.4.1 Recipient address rejected: Access denied",
        "550-5.1.1 The email account that you tried to reach does not exist",
        "552 5.2.2 The email account that you tried to reach is over quota",
        "550 Unrouteable address",
        "550 No such user here",
        "550 mailbox unavailable",
        "551 User not local",
        "552 Exceeded storage allocation",
    ],
)
def test_a_recipient_that_is_unknown_is_refused(line: str) -> None:
    expected = Refused(DeliveryErrorCode.MAILBOX_UNAVAILABLE, int(line[:3]), line[4:])
    assert recipient_outcome(replied(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "450 4.2.0 <ada@example.com>: Recipient address rejected: Greylisted",
        "451 Greylisted, please try again later",
        "452 4.2.2 Mailbox full",
    ],
)
def test_a_recipient_that_must_wait_uses_an_attempt(line: str) -> None:
    expected = Deferred(DeliveryErrorCode.MAILBOX_BUSY, int(line[:3]), line[4:])
    assert recipient_outcome(replied(line)) == expected


@pytest.mark.parametrize("line", ["550 Rejected", "554 Transaction failed", "550 5.0.0 No", "451 Try later", "501 No"])
def test_what_names_nobody_is_unclear(line: str) -> None:
    outcome = recipient_outcome(replied(line))
    assert isinstance(outcome, Refused if line[0] == "5" else Deferred)
    assert not outcome.is_certain


REFUSED, DEFERRED = DeliveryErrorCode.MESSAGE_REFUSED, DeliveryErrorCode.MESSAGE_DEFERRED


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("554 5.7.1 Message rejected as spam", Refused(REFUSED, 554, "5.7.1 Message rejected as spam")),
        ("552 5.3.4 Message too big", Refused(REFUSED, 552, "5.3.4 Message too big")),
        ("505 No", Refused(REFUSED, 505, "No")),
        ("599 No", Refused(REFUSED, 599, "No")),
        ("451 Later", Deferred(DEFERRED, 451, "Later")),
        ("400 Later", Deferred(DEFERRED, 400, "Later")),
        ("500 What?", ServerTrouble(UNAVAILABLE, 500, "What?")),
        ("504 What?", ServerTrouble(UNAVAILABLE, 504, "What?")),
        ("451 4.3.0 Queue file write error", ServerTrouble(UNAVAILABLE, 451, "4.3.0 Queue file write error")),
        ("550 5.7.26 Fails DMARC", ServerTrouble(SENDER, 550, "5.7.26 Fails DMARC")),
        ("450 4.7.0 Too many messages", ServerTrouble(RATE, 450, "4.7.0 Too many messages")),
    ],
)
def test_what_is_said_to_the_content(line: str, expected: Outcome) -> None:
    assert content_outcome(replied(line)) == expected
    assert data_outcome(replied(line)) == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("421 4.7.0 mail.example.com Error: too many connections from 192.0.2.1", RATE),
        ("450 4.7.1 Error: too much mail from 192.0.2.1", RATE),
        ("530 5.7.0 Must issue a STARTTLS command first", TLS),
        ("535 5.7.8 Error: authentication failed", DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED),
        ("550 Go away", SENDER),
    ],
)
def test_trouble_is_told_by_what_it_was(line: str, code: DeliveryErrorCode) -> None:
    assert trouble(replied(line), SENDER).code is code
