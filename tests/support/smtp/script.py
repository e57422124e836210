"""Rules that make the SMTP sink refuse, drop or hold."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Phase(StrEnum):
    """The replies of the server to which a rule can apply."""

    CONNECT = "CONNECT"  # instead of the greeting
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"  # instead of 354
    CONTENT = "CONTENT"  # in the middle of the content: only hold and drop have an effect here
    MESSAGE = "MESSAGE"  # after the final dot
    RSET = "RSET"


class Gate:
    """A gate at which held connections wait until the test opens it."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._arrived = asyncio.Condition()
        self.waiting = 0

    async def reached(self, count: int = 1, timeout: float = 10) -> None:
        """Wait until `count` connections in total have reached the gate."""
        async with asyncio.timeout(timeout), self._arrived:
            await self._arrived.wait_for(lambda: self.waiting >= count)

    def open(self) -> None:
        self._open.set()

    async def pass_through(self) -> None:
        async with self._arrived:
            self.waiting += 1
            self._arrived.notify_all()
        await self._open.wait()


@dataclass
class Rule:
    phase: Phase
    recipient: str | None = None
    times: int | None = None
    gate: Gate | None = None
    reply: tuple[int, str] | None = None
    drop: bool = False
    stored: bool = False

    def applies(self, phase: Phase, recipients: list[str]) -> bool:
        if phase is not self.phase or self.times == 0:
            return False
        return self.recipient is None or any(fnmatchcase(name, self.recipient) for name in recipients)

    def use(self) -> None:
        if self.times is not None:
            self.times -= 1


class Script:
    """Rules, applied in the order they were added; the first that refuses or drops wins."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def refuse(
        self, phase: Phase, code: int, text: str, *, recipient: str | None = None, times: int | None = None
    ) -> None:
        """Reply `code text`; 421 also disconnects. `recipient`: a shell pattern. `times`: the maximum of uses."""
        self._rules.append(Rule(phase, recipient, times, reply=(code, text)))

    def drop(
        self, phase: Phase, *, recipient: str | None = None, times: int | None = None, stored: bool = False
    ) -> None:
        """Break the connection instead of replying; with `stored`, a mail at MESSAGE is accepted nevertheless."""
        self._rules.append(Rule(phase, recipient, times, drop=True, stored=stored))

    def hold(self, phase: Phase, *, recipient: str | None = None, times: int | None = None) -> Gate:
        """Return a gate, and delay the reply until it is opened."""
        gate = Gate()
        self._rules.append(Rule(phase, recipient, times, gate=gate))
        return gate

    def forgive(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    async def verdict(self, phase: Phase, recipients: list[str]) -> Rule | None:
        """Wait at gates, then return the rule that refuses or drops, if any."""
        for rule in list(self._rules):
            if not rule.applies(phase, recipients):
                continue
            rule.use()
            if rule.gate:
                await rule.gate.pass_through()
            if rule.reply or rule.drop:
                return rule
        return None
