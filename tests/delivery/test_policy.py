"""The new state of a document after each outcome."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from support.workers import POLICY

from bulksend.db.deliveries import ClaimedRow, MailKind
from bulksend.delivery.policy import JITTER, WAITED_TOO_LONG, expired, is_obsolete, is_overdue, obsolete, result
from bulksend.delivery.smtp.outcomes import (
    UNANSWERED,
    Accepted,
    Deferred,
    DeliveryErrorCode,
    Outcome,
    Refused,
    Released,
    ServerTrouble,
)

DOCUMENT = ClaimedRow(
    organization_id=UUID(int=1),
    bulk_send_id=UUID(int=2),
    id=UUID(int=3),
    lease_id=UUID(int=4),
    worker_id=UUID(int=5),
    mail_kind="invitation",
    mail_number=1,
    is_delivery=True,
    status="pending",
    link_generation=1,
    attempts=0,
    age=timedelta(),
    error_code=None,
    error_message=None,
    smtp_code=None,
    signer_name="Ada",
    signer_email="ada@example.com",
    signer_message=None,
    bulk_send_name="Spring",
    email_message=None,
    template_name="NDA",
    organization_name="Acme",
    locale="en",
    expires_at=None,
)
BUSY = Deferred(DeliveryErrorCode.MAILBOX_BUSY, 450, "4.2.1 Later")
DOWN = ServerTrouble(DeliveryErrorCode.SMTP_UNREACHABLE, None, "Connection refused")


def test_accepted_is_sent() -> None:
    given = result(DOCUMENT, Accepted(250, "Queued"), POLICY)
    assert (given.outcome, given.attempts, given.error_code) == ("sent", 1, None)
    assert (given.document_id, given.lease_id) == (DOCUMENT.id, DOCUMENT.lease_id)


def test_refused_fails_at_once_with_the_servers_words() -> None:
    given = result(DOCUMENT, Refused(DeliveryErrorCode.MAILBOX_UNAVAILABLE, 550, "5.1.1 Who?"), POLICY)
    assert (given.outcome, given.attempts) == ("failed", 1)
    assert (given.error_code, given.smtp_code, given.error_message) == ("MAILBOX_UNAVAILABLE", 550, "5.1.1 Who?")


@pytest.mark.parametrize("rung", [0, 1])
def test_deferred_climbs_the_ladder(rung: int) -> None:
    delay = POLICY.retry_delays[rung]
    waits = [result(replace(DOCUMENT, attempts=rung), BUSY, POLICY).wait.total_seconds() for _ in range(200)]
    assert delay * (1 - JITTER) <= min(waits) < delay < max(waits) <= delay * (1 + JITTER)


def test_deferred_keeps_the_servers_words_while_it_waits() -> None:
    given = result(DOCUMENT, BUSY, POLICY)
    assert (given.outcome, given.attempts) == ("pending", 1)
    assert (given.error_code, given.smtp_code, given.error_message) == ("MAILBOX_BUSY", 450, "4.2.1 Later")


def test_the_ladders_end_fails_with_the_servers_last_words() -> None:
    given = result(replace(DOCUMENT, attempts=2), BUSY, POLICY)
    assert (given.outcome, given.attempts) == ("failed", 1)
    assert (given.error_code, given.smtp_code, given.error_message) == ("ATTEMPTS_EXHAUSTED", 450, "4.2.1 Later")


def test_the_ladders_end_says_so_when_nobody_knows_whether_the_mail_arrived() -> None:
    given = result(replace(DOCUMENT, attempts=2), UNANSWERED, POLICY)
    assert (given.outcome, given.attempts, given.error_code) == ("failed", 1, "CONNECTION_LOST")
    assert "may have arrived" in str(given.error_message)


def test_no_document_waits_past_its_time() -> None:
    old = replace(DOCUMENT, age=timedelta(seconds=POLICY.max_queue_age - 3))
    assert result(old, BUSY, POLICY).wait == timedelta(seconds=3)


def test_trouble_with_the_server_uses_no_attempt() -> None:
    given = result(replace(DOCUMENT, attempts=2), DOWN, POLICY)
    assert (given.outcome, given.attempts, given.error_code) == ("pending", 0, "SMTP_UNREACHABLE")


@pytest.mark.parametrize(("age", "wait"), [(0, 3), (100, 50), (86_390, 10), (90_000, 0)])
def test_a_mail_that_draws_trouble_waits_longer_each_time(age: float, wait: float) -> None:
    drawn = replace(DOWN, sender_accepted=True)
    given = result(replace(DOCUMENT, age=timedelta(seconds=age)), drawn, replace(POLICY, probe_interval=3))
    assert (given.outcome, given.attempts, given.wait) == ("pending", 0, timedelta(seconds=wait))


def test_released_uses_nothing() -> None:
    given = result(DOCUMENT, Released(), POLICY)
    assert (given.outcome, given.attempts, given.wait, given.error_code) == ("pending", 0, timedelta(), None)


@pytest.mark.parametrize(("seconds", "overdue"), [(-1, False), (0, True)])
def test_overdue_is_older_than_the_queue_allows(seconds: float, overdue: bool) -> None:
    document = replace(DOCUMENT, age=timedelta(seconds=POLICY.max_queue_age + seconds))
    assert is_overdue(document, POLICY) is overdue


@pytest.mark.parametrize(
    ("attempts", "last", "code"),
    [
        (0, None, "SMTP_UNREACHABLE"),
        (0, "SMTP_AUTHENTICATION_FAILED", "SMTP_UNREACHABLE"),
        (2, "SMTP_UNAVAILABLE", "SMTP_UNREACHABLE"),
        (2, "MAILBOX_BUSY", "ATTEMPTS_EXHAUSTED"),
        (2, "CONNECTION_LOST", "CONNECTION_LOST"),
    ],
)
def test_expired_tells_who_was_to_blame(attempts: int, last: str | None, code: str) -> None:
    document = replace(DOCUMENT, attempts=attempts, error_code=last, error_message=last and "Words", smtp_code=None)
    given = expired(document)
    assert (given.outcome, given.attempts, given.error_code) == ("failed", 0, code)
    assert given.error_message == ("Words" if last else WAITED_TOO_LONG)


@pytest.mark.parametrize(
    ("kind", "status", "unneeded"),
    [
        (MailKind.REMINDER, "pending", False),
        (MailKind.REMINDER, "signed", True),
        (MailKind.COPY, "signed", False),
        (MailKind.INVITATION, "signed", False),
    ],
)
def test_only_a_reminder_of_what_is_done_is_obsolete(kind: MailKind, status: str, unneeded: bool) -> None:
    assert is_obsolete(replace(DOCUMENT, mail_kind=kind, status=status)) is unneeded


def test_a_result_belongs_to_the_mail_that_was_claimed() -> None:
    reminder = replace(DOCUMENT, mail_kind="reminder", mail_number=3, is_delivery=False)
    outcomes: list[Outcome] = [
        Accepted(250, ""),
        UNANSWERED,
        Released(),
        Refused(DeliveryErrorCode.MESSAGE_REFUSED, 554, "No"),
    ]
    results = [*(result(reminder, outcome, POLICY) for outcome in outcomes), expired(reminder), obsolete(reminder)]
    assert {(one.mail_number, one.is_delivery) for one in results} == {(3, False)}
