"""A clock that only the test moves; it stands in for the module `time`."""

from dataclasses import dataclass


@dataclass
class Clock:
    """`now` is in seconds."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now
