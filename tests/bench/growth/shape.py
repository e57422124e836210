"""The contents of a measured database: a constant core of bulk sends, and a growing number of others around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Typical sizes of bulk sends, 100 on average.
SPREAD: Final = (*(100,) * 14, 1, 9, 20, 30, 40, 500)
AVERAGE: Final = 100
# Tenants that have the same bulk sends in every database, enough to fill a page.
REGULARS: Final = 25
REGULAR_SIZES: Final = (100, *(1,) * 49)
# Bulk sends that wait for delivery in every database, for claims to find.
WAITING: Final = 200
WAITING_SIZE: Final = 10


@dataclass(frozen=True, slots=True)
class Planned:
    """A bulk send to create: its tenant, its number of signers, and whether it waits for delivery."""

    tenant: int
    size: int
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A database to measure, with approximately this many documents and exactly this many tenants."""

    documents: int
    tenants: int

    @property
    def database(self) -> str:
        """The name of its database."""
        return f"growth_{self.documents}_{self.tenants}"

    def planned(self) -> Iterator[Planned]:
        """Yield every bulk send, in no particular order."""
        yield from self._regulars()
        yield from self._waiting()
        yield from self._others()

    def _regulars(self) -> Iterator[Planned]:
        for regular in range(REGULARS):
            tenant = regular * self.tenants // REGULARS
            yield from (Planned(tenant, size) for size in REGULAR_SIZES)

    def _waiting(self) -> Iterator[Planned]:
        for number in range(WAITING):
            tenant = (number * self.tenants // WAITING + 1) % self.tenants
            yield Planned(tenant, WAITING_SIZE, waits=True)

    def _others(self) -> Iterator[Planned]:
        left = self.documents - REGULARS * sum(REGULAR_SIZES) - WAITING * WAITING_SIZE
        few = max(1, left // self.tenants)
        sizes = SPREAD if few >= AVERAGE // 2 else (few,)
        number = 0
        while left > 0:
            size = min(left, sizes[number % len(sizes)])
            # The factor is coprime to the numbers of tenants, so the bulk sends of each tenant are spread over time.
            yield Planned(number * 7919 % self.tenants, size)
            left -= size
            number += 1
