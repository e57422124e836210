"""The rate limit of a worker's mails (SMTP_RATE)."""

import time
from typing import Final

# The largest burst after a pause, in seconds of the rate.
BURST_SECONDS: Final = 0.1


class TokenBucket:
    """Permits for `rate` mails per second, saved for `BURST_SECONDS`; without a rate any number."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._burst = max(1.0, (rate or 0) * BURST_SECONDS)
        self._saved = self._burst
        self._counted_at = time.monotonic()

    def available(self, wanted: int) -> int:
        """Return how many of `wanted` mails may begin now."""
        if self._rate is None:
            return wanted
        self._count(self._rate)
        return min(wanted, int(self._saved))

    def spend(self, mails: int) -> None:
        """Use permits for mails that begin."""
        self._saved -= mails

    @property
    def wait(self) -> float:
        """Return the seconds until the next mail may begin."""
        return 0 if self._rate is None else max(0, (1 - self._saved) / self._rate)

    def _count(self, rate: float) -> None:
        now = time.monotonic()
        self._saved = min(self._burst, self._saved + rate * (now - self._counted_at))
        self._counted_at = now
