"""Rows that are asyncpg's records: nothing is copied, and a column costs only when it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from inspect import get_annotations
from operator import itemgetter
from types import UnionType
from typing import Any, ClassVar, TypeVar, cast, get_args

import asyncpg

from bulksend.db.timestamps import moment


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a record: its index, its class and nullability, and what makes its attribute of its value.

    The record of a `datetime` holds microseconds (`timestamps`), which `decode` turns into the datetime.
    """

    index: int
    python_type: type
    is_nullable: bool
    decode: Callable[[Any], Any] | None = None


class Row(asyncpg.Record):
    """A row whose class names its columns: its annotations, in order, after those of the class it extends.

    For rows that are read by the hundred; only a statement makes them, so what a column holds is what its annotation
    says: an `int` is an int4. A time becomes a datetime when it is read.
    """

    __slots__ = ()

    columns: ClassVar[Mapping[str, Column]]

    def __init_subclass__(cls) -> None:
        name_columns(cls, _annotations(cls))


AnyRow = TypeVar("AnyRow", bound=Row)


def name_columns(row: Any, annotations: Mapping[str, Any]) -> None:
    """Set `columns` of a class of records, and an attribute for each."""
    row.columns = {name: _column(index, found) for index, (name, found) in enumerate(annotations.items())}
    for name, column in row.columns.items():
        setattr(row, name, property(_reader(column)))


def _annotations(row: type[Row]) -> dict[str, Any]:
    parts = (part for part in reversed(row.__mro__) if issubclass(part, Row) and part is not Row)
    return {name: found for part in parts for name, found in get_annotations(part).items()}


def _column(index: int, annotation: Any) -> Column:
    is_nullable = isinstance(annotation, UnionType)
    if is_nullable:
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    return Column(index, annotation, is_nullable, moment if annotation is datetime else None)


def _reader(column: Column) -> Callable[[Any], Any]:
    read = itemgetter(column.index)
    return read if column.decode is None else _decoded(read, column.decode)


def _decoded(read: Callable[[Any], Any], decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decoded(row: object) -> Any:
        value = read(row)
        return None if value is None else decode(value)

    return decoded


def attributes_of(row: type[AnyRow], record: asyncpg.Record) -> AnyRow:
    """Return an object with the attributes of a row class, read from a record that is a value within another row."""
    return cast(AnyRow, _nested_class(cast(Any, row))(record))


@cache
def _nested_class(row: Any) -> Callable[[asyncpg.Record], object]:
    def keep(self: Any, record: asyncpg.Record) -> None:
        self.record = record

    def attribute(column: Column) -> property:
        read = _reader(column)
        return property(lambda nested: read(nested.record))

    attributes = {name: attribute(column) for name, column in row.columns.items()}
    return type(f"Nested{row.__name__}", (), {"__slots__": ("record",), "__init__": keep, **attributes})
