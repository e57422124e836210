"""Rows that are asyncpg's records: nothing is copied, and a column costs only when it is read."""

from collections.abc import Callable, Mapping
from datetime import datetime
from inspect import get_annotations
from operator import attrgetter, itemgetter
from types import UnionType
from typing import Any, ClassVar, NamedTuple, get_args

import asyncpg

from bulksend.db.timestamps import is_moment, moment


class Column(NamedTuple):
    """Where a record has a column and what it is. A datetime comes as microseconds, as `moments` says."""

    place: int
    kind: type
    is_nullable: bool


class Row(asyncpg.Record):
    """A row whose class names its columns: its annotations, in order, after those of the class it extends.

    For rows that are read by the hundred; only a statement makes them, so what a column holds is what its annotation
    says: an `int` is an int4. A time is a datetime made when it is read.
    """

    __slots__ = ()

    columns: ClassVar[Mapping[str, Column]]

    def __init_subclass__(cls) -> None:
        name_columns(cls, _annotations(cls))


def name_columns(row: Any, annotations: Mapping[str, Any]) -> None:
    """Give a class of records its `columns`, and an attribute for each."""
    row.columns = {name: _column(place, found) for place, (name, found) in enumerate(annotations.items())}
    for name, column in row.columns.items():
        setattr(row, name, property(_reader(column)))


class View:
    """Some columns of a row under names of their own: another thing that was read together with the row's.

    class ListedTemplate(View, of=ListedBulkSendRow, id="template_id", name="template_name"): …
    """

    __slots__ = ("row",)

    of: ClassVar[type[Row]]
    columns: ClassVar[Mapping[str, Column]]

    def __init_subclass__(cls, *, of: type[Row], **names: str) -> None:
        cls.of = of
        cls.columns = {name: of.columns[column] for name, column in names.items()}
        for name, column in names.items():
            setattr(cls, name, property(attrgetter(f"row.{column}")))

    def __init__(self, row: Row) -> None:
        self.row = row


def _annotations(row: type[Row]) -> dict[str, Any]:
    parts = (part for part in reversed(row.__mro__) if issubclass(part, Row) and part is not Row)
    return {name: found for part in parts for name, found in get_annotations(part).items()}


def _column(place: int, annotation: Any) -> Column:
    if not isinstance(annotation, UnionType):
        return Column(place, annotation, is_nullable=False)
    (kind,) = (part for part in get_args(annotation) if part is not type(None))
    return Column(place, kind, is_nullable=True)


def _reader(column: Column) -> Callable[[Any], Any]:
    read = itemgetter(column.place)
    return _moment(read) if is_moment(column.kind) else read


def _moment(read: Callable[[Any], Any]) -> Callable[[Any], datetime | None]:
    def of(row: object) -> datetime | None:
        microseconds = read(row)
        return None if microseconds is None else moment(microseconds)

    return of
