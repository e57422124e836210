"""What stands in the response for a column's value; of states and times made once and remembered."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NoReturn

from bulksend.db.timestamps import moment
from bulksend.execution.leaves import Irregular, writer

# A time that is remembered takes some 200 bytes.
MOST_REMEMBERED: Final = 10_000
MOST_KINDS: Final = 256


class Remembered(dict[Any, Any]):
    """What was made of values: each once, as long as there is room."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __missing__(self, value: Any) -> Any:
        made = self._make(value)
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[value] = made
        return made


def maker(convert: Callable[[Any], Any] | None, type_: Any, kind: type, *, is_nullable: bool) -> Callable[[Any], Any]:
    """Give the function that makes of a column's value what stands in the response."""
    write = writer(type_, is_nullable=False)

    def make(value: Any) -> Any:
        if kind is datetime and value is not None:
            value = moment(value)
        if convert is not None:
            value = convert(value)
        if value is None:
            return None if is_nullable else irregular()
        return write([value])[0] if write else irregular()

    return make


@lru_cache(maxsize=MOST_KINDS)
def remembered(convert: Callable[[Any], Any] | None, type_: Any, kind: type, *, is_nullable: bool) -> Remembered:
    """Give what is remembered for all columns that are alike in this."""
    return Remembered(maker(convert, type_, kind, is_nullable=is_nullable))


def irregular() -> NoReturn:
    """Have the objects completed one by one."""
    raise Irregular
