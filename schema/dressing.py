"""Types that dress a row: a field costs its column when it is read, and nothing when it is not."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from strawberry.types.base import get_object_definition

Dressed = TypeVar("Dressed")


def dressed(**readers: Callable[[Any], object]) -> Callable[[type[Dressed]], type[Dressed]]:
    """Make the plain fields of a type whose `row` is a row: each reads its column, or what its reader makes of it.

    Stands above `strawberry.type`; the class has an `__init__` of its own that sets `row`. A reader takes the object.
    """

    def dress(cls: type[Dressed]) -> type[Dressed]:
        for field in get_object_definition(cls, strict=True).fields:
            if field.base_resolver is None:
                read = readers.get(field.python_name) or attrgetter(f"row.{field.python_name}")
                setattr(cls, field.python_name, property(read))
        return cls

    return dress
