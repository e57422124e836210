"""Types that dress a row: a field costs its column when it is read, and nothing when it is not."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from strawberry.types.base import get_object_definition

Dressed = TypeVar("Dressed")


class Column(property):
    """A plain field of a type that dresses a row, which can be read from many at once: reading has no effects.

    `name`: the column's. `convert`: what is made of its value, a function without effects; of equal values it makes
    equal ones.
    """

    def __init__(self, name: str, convert: Callable[[Any], Any] | None = None) -> None:
        self.name = name
        self.convert = convert
        read = attrgetter(f"row.{name}")
        super().__init__(read if convert is None else lambda dressed: convert(read(dressed)))


class Part(property):
    """A field that dresses the same row once more, as `of`; `unless_null`: there is none where this column is null."""

    def __init__(self, of: Callable[[Any], Any], unless_null: str | None = None) -> None:
        self.of = of
        self.unless_null = unless_null
        presence = attrgetter(unless_null) if unless_null else None
        super().__init__(
            lambda dressed: of(dressed.row) if presence is None or presence(dressed.row) is not None else None
        )


class Listed(property):
    """A field that is a list of objects, each of which dresses one row.

    `rows` takes the object and gives a list of rows; `dress` takes it and gives what makes an object of a row.
    """

    def __init__(self, rows: Callable[[Any], list[Any]], dress: Callable[[Any], Callable[[Any], object]]) -> None:
        self.rows = rows
        self.dress = dress
        self.make = lambda dressed: list(map(dress(dressed), rows(dressed)))
        super().__init__(self.make)


class Made(property):
    """A plain field that is made of the object by a function without effects."""

    def __init__(self, make: Callable[[Any], object]) -> None:
        self.make = make
        super().__init__(make)


def dressed(**readers: Column | Part | Listed | Made) -> Callable[[type[Dressed]], type[Dressed]]:
    """Make the plain fields of a type whose `row` is a row: each is its column, or what its reader makes of it.

    Stands above `strawberry.type`; the class has an `__init__` of its own that sets `row`.
    """

    def dress(cls: type[Dressed]) -> type[Dressed]:
        for field in get_object_definition(cls, strict=True).fields:
            if field.base_resolver is None:
                setattr(cls, field.python_name, readers.get(field.python_name) or Column(field.python_name))
        return cls

    return dress
