"""The SMTP transaction of a mail, and its time limits."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bulksend.delivery.smtp.connection import DATA, Connection
from bulksend.delivery.smtp.deadline_timer import DeadlineTimer, TimeLimit
from bulksend.delivery.smtp.outcomes import TOO_SLOW, UNANSWERED, Outcome, Released, data_outcome, recipient_outcome


class Clock:
    """The time limits of a mail: some seconds for each stage before the content, none past the deadline."""

    def __init__(self, deadline: float, timer: DeadlineTimer, may_begin: Callable[[], bool] = lambda: True) -> None:
        self._deadline = deadline
        self._may_begin = may_begin
        self._content_begun = False
        # Which limit is set. The clock cannot tell, since event loops may end a wait a millisecond early.
        self._ends_at_deadline = True
        self.sender_accepted = False
        self.limit = TimeLimit(timer)

    @property
    def is_over(self) -> bool:
        """Whether the content may no longer be begun."""
        return time.monotonic() >= self._deadline or not self._may_begin()

    def wait(self) -> None:
        """Limit the wait for a connection to the deadline."""
        self._ends_at_deadline = True
        self.limit.set(self._deadline - time.monotonic())

    def allow(self, seconds: float) -> None:
        """Limit the stage that begins now to this many seconds, and to the deadline."""
        left = self._deadline - time.monotonic()
        self._ends_at_deadline = left <= seconds
        self.limit.set(min(seconds, left))

    def begin_content(self, seconds: float) -> None:
        """Replace the deadline by a limit of `seconds`, for the content and the reply to its final dot."""
        self._content_begun = True
        self.limit.set(seconds)

    def release(self) -> None:
        """Release a mail whose content has not begun."""
        if self._content_begun or self.limit.timeout.expired():
            return
        self._deadline = time.monotonic()
        self._ends_at_deadline = True
        self.limit.set(0)

    def verdict(self) -> Outcome:
        """Return the outcome of a mail that exceeded its limit."""
        if self._content_begun:
            return UNANSWERED
        return Released() if self._ends_at_deadline else TOO_SLOW


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail for SMTP: both paths in angle brackets, and the message as lines."""

    sender: bytes
    recipient: bytes
    message: bytes

    @property
    def commands(self) -> tuple[bytes, bytes]:
        """The commands between MAIL and the content."""
        return b"RCPT TO:" + self.recipient, DATA


async def hand_over(connection: Connection, mail: Mail, clock: Clock, reply_timeout: float) -> Outcome:
    """Send RCPT, DATA and the content of a mail whose MAIL was accepted, in two or three round trips."""
    clock.sender_accepted = True
    rcpt, data = mail.commands
    if failed := recipient_outcome(await connection.command(rcpt)):
        await connection.end_commands()
        return failed
    if failed := data_outcome(await connection.command(data)):
        return failed
    if clock.is_over:
        connection.close()  # the server expects content now
        return Released()
    clock.begin_content(reply_timeout)
    return await connection.content(as_content(mail.message))


def path(address: str) -> bytes | None:
    """Return the address for MAIL and RCPT, or None if it cannot be used there."""
    if not address.isascii() or not address.isprintable() or "<" in address or ">" in address:
        return None
    return b"<%b>" % address.encode("ascii")


def as_content(message: bytes) -> bytes:
    """Return the message with CRLF line ends, leading dots doubled (RFC 5321, 4.5.2), and the final dot."""
    lines = b"\r\n" + b"\r\n".join(message.splitlines())
    return lines.replace(b"\r\n.", b"\r\n..")[2:] + b"\r\n.\r\n"
