"""Rows that are asyncpg's records: nothing is copied, and a column costs only when it is read."""

from inspect import get_annotations
from operator import itemgetter

import asyncpg


class Row(asyncpg.Record):
    """A row whose class names its columns: its annotations, in order, after those of the class it extends.

    For rows that are read by the hundred; only a statement makes them.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        for index, name in enumerate(columns(cls)):
            setattr(cls, name, property(itemgetter(index)))


def columns(row: type[Row]) -> list[str]:
    """Give the columns of a row class, in order."""
    return [name for part in reversed(row.__mro__) for name in get_annotations(part)]
