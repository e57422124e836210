"""The outcomes of sending a mail to the SMTP server, and the meaning of its replies."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from bulksend.delivery.smtp.refusals import Subject, subject, subject_of_content

LONGEST_MESSAGE: Final = 500


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
    SMTP_TLS_REQUIRED = "SMTP_TLS_REQUIRED"  # the server wants STARTTLS, and we are not set to use it
    SMTP_AUTHENTICATION_FAILED = "SMTP_AUTHENTICATION_FAILED"  # the server refused our credentials
    SMTP_POLICY_REFUSED = "SMTP_POLICY_REFUSED"  # the server takes no such mail from us: HELO name, address, relaying
    SMTP_RATE_LIMITED = "SMTP_RATE_LIMITED"  # the server takes no more mails or connections from us now
    SENDER_REFUSED = "SENDER_REFUSED"  # the server refused our MAIL FROM


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server accepted the mail, which is final."""

    smtp_code: int
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This recipient or message was refused for good; `smtp_code` is None if the server was never asked.

    `is_certain`: the server says that it is about the recipient or the message; else it may be about us.
    """

    code: DeliveryErrorCode
    smtp_code: int | None
    message: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Deferred:
    """This recipient or message was refused for now. It uses an attempt.

    So does a connection lost once the content was begun: the server may have taken the mail, and a message
    that makes the server break must not be sent again for ever. `is_certain`: as in `Refused`.
    """

    code: DeliveryErrorCode
    smtp_code: int | None
    message: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class ServerTrouble:
    """The server is unavailable: no attempt is used, and nothing was sent.

    `sender_accepted`: MAIL was accepted before, so it may be this mail that draws the trouble.
    """

    code: DeliveryErrorCode
    smtp_code: int | None
    message: str
    sender_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """The deadline or `Mailer.stop` came before the content was begun: nothing was sent, and no attempt is used."""


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
    """A reply of the server: its code (`NO_REPLY`: no valid reply) and its text."""

    code: int
    message: str

    @property
    def is_positive(self) -> bool:
        """Whether the command succeeded."""
        return 200 <= self.code <= 299


NO_REPLY: Final = -1

# These speak of the server or of our login, whatever command they answer:
# 421 closing down, 530 log in first, 535 wrong credentials, 538 encrypt first (RFC 5321, RFC 4954).
SERVER_CODES: Final = {
    421: DeliveryErrorCode.SMTP_UNAVAILABLE,
    530: DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED,
    535: DeliveryErrorCode.SMTP_AUTHENTICATION_FAILED,
    538: DeliveryErrorCode.SMTP_TLS_REQUIRED,
    NO_REPLY: DeliveryErrorCode.SMTP_UNREACHABLE,
}
_ABOUT_US: Final = {
    Subject.SENDER: DeliveryErrorCode.SENDER_REFUSED,
    Subject.POLICY: DeliveryErrorCode.SMTP_POLICY_REFUSED,
    Subject.RATE: DeliveryErrorCode.SMTP_RATE_LIMITED,
    Subject.ENCRYPTION: DeliveryErrorCode.SMTP_TLS_REQUIRED,
    Subject.SERVER: DeliveryErrorCode.SMTP_UNAVAILABLE,
}


def words(text: str) -> str:
    """Return the text of a reply as one printable line."""
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    printable = "".join(character if character.isprintable() else " " for character in decoded)
    return " ".join(printable.split())[:LONGEST_MESSAGE]


def trouble(reply: Reply, otherwise: DeliveryErrorCode) -> ServerTrouble:
    """Return the trouble that a reply about the server means: `otherwise` unless it says it better."""
    about = subject(reply.code, reply.message)
    if about in (Subject.RATE, Subject.ENCRYPTION):
        return _trouble(reply, _ABOUT_US[about])
    return _trouble(reply, SERVER_CODES.get(reply.code, otherwise))


def recipient_outcome(reply: Reply) -> Outcome | None:
    """Return the outcome of the reply to RCPT; None to continue."""
    if reply.is_positive:
        return None
    return _outcome(reply, subject(reply.code, reply.message), _AT_RECIPIENT)


def data_outcome(reply: Reply) -> Outcome | None:
    """Return the outcome of the reply to DATA, before any content; None to continue."""
    if reply.code == 354:
        return None
    return _outcome(reply, subject_of_content(reply.code, reply.message), _AT_CONTENT)


def content_outcome(reply: Reply) -> Outcome:
    """Return the outcome of the reply to the final dot."""
    if reply.is_positive:
        return Accepted(reply.code, words(reply.message))
    if reply.code < 400:
        return UNANSWERED
    return _outcome(reply, subject_of_content(reply.code, reply.message), _AT_CONTENT)


_AT_RECIPIENT: Final = (DeliveryErrorCode.MAILBOX_UNAVAILABLE, DeliveryErrorCode.MAILBOX_BUSY)
_AT_CONTENT: Final = (DeliveryErrorCode.MESSAGE_REFUSED, DeliveryErrorCode.MESSAGE_DEFERRED)


def _outcome(reply: Reply, about: Subject, codes: tuple[DeliveryErrorCode, DeliveryErrorCode]) -> Outcome:
    if reply.code in SERVER_CODES or not 400 <= reply.code <= 599:
        return trouble(reply, DeliveryErrorCode.SMTP_UNAVAILABLE)
    if about in _ABOUT_US:
        return _trouble(reply, _ABOUT_US[about])
    is_certain = about is not Subject.UNCLEAR
    refused, deferred = _AT_CONTENT if about is Subject.MESSAGE else codes
    if reply.code >= 500:
        return Refused(refused, reply.code, words(reply.message), is_certain)
    return Deferred(deferred, reply.code, words(reply.message), is_certain)


def about_us(outcome: Outcome) -> ServerTrouble | None:
    """Return the trouble that an outcome is or, as far as the server said, may be; None if it is the mail's own."""
    if isinstance(outcome, ServerTrouble):
        return outcome
    if isinstance(outcome, Refused | Deferred) and not outcome.is_certain:
        return ServerTrouble(
            DeliveryErrorCode.SMTP_POLICY_REFUSED, outcome.smtp_code, outcome.message, sender_accepted=True
        )
    return None


def _trouble(reply: Reply, code: DeliveryErrorCode) -> ServerTrouble:
    return ServerTrouble(code, None if reply.code == NO_REPLY else reply.code, words(reply.message))
