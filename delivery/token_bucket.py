"""SMTP_RATE: no more mails a second than the provider allows."""

import time
from typing import Final

# What may go at once after a rest, as a part of a second's allowance.
BURST_PART: Final = 0.1


class Pace:
    """How many mails may begin now, at `rate` a second; without a rate any number. Of one worker: others add theirs."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._burst = max(1.0, (rate or 0) * BURST_PART)
        self._saved = self._burst
        self._counted_at = time.monotonic()

    def allows(self, wanted: int) -> int:
        """Give how many of `wanted` mails may begin now."""
        if self._rate is None:
            return wanted
        self._count(self._rate)
        return min(wanted, int(self._saved))

    def spend(self, mails: int) -> None:
        """Note that mails began."""
        self._saved -= mails

    @property
    def wait(self) -> float:
        """Seconds until the next mail may begin."""
        return 0 if self._rate is None else max(0, (1 - self._saved) / self._rate)

    def _count(self, rate: float) -> None:
        now = time.monotonic()
        self._saved = min(self._burst, self._saved + rate * (now - self._counted_at))
        self._counted_at = now
