"""Input types of the Strawberry schema: nested, lists, defaults, renamed fields, one-of."""

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, NewType
from uuid import UUID

import strawberry
from strawberry import UNSET
from strawberry.schema.config import StrawberryConfig


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = strawberry.enum_value(3, name="blueish")


@strawberry.enum
class Level(enum.IntEnum):
    LOW = 0
    HIGH = 1


Odd = NewType("Odd", int)


def odd(value: Any) -> int:
    """Accept odd numbers only."""
    if not isinstance(value, int) or value % 2 == 0:
        raise ValueError(f"{value!r} is not odd")
    return value


CONFIG = StrawberryConfig(
    scalar_map={Odd: strawberry.scalar(name="Odd", serialize=odd, parse_value=odd)},
)


@strawberry.input
class Inner:
    number: int
    word: str | None = "inner"
    colours: list[Colour] | None = UNSET
    deeper: "Inner | None" = None


@strawberry.input
class Filter:
    name: str
    inner: Inner | None = UNSET
    many: list[Inner] | None = None
    levels: list[Level | None] = strawberry.field(default_factory=lambda: [Level.LOW])
    odd: Odd | None = None
    moment: datetime | None = None
    renamed_here: int = strawberry.field(name="otherwise", default=4)
    share: float = 0.5
    maybe: strawberry.Maybe[str]
    perhaps: strawberry.Maybe[int | None]
    grid: list[list[int]] | None = None


@strawberry.input(one_of=True)
class OneOf:
    number: strawberry.Maybe[int]
    word: strawberry.Maybe[str]
    inner: strawberry.Maybe[Inner]


@strawberry.input
class Everything:
    whole: int | None = None
    real: float | None = None
    words: str | None = None
    truth: bool | None = None
    id: strawberry.ID | None = None
    colour: Colour | None = None
    level: Level = Level.HIGH
    moment: datetime | None = None
    day: date | None = None
    amount: Decimal | None = None
    key: UUID | None = None
    json: strawberry.scalars.JSON | None = None
    odd: Odd | None = None
    one: OneOf | None = None
    filters: list[list[Filter | None] | None] | None = None


Renamed = Annotated[int | None, strawberry.argument(name="called", description="Has two names.")]
