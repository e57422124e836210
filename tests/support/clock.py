"""A clock that only the test advances, used instead of the module `time`."""

from dataclasses import dataclass


@dataclass
class Clock:
    """The current time in seconds."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now
