"""The delivery policy of a worker: retries, and the result of each outcome."""

import random
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import Any, Final

from bulksend.db.deliveries import ClaimedRow, MailKind, OverdueRow, RecordedOutcome, Result
from bulksend.delivery.mail.message import envelope_address
from bulksend.delivery.smtp.outcomes import (
    Accepted,
    Deferred,
    DeliveryErrorCode,
    Outcome,
    Refused,
    Released,
    ServerTrouble,
)

JITTER: Final = 0.2
# The time limit of the server's reply to the final dot: RFC 5321, 4.5.3.2.6.
REPLY_SECONDS: Final = 600.0
WAITED_TOO_LONG: Final = "The mail waited longer than mail is kept."

# With one of these errors a document waits for the server, and not because of its own mail.
SERVER_TROUBLE: Final = frozenset(
    {
        DeliveryErrorCode.SMTP_UNREACHABLE,
        DeliveryErrorCode.SMTP_UNAVAILABLE,
        DeliveryErrorCode.SMTP_TLS_FAILED,
        DeliveryErrorCode.SMTP_TLS_REQUIRED,
        DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED,
        DeliveryErrorCode.SMTP_POLICY_REFUSED,
        DeliveryErrorCode.SMTP_RATE_LIMITED,
        DeliveryErrorCode.SENDER_REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of delivery; times are in seconds.

    - `mail_from`: `address` or `Name <address>`.
    - `lease`: how long a claimed document is the worker's; renewed every third of it while the mail is in flight.
    - `begin_within`: how long a claimed mail may wait until its content is begun; then it is given back.
    - `retry_delays`: the ladder; a document has one attempt more than it has rungs.
    - `max_queue_age`: how long a document may wait in all.
    - `smtp_rate`: mails a second of each worker, or None.
    - `probe_interval`: between two looks at a server that does not serve; `probe_timeout` ends one.
    """

    mail_from: str
    message_id_domain: str
    lease: float = 180
    begin_within: float = 60
    retry_delays: tuple[float, ...] = (10, 60, 300, 1800, 7200)
    max_queue_age: float = 86_400
    smtp_rate: float | None = None
    probe_interval: float = 3
    probe_timeout: float = 10

    @property
    def sender(self) -> str:
        """The address in `mail_from`, for SMTP. Raise ValueError if it is invalid."""
        return envelope_address(parseaddr(self.mail_from)[1])


def is_overdue(document: ClaimedRow, policy: Policy) -> bool:
    """Return whether the document has waited longer than `max_queue_age`."""
    return document.age.total_seconds() >= policy.max_queue_age


def is_obsolete(document: ClaimedRow) -> bool:
    """Return whether the mail is no longer needed: a reminder of a document that is no longer pending."""
    return document.mail_kind == MailKind.REMINDER and document.status != "pending"


def result(document: ClaimedRow, outcome: Outcome, policy: Policy) -> Result:
    """Return the result of an outcome: sent, failed, or pending until the next attempt."""
    match outcome:
        case Accepted():
            return _result(document, "sent")
        case Refused():
            return _failed(document, outcome.code, outcome)
        case Deferred():
            return _deferred(document, outcome, policy)
        case ServerTrouble():
            return _pending(document, _patience(document, outcome, policy), outcome, attempts=0)
        case Released():
            return _result(document, "pending", attempts=0)


def obsolete(document: ClaimedRow) -> Result:
    """Return the result of a mail that is not sent because it is no longer needed."""
    return _result(document, "failed", attempts=0, error_code=DeliveryErrorCode.CANCELLED)


def expired(document: ClaimedRow | OverdueRow) -> Result:
    """Return the result of a document that has waited too long, with the server's last reply if there was one."""
    waited_for_server = document.attempts == 0 or document.error_code in SERVER_TROUBLE
    code = DeliveryErrorCode.SMTP_UNREACHABLE if waited_for_server else _exhausted(document.error_code)
    return _result(
        document,
        "failed",
        attempts=0,
        error_code=code,
        error_message=document.error_message or WAITED_TOO_LONG,
        smtp_code=document.smtp_code,
    )


def _deferred(document: ClaimedRow, outcome: Deferred, policy: Policy) -> Result:
    if document.attempts >= len(policy.retry_delays):
        return _failed(document, _exhausted(outcome.code), outcome)
    delay = policy.retry_delays[document.attempts] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # no secret
    return _pending(document, _within_its_time(document, delay, policy), outcome, attempts=1)


def _patience(document: ClaimedRow, outcome: ServerTrouble, policy: Policy) -> float:
    """Return the time to wait for the server: increasing if this mail may be the cause of the trouble."""
    if not outcome.sender_accepted:
        return policy.probe_interval
    longer = max(policy.probe_interval, document.age.total_seconds() / 2)
    return _within_its_time(document, longer, policy)


def _within_its_time(document: ClaimedRow, delay: float, policy: Policy) -> float:
    """Return the delay, limited to the end of the document's time, when its next claim fails it."""
    return min(delay, max(0, policy.max_queue_age - document.age.total_seconds()))


def _exhausted(last: str | None) -> DeliveryErrorCode:
    """Return the error code of a delivery without attempts left; `last`: the code of its last attempt."""
    unanswered = last == DeliveryErrorCode.CONNECTION_LOST
    return DeliveryErrorCode.CONNECTION_LOST if unanswered else DeliveryErrorCode.ATTEMPTS_EXHAUSTED


def _failed(document: ClaimedRow, code: DeliveryErrorCode, said: Refused | Deferred) -> Result:
    return _result(
        document,
        "failed",
        error_code=code,
        error_message=said.message,
        smtp_code=said.smtp_code,
    )


def _pending(document: ClaimedRow, wait: float, said: Deferred | ServerTrouble, *, attempts: int) -> Result:
    return _result(
        document,
        "pending",
        attempts=attempts,
        wait=timedelta(seconds=wait),
        error_code=said.code,
        error_message=said.message,
        smtp_code=said.smtp_code,
    )


def _result(document: ClaimedRow | OverdueRow, outcome: RecordedOutcome, **fields: Any) -> Result:
    return Result(
        document.id,
        document.lease_id,
        outcome,
        mail_number=document.mail_number,
        is_delivery=document.is_delivery,
        **fields,
    )
