"""Objects that dress a row: what stands in the response for each is one expression of its row's columns.

For `{ id status signer { name } sentAt }` on documents it reads, with `get` taking those columns out of a record,

    [{'id': f0(c0), 'status': m1[c1], 'signer': {'name': c2}, 'sentAt': m2[c3]} for c0, c1, c2, c3 in map(get, rows)]

A row class says what its columns hold (`db.rows`), so nothing is asked of a value that PostgreSQL has checked already.
Of states and times each value is written once and remembered: rows repeat them, and so do those who ask again.
Whatever is out of the ordinary raises, and the objects are completed one by one instead.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from graphql import is_leaf_type, is_non_null_type, is_object_type

from bulksend.db.rows import Column as RowColumn
from bulksend.db.rows import View
from bulksend.execution.batch_resolvers import InRow, in_row_of
from bulksend.execution.field_plan import Position
from bulksend.execution.field_resolution import attribute_of, resolver_of
from bulksend.execution.leaves import CLASSES, Irregular, writer
from bulksend.execution.remembered import irregular, maker, remembered
from bulksend.execution.row_mapping import Column, Part
from bulksend.execution.run import Run

if TYPE_CHECKING:
    from bulksend.execution.plan import Plan

ReadAll: TypeAlias = Callable[[list[Any], Run], list[Any]]

_ROW: Final = attrgetter("row")


class Leaf(NamedTuple):
    """A field that is a column of a type that `leaves` can write."""

    column: Column
    type: Any
    is_nullable: bool


class Dressed(NamedTuple):
    """A field whose object is made of columns of the same row; where `unless_null` is null there is none.

    `fields` by their keys in the response; of `__typename` the name. `in_row`: where these columns are, if it is
    another part of the row, and when.
    """

    fields: "list[tuple[str, OfRow | str]]"
    unless_null: str | None
    is_nullable: bool
    in_row: InRow | None = None


OfRow: TypeAlias = Leaf | Dressed
Columns: TypeAlias = Mapping[str, RowColumn]
Form: TypeAlias = Callable[[Mapping[int, str]], str]


def of_row(plan: "Plan", own_class: type, position: Position) -> "OfRow | None":
    """Tell how a field of a class follows from the columns of its row; None when it does not."""
    name = attribute_of(position, plan.converter)
    if name is None:
        return _in_row(plan, position)
    declared = inspect.getattr_static(own_class, name, None)
    type_: Any = position.type
    is_nullable = not is_non_null_type(type_)
    type_ = type_ if is_nullable else type_.of_type
    if isinstance(declared, Part):
        fields = _fields(plan, position, declared.of, type_)
        return None if fields is None else Dressed(fields, declared.unless_null, is_nullable)
    if not isinstance(declared, Column) or not is_leaf_type(type_):
        return None
    return Leaf(declared, type_, is_nullable) if writer(type_, is_nullable=False) else None


def _in_row(plan: "Plan", position: Position) -> "OfRow | None":
    resolver = resolver_of(position, plan.converter)
    found = in_row_of(resolver.function) if resolver else None
    type_: Any = position.type
    if found is None or is_non_null_type(type_):
        return None
    fields = _fields(plan, position, found.of, type_)
    if fields is None or not set(_columns(fields)) <= found.view.columns.keys():
        return None
    return Dressed(fields, None, is_nullable=True, in_row=found)


def _columns(fields: "list[tuple[str, OfRow | str]]") -> Iterator[str]:
    """Give the names of all columns that these are made of."""
    for _, field in fields:
        if isinstance(field, Leaf):
            yield field.column.name
        elif isinstance(field, Dressed):
            yield from _columns(field.fields)
            if field.unless_null:
                yield field.unless_null


def _fields(plan: "Plan", position: Position, of: object, type_: Any) -> "list[tuple[str, OfRow | str]] | None":
    """Give the fields of an object at this position if all of them are columns of the row it dresses."""
    own_class = plan.own_class(type_)
    if own_class is None or own_class is not of or not is_object_type(type_):
        return None
    fields: list[tuple[str, OfRow | str]] = []
    for key, field in plan.fields_of(type_, position):
        found = field if isinstance(field, str) else of_row(plan, own_class, field)
        if found is None or (isinstance(found, Dressed) and found.in_row):
            return None
        fields.append((key, found))
    return fields


class Reader(NamedTuple):
    """What makes the same of many objects, or of their rows, if these are enough."""

    of_objects: ReadAll
    of_rows: ReadAll | None


def reader(of_rows: Mapping[int, OfRow], of_objects: Mapping[int, ReadAll], form: Form) -> Reader:
    """Make what makes of each object what `form` says: an expression of its fields' expressions.

    Fields are named by their positions' numbers: those of rows, and those that are read of all the objects at once.
    """
    if not of_rows:
        whole = _compiled(Expressions(None), of_rows, of_objects, form)
        return Reader(lambda objects, run: whole(objects, objects, run), None)
    read = _by_class(of_rows, of_objects, form)
    conditions = [one.in_row.when for one in of_rows.values() if isinstance(one, Dressed) and one.in_row]

    def read_objects(objects: list[Any], run: Run) -> list[Any]:
        if not all(when(objects, run.context) for when in conditions):
            raise Irregular
        return read(objects, list(map(_ROW, objects)), run)

    is_of_rows = not of_objects and not conditions
    return Reader(read_objects, (lambda rows, run: read(rows, rows, run)) if is_of_rows else None)


def _by_class(
    of_rows: Mapping[int, OfRow], of_objects: Mapping[int, ReadAll], form: Form
) -> Callable[[list[Any], list[Any], Run], list[Any]]:
    """Give the function that reads objects with their rows, compiled for each class of rows that comes."""
    by_class: dict[type, Callable[..., list[Any]]] = {}

    def read(objects: list[Any], rows: list[Any], run: Run) -> list[Any]:
        if not rows:
            return []
        kind: Any
        (kind,) = set(map(type, rows))
        known = by_class.get(kind)
        if known is None:
            known = by_class[kind] = _compiled(Expressions(kind), of_rows, of_objects, form)
        return known(objects, map(_ROW, rows) if issubclass(kind, View) else rows, run)

    return read


class Expressions:
    """Expressions of the columns of one class of rows, and what they use. They raise for columns it does not have."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._used: dict[int, str] = {}
        self.names: dict[str, Any] = {"irregular": irregular}

    @property
    def targets(self) -> str:
        """The variables that hold the columns of a row."""
        return ",".join(self._used.values()) if self._used else "_"

    @property
    def records(self) -> str:
        """What these are taken from, one after the other: the records `r`."""
        if not self._used:
            return "r"
        self.names["get"] = itemgetter(*self._used)
        return "map(get,r)"

    def of(self, field: OfRow) -> str:
        """Give the expression of a field."""
        return self._of(field, self._kind.columns)

    def _of(self, field: OfRow, columns: Columns) -> str:
        return self._leaf(field, columns) if isinstance(field, Leaf) else self._dressed(field, columns)

    def _dressed(self, field: Dressed, columns: Columns) -> str:
        if field.in_row:
            if not issubclass(self._kind, field.in_row.view.of):
                raise Irregular
            columns = field.in_row.view.columns
        made = ",".join(
            f"{key!r}:{found!r}" if isinstance(found, str) else f"{key!r}:{self._of(found, columns)}"
            for key, found in field.fields
        )
        if field.unless_null is None:
            return f"{{{made}}}"
        otherwise = "None" if field.is_nullable else "irregular()"
        return f"({{{made}}} if {self._variable(columns[field.unless_null])} is not None else {otherwise})"

    def _leaf(self, leaf: Leaf, columns: Columns) -> str:
        column = columns[leaf.column.name]
        x, own_class, convert = self._variable(column), CLASSES.get(leaf.type), leaf.column.convert
        if own_class is None:
            made = remembered(convert, leaf.type, column.kind, is_nullable=leaf.is_nullable)
            return f"{self._name(made)}[{x}]"
        if convert is None and own_class is column.kind:
            is_sure = leaf.is_nullable or not column.is_nullable
            return x if is_sure else f"({x} if {x} is not None else irregular())"
        if convert is not None and own_class is str and not leaf.is_nullable:
            return f"(y if (y:={self._name(convert)}({x})).__class__ is str else irregular())"
        return f"{self._name(maker(convert, leaf.type, column.kind, is_nullable=leaf.is_nullable))}({x})"

    def _variable(self, column: RowColumn) -> str:
        return self._used.setdefault(column.place, f"c{len(self._used)}")

    def _name(self, value: object) -> str:
        name = f"n{len(self.names)}"
        self.names[name] = value
        return name


def _compiled(
    expressions: Expressions, of_rows: Mapping[int, OfRow], of_objects: Mapping[int, ReadAll], form: Form
) -> Callable[..., list[Any]]:
    """Compile `read(v, r, R)`: of objects, their records and the run."""
    made = form(
        {
            **{number: expressions.of(field) for number, field in of_rows.items()},
            **{number: f"x{number}" for number in of_objects},
        }
    )
    targets = [f"({expressions.targets},)" if "," in expressions.targets else expressions.targets] if of_rows else []
    sources = [expressions.records] if of_rows else []
    targets += [f"x{number}" for number in of_objects]
    sources += [f"k{number}(v,R)" for number in of_objects]
    items = sources[0] if len(sources) == 1 else f"zip({','.join(sources)})"
    names = expressions.names | {f"k{number}": read for number, read in of_objects.items()}
    exec(compile(f"def read(v,r,R): return [{made} for {','.join(targets)} in {items}]", "<plan>", "exec"), names)  # noqa: S102  # names are ours, keys are repr()
    read: Callable[..., list[Any]] = names["read"]
    return read
