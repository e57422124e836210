"""GraphQL types backed by a database row: each field reads its column when it is selected.

    @row_type(DocumentRow, id=ColumnField("id", encode_id), signer=ObjectField(Signer))
    @strawberry.type
    class Document:
        id: strawberry.ID
        signer: Signer
        created_at: datetime
        row: strawberry.Private[DocumentRow]

        def __init__(self, row: DocumentRow) -> None:
            self.row = row

A resolver that returns `RowList(rows, Document)` for `[Document!]!` needs no `Document` objects: the compiled executor
makes the response objects from the records themselves. Under any other executor it is a sequence of `Document`s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from operator import attrgetter
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar, cast, overload

from strawberry.types.base import get_object_definition

_ROW_CLASSES: Final = "__row_classes__"
_PREFETCHED: Final = "__prefetched__"
_BATCH: Final = "__batch__"

Type = TypeVar("Type")
Object = TypeVar("Object")
Resolver = TypeVar("Resolver", bound=Callable[..., Any])


class RecordColumn(Protocol):
    """A column of a row class: its index in the record, and the type and nullability that the database guarantees.

    `decode` makes the attribute's value of the record's, where they differ.
    """

    @property
    def index(self) -> int:
        """Where the record has it."""

    @property
    def python_type(self) -> type:
        """The class of the record's value; None may come too if `is_nullable`. An int has 32 bits."""

    @property
    def is_nullable(self) -> bool:
        """Whether it may be null."""

    @property
    def decode(self) -> Callable[[Any], Any] | None:
        """A pure function from the record's value to the attribute's; None if they are the same."""


class Shortcut(NamedTuple):
    """A Python expression of `{value}` and of `names`, such as `"{texts}[{value}]"`."""

    expression: str
    names: Mapping[str, object]


# What `shortcut` declared, by the functions `decode` and `serialize`.
_shortcuts: Final[dict[tuple[object, object], Shortcut]] = {}


def shortcut(decode: Callable[[Any], Any], serialize: Callable[[Any], Any], expression: str, **names: object) -> None:
    """Declare that `serialize(decode(value))` equals a Python expression of `{value}` and `names`, or that it raises.

    `decode` is a column's and `serialize` a scalar's. Such values are written each time, others are remembered.
    Example: `shortcut(decode, serialize, "{texts}[{value}]", texts=TEXTS)`.
    """
    _shortcuts[decode, serialize] = Shortcut(expression, names)


def shortcut_of(decode: object, serialize: object) -> Shortcut | None:
    """Return what `shortcut` declared for these functions."""
    return _shortcuts.get((decode, serialize))


class RowClass(Protocol):
    """A class of records with an attribute for each column, such as a subclass of `asyncpg.Record`."""

    @property
    def columns(self) -> Mapping[str, RecordColumn]:
        """The columns by their attributes' names."""


class ColumnField(property):
    """A field that is a column of the row.

    `convert`: a pure function that is applied to the column's value. If it is annotated to return `str`, it must.
    """

    def __init__(self, column: str, convert: Callable[[Any], Any] | None = None) -> None:
        self.column = column
        self.convert = convert
        read = attrgetter(f"row.{column}")
        super().__init__(read if convert is None else lambda instance: convert(read(instance)))


class ObjectField(property):
    """A field that is another object backed by the same row; null when the column `unless_null` is."""

    def __init__(self, of: Callable[[Any], Any], unless_null: str | None = None) -> None:
        self.unless_null = unless_null
        present = attrgetter(unless_null) if unless_null else None
        super().__init__(
            lambda instance: of(instance.row) if present is None or present(instance.row) is not None else None
        )


class ListField(property):
    """A field of the items of a `RowList`: `compute(row, source)`, a pure function of the row and the list's source.

    With `is_item`, a field for the item that `source.of` makes of the same row, as the `node` of an edge is.
    """

    def __init__(self, compute: Callable[[Any, Any], Any], *, is_item: bool = False) -> None:
        self.compute = compute
        self.is_item = is_item
        super().__init__(lambda instance: compute(instance.row, instance.source))


class RowList(Sequence[Object], Generic[Object]):
    """A list of `of(row)` for each row, or of `of(row, source)`, made only when they are read.

    All rows are of one class. `of` is the class that its GraphQL type was made of.
    """

    __slots__ = ("of", "rows", "source")

    def __init__(self, rows: Sequence[Any], of: Callable[..., Object], source: Any = None) -> None:
        self.rows = rows
        self.of = of
        self.source = source

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Object]:
        return map(self._object, self.rows)

    @overload
    def __getitem__(self, index: int) -> Object: ...
    @overload
    def __getitem__(self, index: slice) -> list[Object]: ...
    def __getitem__(self, index: int | slice) -> Object | list[Object]:
        if isinstance(index, slice):
            return list(map(self._object, self.rows[index]))
        return self._object(self.rows[index])

    def _object(self, row: Any) -> Object:
        return self.of(row) if self.source is None else self.of(row, self.source)


def row_type(*row_classes: type, **fields: ColumnField | ObjectField | ListField) -> Callable[[type[Type]], type[Type]]:
    """Map the plain fields of a type to its `row`: to the column of the same name unless `fields` says otherwise.

    Stands above `strawberry.type`; the class defines an `__init__` that sets `row`, and `source` if it has any
    `ListField`. `row_classes`: the classes of rows that may come, compiled with the plan; others are when they come.
    """

    def decorate(cls: type[Type]) -> type[Type]:
        for field in get_object_definition(cls, strict=True).fields:
            if field.base_resolver is None:
                setattr(cls, field.python_name, fields.get(field.python_name) or ColumnField(field.python_name))
        setattr(cls, _ROW_CLASSES, row_classes)
        return cls

    return decorate


def row_classes_of(cls: type) -> tuple[Any, ...] | None:
    """Return the declared row classes of a row type; None if it is none."""
    return getattr(cls, _ROW_CLASSES, None)


class Prefetched(NamedTuple):
    """An object whose columns may stand in the row of the object that has the field, by their attributes' names."""

    of: Callable[[Any], Any]
    columns: Mapping[str, str]


def prefetched(of: Callable[[Any], Any], **columns: str) -> Callable[[Resolver], Resolver]:
    """Resolve a field without arguments to `of(row)` when its columns were read together with the object's row.

    Stands beneath `strawberry.field`. `columns`: the row's column for each attribute. The resolver is called only
    where the row's class does not have them.
    """

    def decorate(resolver: Resolver) -> Resolver:
        view = _view(columns)

        @wraps(resolver)
        def resolve(self: Any, *args: Any, **kwargs: Any) -> Any:
            if has_columns(type(self.row), columns):
                return of(view(self.row))
            return resolver(self, *args, **kwargs)

        setattr(resolve, _PREFETCHED, Prefetched(of, columns))
        return cast("Resolver", resolve)

    return decorate


def prefetched_of(resolver: object) -> Prefetched | None:
    """Return what `prefetched` declared for this resolver."""
    return getattr(resolver, _PREFETCHED, None)


def batched(resolve_all: Callable[..., Sequence[Any] | None]) -> Callable[[Resolver], Resolver]:
    """Resolve a field for all rows of a `RowList` by one call of `resolve_all(rows, info, **arguments)`.

    Stands beneath `strawberry.field`. It returns the value of each row, at once and without side effects; or None, and
    then the resolver is called for each object, as it is for one that does not stand in a list. `info` has no path.
    """

    def decorate(resolver: Resolver) -> Resolver:
        setattr(resolver, _BATCH, resolve_all)
        return resolver

    return decorate


def batch_of(resolver: object) -> Callable[..., Any] | None:
    """Return what `batched` declared for this resolver."""
    return getattr(resolver, _BATCH, None)


def has_columns(row_class: Any, columns: Mapping[str, str]) -> bool:
    """Return whether rows of this class have all of these columns."""
    known: Mapping[str, object] = getattr(row_class, "columns", {})
    return all(column in known for column in columns.values())


class _View:
    __slots__ = ("row",)

    def __init__(self, row: Any) -> None:
        self.row = row


def _view(columns: Mapping[str, str]) -> type[_View]:
    attributes: dict[str, Any] = {name: property(attrgetter(f"row.{column}")) for name, column in columns.items()}
    return type("View", (_View,), {"__slots__": (), **attributes})
