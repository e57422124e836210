"""What can become of handing one mail to the SMTP server, and how its replies are read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LONGEST_MESSAGE = 500


class DeliveryErrorCode(StrEnum):
    """Why a delivery failed, waits, or was not tried; stable, shown to callers."""

    MAILBOX_UNAVAILABLE = "MAILBOX_UNAVAILABLE"  # the server refused this recipient for good
    MESSAGE_REFUSED = "MESSAGE_REFUSED"  # the server refused this message for good
    MAILBOX_BUSY = "MAILBOX_BUSY"  # the server refused this recipient for now
    MESSAGE_DEFERRED = "MESSAGE_DEFERRED"  # the server refused this message for now
    CONNECTION_LOST = "CONNECTION_LOST"  # nobody knows whether the server took the message
    ATTEMPTS_EXHAUSTED = "ATTEMPTS_EXHAUSTED"  # refused for now until no attempt was left
    CANCELLED = "CANCELLED"  # the caller cancelled it
    SMTP_UNREACHABLE = "SMTP_UNREACHABLE"  # no connection, or it broke, or no answer came
    SMTP_UNAVAILABLE = "SMTP_UNAVAILABLE"  # the server answers, but serves nobody now
    SMTP_TLS_FAILED = "SMTP_TLS_FAILED"  # no trustworthy TLS, or no STARTTLS where it is asked for
    SMTP_AUTHENTICATION_FAILED = "SMTP_AUTHENTICATION_FAILED"  # the server refused our credentials
    SENDER_REFUSED = "SENDER_REFUSED"  # the server refused our MAIL FROM


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took the mail. Final."""

    smtp_code: int
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This recipient or message was refused for good; `smtp_code` is None if the server was never asked."""

    code: DeliveryErrorCode
    smtp_code: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """This recipient or message was refused for now. It uses an attempt.

    So does a connection lost once the content was begun: the server may have taken the mail, and a message
    that makes the server break must not be sent again for ever.
    """

    code: DeliveryErrorCode
    smtp_code: int | None
    message: str


@dataclass(frozen=True, slots=True)
class ServerTrouble:
    """The server itself does not serve. Nobody's failure: no attempt is used, and nothing left.

    `sender_accepted`: MAIL was accepted before, so it may be this mail that draws the trouble.
    """

    code: DeliveryErrorCode
    smtp_code: int | None
    message: str
    sender_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """The deadline, or `Mailer.stop`, came before the content was begun: nothing left, nobody is to blame."""


# Every `message` is the server's own words, on one line of at most 500 characters. They may name the
# recipient: show them to the caller who sent the mail, never log them.
Outcome = Accepted | Refused | Deferred | ServerTrouble | Released

UNANSWERED = Deferred(
    DeliveryErrorCode.CONNECTION_LOST,
    None,
    "The server never said whether it took the mail: it may have arrived.",
)
UNWRITABLE_ADDRESS = Refused(
    DeliveryErrorCode.MAILBOX_UNAVAILABLE, None, "The address has characters that SMTP cannot carry."
)
TOO_SLOW = ServerTrouble(DeliveryErrorCode.SMTP_UNREACHABLE, None, "The mail server did not answer in time.")


class Reply(NamedTuple):
    """One reply of the server: three digits (-1: it was no SMTP reply) and its text."""

    code: int
    message: str

    @property
    def is_positive(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.code <= 299


# Said to RCPT or DATA, these still speak of the server or of our login and not of the one mail:
# 421 closing down, 530 log in first, 535 wrong credentials, 538 encrypt first (RFC 5321, RFC 4954).
SERVER_CODES = {
    421: DeliveryErrorCode.SMTP_UNAVAILABLE,
    530: DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED,
    535: DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED,
    538: DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED,
    -1: DeliveryErrorCode.SMTP_UNREACHABLE,
}


def words(text: str) -> str:
    """What the server said, as one printable line that PostgreSQL and GraphQL can hold."""
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    printable = "".join(character if character.isprintable() else " " for character in decoded)
    return " ".join(printable.split())[:LONGEST_MESSAGE]


def trouble(reply: Reply, otherwise: DeliveryErrorCode) -> ServerTrouble:
    """A reply that speaks of the server, as `otherwise` unless its code says it better."""
    smtp_code = None if reply.code == -1 else reply.code
    return ServerTrouble(SERVER_CODES.get(reply.code, otherwise), smtp_code, words(reply.message))


def recipient_outcome(reply: Reply) -> Outcome | None:
    """What the reply to RCPT means; None: go on."""
    if reply.is_positive:
        return None
    return _outcome(reply, DeliveryErrorCode.MAILBOX_UNAVAILABLE, DeliveryErrorCode.MAILBOX_BUSY)


def data_outcome(reply: Reply) -> Outcome | None:
    """What the reply to DATA, before any content, means; None: go on."""
    if reply.code == 354:
        return None
    return _outcome(reply, DeliveryErrorCode.MESSAGE_REFUSED, DeliveryErrorCode.MESSAGE_DEFERRED)


def content_outcome(reply: Reply) -> Outcome:
    """What the reply to the final dot means."""
    if reply.is_positive:
        return Accepted(reply.code, words(reply.message))
    if reply.code < 400:
        return UNANSWERED
    return _outcome(reply, DeliveryErrorCode.MESSAGE_REFUSED, DeliveryErrorCode.MESSAGE_DEFERRED)


def _outcome(reply: Reply, refused: DeliveryErrorCode, deferred: DeliveryErrorCode) -> Outcome:
    if reply.code in SERVER_CODES:
        return trouble(reply, DeliveryErrorCode.SMTP_UNAVAILABLE)
    if 500 <= reply.code <= 599:
        return Refused(refused, reply.code, words(reply.message))
    if 400 <= reply.code <= 499:
        return Deferred(deferred, reply.code, words(reply.message))
    return trouble(reply, DeliveryErrorCode.SMTP_UNAVAILABLE)
