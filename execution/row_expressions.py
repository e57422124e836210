"""Completing lists of rows: the response object of each row is one expression of its columns.

For `{ id status signer { name } }` on documents this generates

    def read(rows, source):
        return [{'id': n1(c0), 'status': n2[c1], 'signer': {'name': c2}} for (c0,c1,c2,) in map(get, rows)]

where `get` takes these columns out of a record. A row class states what its columns hold, so values that the database
has checked are not checked again. Anything unexpected raises, and the list is completed object by object instead,
which puts the error where it belongs.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
    Undefined,
    is_leaf_type,
    is_non_null_type,
)

from bulksend.execution.field_plan import FieldPlan, Indices
from bulksend.execution.field_resolution import attribute_of, batch_resolution_of, plain_resolver_of
from bulksend.execution.row_mapping import (
    ColumnField,
    ListField,
    ObjectField,
    RecordColumn,
    RowList,
    prefetched_of,
    row_classes_of,
    shortcut_of,
)
from bulksend.execution.run import Fields, PlanInterface, Run
from bulksend.execution.selection import Selection

MAXIMUM_REMEMBERED: Final = 10_000
_MAXIMUM_WRITERS: Final = 256
# Leaf types whose values stand in the response as they are, with the class of these values.
_AS_THEY_ARE: Final[dict[Any, type]] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int}

Columns: TypeAlias = Mapping[str, RecordColumn]
Write: TypeAlias = Callable[[Any], Any]
# What completes an object, with the known values of each; or None, with the response objects.
Read: TypeAlias = tuple[Callable[..., Any] | None, list[Any]]
# By response keys: functions of rows, run and indices that return a field's value for each row, or None.
Batches: TypeAlias = Mapping[str, Callable[..., Any]]


class Unexpected(Exception):
    """A value needs a closer look, so the list is completed object by object."""


class RowFunctions(NamedTuple):
    """How rows of one class are completed.

    `read(rows, source)` returns the response objects; or, if some fields have resolvers, the values of the other
    fields, and after them those of batch resolvers: `complete(object, run, indices, values)` completes one object.
    """

    read: Callable[[Any, Any], list[Any]]
    complete: Callable[..., Any] | None


class RowReader:
    """Completes the rows of one list of an operation, by functions for each class of rows."""

    def __init__(self, plan: PlanInterface, type_: GraphQLObjectType, field: FieldPlan) -> None:
        self._type = type_
        self._field = field
        self._batches = _batches(plan, plan.fields_of(type_, field))
        self._functions: dict[tuple[Any, bool], RowFunctions | None] = {}
        for row_class in self._row_classes(plan):
            self._functions_of(plan, row_class, is_batched=bool(self._batches))

    def read(self, rows: RowList[Any], run: Run, indices: Indices) -> Read | None:
        """Read rows, which must all be of one class. Return None if each field has a resolver."""
        (row_class,) = set(map(type, rows.rows))
        resolved = self._resolved(rows.rows, run, indices) if self._batches else None
        functions = self._functions_of(run.plan, row_class, is_batched=resolved is not None)
        if functions is None:
            return None
        known = functions.read(rows.rows, rows.source)
        if resolved is not None:
            known = [(*one, *more) for one, more in zip(known, resolved, strict=True)]
        return functions.complete, known

    def _resolved(self, rows: Any, run: Run, indices: Indices) -> Iterable[tuple[Any, ...]] | None:
        """Return for each row the values of all batch resolvers; None if one of them returns None."""
        resolved = [resolve(rows, run, indices) for resolve in self._batches.values()]
        return None if None in resolved else zip(*resolved, strict=True)

    def _functions_of(self, plan: PlanInterface, row_class: Any, *, is_batched: bool) -> RowFunctions | None:
        key = (row_class, is_batched)
        if key not in self._functions:
            self._functions[key] = self._made(plan, row_class, self._batches if is_batched else {})
        return self._functions[key]

    def _row_classes(self, plan: PlanInterface) -> tuple[Any, ...]:
        return row_classes_of(plan.python_class(self._type) or object) or ()

    def _made(self, plan: PlanInterface, row_class: Any, batches: Batches) -> RowFunctions | None:
        fields = plan.fields_of(self._type, self._field)
        python_class = plan.python_class(self._type)
        if python_class is None or not hasattr(row_class, "columns"):
            return None
        source = _RowSource(plan, row_class.columns)
        found = {
            key: repr(field) if isinstance(field, str) else source.field(python_class, field, row_class.columns)
            for key, field in fields
            if key not in batches
        }
        known = {key: expression for key, expression in found.items() if expression is not None}
        if len(known) == len(fields):
            made = ",".join(f"{key!r}:{expression}" for key, expression in known.items())
            return RowFunctions(source.function(f"{{{made}}}"), None)
        if not known and not batches:
            return None
        values = "".join(f"{expression}," for expression in known.values())
        return RowFunctions(source.function(f"({values})"), _with_resolvers(plan, fields, known, batches))


def row_reader(plan: PlanInterface, type_: GraphQLObjectType, field: FieldPlan) -> RowReader | None:
    """Return how lists of rows are completed at this field; None if the type is no row type."""
    python_class = plan.python_class(type_)
    return RowReader(plan, type_, field) if python_class and row_classes_of(python_class) is not None else None


def _with_resolvers(
    plan: PlanInterface, fields: Fields, known: Mapping[str, str], batches: Batches
) -> Callable[..., Any]:
    selection = Selection(plan)
    for key, field in fields:
        if key in known:
            selection.known(key)
        elif isinstance(field, FieldPlan):
            add = selection.resolved if key in batches else selection.field
            add(key, field)
    return selection.function()


def _batches(plan: PlanInterface, fields: Fields) -> Batches:
    found = {key: _batch(plan, field) for key, field in fields if isinstance(field, FieldPlan)}
    return {key: resolve for key, resolve in found.items() if resolve is not None}


def _batch(plan: PlanInterface, field: FieldPlan) -> Callable[..., Any] | None:
    resolution = batch_resolution_of(field, plan.converter)
    if resolution is None:
        return None
    lines = "".join(f"    {line}\n" for line in (*resolution.before, f"return {resolution.expression}"))
    return plan.compile(f"def resolve(value, run, indices):\n{lines}", "resolve", resolution.names)


class _RowSource:
    """The source of one `read` function: expressions of columns, and what they use."""

    def __init__(self, plan: PlanInterface, columns: Columns) -> None:
        self._plan = plan
        self._columns = columns
        self._variables: dict[int, str] = {}
        self._uses_row = False
        self._names: dict[str, Any] = {"unexpected": _unexpected}

    def function(self, made: str) -> Callable[..., Any]:
        """Return the function that makes `made`, an expression, of each row."""
        targets, items = [], []
        if self._uses_row:
            targets, items = ["row"], ["rows"]
        if self._variables:
            self._names["get"] = itemgetter(*self._variables)
            several = len(self._variables) > 1
            targets.append(f"({','.join(self._variables.values())},)" if several else "c0")
            items.append("map(get, rows)")
        target, item = (
            ",".join(targets) or "_",
            f"zip({','.join(items)})" if len(items) > 1 else items[0] if items else "rows",
        )
        source = f"def read(rows, source):\n    return [{made} for {target} in {item}]\n"
        return self._plan.compile(source, "read", self._names)

    def field(self, python_class: type, field: FieldPlan, columns: Columns) -> str | None:
        """Return the expression of a field; None if it does not follow from the row alone."""
        name = attribute_of(field, self._plan.converter)
        if name is None:
            return self._prefetched(field)
        declared = inspect.getattr_static(python_class, name, None)
        type_, is_nullable = _unwrapped(field.type)
        if isinstance(declared, ColumnField):
            return self._leaf(declared, type_, columns, is_nullable=is_nullable)
        if isinstance(declared, ObjectField):
            return self._part(declared, field, type_, columns, is_nullable=is_nullable)
        if isinstance(declared, ListField):
            return self._of_list(declared, field, type_, columns)
        return None

    def _prefetched(self, field: FieldPlan) -> str | None:
        declared = prefetched_of(plain_resolver_of(field, self._plan.converter))
        type_, is_nullable = _unwrapped(field.type)
        if declared is None or not is_nullable or not all(name in self._columns for name in declared.columns.values()):
            return None
        return self._object(field, type_, {name: self._columns[column] for name, column in declared.columns.items()})

    def _part(
        self, declared: ObjectField, field: FieldPlan, type_: Any, columns: Columns, *, is_nullable: bool
    ) -> str | None:
        made = self._object(field, type_, columns)
        if made is None or declared.unless_null is None:
            return made
        return self._unless_null(made, columns[declared.unless_null], is_nullable=is_nullable)

    def _of_list(self, declared: ListField, field: FieldPlan, type_: Any, columns: Columns) -> str | None:
        if declared.is_item:
            return self._object(field, type_, columns)
        if _AS_THEY_ARE.get(type_) is not str:
            return None
        self._uses_row = True
        return _checked_text(f"{self._name(declared.compute)}(row,source)")

    def _object(self, field: FieldPlan, type_: Any, columns: Columns) -> str | None:
        """Return the expression of an object that is backed by the same row, if all of its fields are columns."""
        python_class = self._plan.python_class(type_)
        if python_class is None or row_classes_of(python_class) is None:
            return None
        made = []
        for key, found in self._plan.fields_of(type_, field):
            expression = repr(found) if isinstance(found, str) else self.field(python_class, found, columns)
            if expression is None:
                return None
            made.append(f"{key!r}:{expression}")
        return f"{{{','.join(made)}}}"

    def _leaf(self, declared: ColumnField, type_: Any, columns: Columns, *, is_nullable: bool) -> str | None:
        column = columns.get(declared.column)
        if column is None or not is_leaf_type(type_):
            return None
        value, plain, convert = self._variable(column), _AS_THEY_ARE.get(type_), declared.convert
        found = shortcut_of(column.decode, type_.coerce_output_value) if convert is None else None
        if found is not None:
            names = {name: self._name(meant) for name, meant in found.names.items()}
            return self._unless_null(found.expression.format(value=value, **names), column, is_nullable=is_nullable)
        if plain is None:
            return f"{self._name(_remembered(column.decode, convert, type_, is_nullable))}[{value}]"
        if column.decode is None and convert is None and column.python_type is plain:
            is_sure = is_nullable or not column.is_nullable
            return value if is_sure else f"({value} if {value} is not None else unexpected())"
        if column.decode is None and convert is not None and plain is str and not is_nullable:
            text = f"{self._name(convert)}({value})"
            return text if getattr(convert, "__annotations__", {}).get("return") is str else _checked_text(text)
        return f"{self._name(_writer(column.decode, convert, type_, is_nullable=is_nullable))}({value})"

    def _unless_null(self, made: str, column: RecordColumn, *, is_nullable: bool) -> str:
        if not column.is_nullable:
            return made
        return f"({made} if {self._variable(column)} is not None else {'None' if is_nullable else 'unexpected()'})"

    def _variable(self, column: RecordColumn) -> str:
        return self._variables.setdefault(column.index, f"c{len(self._variables)}")

    def _name(self, value: object) -> str:
        name = f"n{len(self._names)}"
        self._names[name] = value
        return name


def _checked_text(expression: str) -> str:
    return f"(text if (text:={expression}).__class__ is str else unexpected())"


class _Remembered(dict[Any, Any]):
    """Response values by column values. Rows repeat states and times, and looking one up costs a tenth of writing it.

    It is cleared when full: a bounded cache of a library would take longer to look up than most values to write.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    def __missing__(self, value: Any) -> Any:
        written = self._write(value)
        if len(self) >= MAXIMUM_REMEMBERED:
            self.clear()
        self[value] = written
        return written


@lru_cache(maxsize=_MAXIMUM_WRITERS)
def _remembered(decode: Write | None, convert: Write | None, type_: Any, is_nullable: bool) -> _Remembered:
    return _Remembered(_writer(decode, convert, type_, is_nullable=is_nullable))


def _writer(decode: Write | None, convert: Write | None, type_: Any, *, is_nullable: bool) -> Write:
    """Return the function from a column's value to the response value."""
    steps = [step for step in (convert, type_.coerce_output_value) if step is not None]

    def write(value: Any) -> Any:
        if decode is not None and value is not None:
            value = decode(value)
        for step in steps:
            if value is None and step is not convert:
                return None if is_nullable else _unexpected()
            value = step(value)
        return _unexpected() if value is None or value is Undefined else value

    return write


def _unexpected() -> NoReturn:
    raise Unexpected


def _unwrapped(type_: Any) -> tuple[Any, bool]:
    """Return the nullable type, and whether the type was nullable."""
    return (type_.of_type, False) if is_non_null_type(type_) else (type_, True)
