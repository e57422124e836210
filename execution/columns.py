"""Completing many objects of one class column by column.

A list's objects mostly hold plain values in plain fields. These are read for all objects at once, checked at once and
written at once, by functions that loop in C, and then the objects of the response are made of them.

Only what has no effect is read so, attributes of instances and what `dressing` declares, and before any resolver is
called. If a column holds anything but plain values of its type, reading raises, and the objects are completed one by
one, which tells what is wrong and where. Fields with resolvers are asked object by object afterwards.
"""

import inspect
from collections.abc import Callable, Mapping
from itertools import chain, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from graphql import GraphQLList, GraphQLObjectType, is_list_type, is_non_null_type

from bulksend.execution import arguments
from bulksend.execution.batch_resolvers import at_hand_of
from bulksend.execution.field_plan import Position
from bulksend.execution.field_resolution import attribute_of, call_of, resolver_of
from bulksend.execution.leaves import alike, there, with_nulls, writer
from bulksend.execution.row_mapping import Listed, Made
from bulksend.execution.rows import ReadAll, of_row, reader
from bulksend.execution.run import Run
from bulksend.execution.selection import Selection

if TYPE_CHECKING:
    from bulksend.execution.plan import Fields, Plan

_ABSENT: Final = object()


class Read(NamedTuple):
    """How one field is read of many objects.

    `read` gives what stands in the response; or if the field's objects have fields with resolvers, what `make` takes.
    """

    read: ReadAll
    make: Callable[..., Any] | None = None


class Rows(NamedTuple):
    """How objects of one class are completed at one position.

    `read` takes the objects, of that class all of them, and gives what stands in the response; or, when there are
    fields with resolvers, what `make` takes for each: `make(object, run, indices, read)`. `read_rows` gives the same of
    the objects' rows, if they are enough. Both raise when anything is out of the ordinary, and have no effect.
    """

    read: ReadAll
    make: Callable[..., Any] | None
    read_rows: ReadAll | None = None


def rows_of(plan: "Plan", type_: GraphQLObjectType, position: Position) -> Rows | None:
    """Give how the objects of a list are completed; None when they have no columns."""
    own_class = plan.own_class(type_)
    if own_class is None:
        return None
    fields = plan.fields_of(type_, position)
    positions = [field for _, field in fields if isinstance(field, Position)]
    of_rows = {field.number: column for field in positions if (column := of_row(plan, own_class, field))}
    rest = [field for field in positions if field.number not in of_rows]
    of_objects = {field.number: found for field in rest if (found := _read(plan, own_class, field))}
    if not of_rows and not of_objects:
        return None
    reads = {number: found.read for number, found in of_objects.items()}
    makes = {number: found.make for number, found in of_objects.items() if found.make}
    if len(rest) == len(of_objects) and not makes:
        whole = reader(of_rows, reads, lambda found: _object(fields, found))
        return Rows(whole.of_objects, None, whole.of_rows)
    numbers = (*of_rows, *of_objects)
    return Rows(reader(of_rows, reads, _tuple).of_objects, _maker(plan, fields, numbers, makes))


def _object(fields: "Fields", found: Mapping[int, str]) -> str:
    made = (
        f"{key!r}:{field!r}" if isinstance(field, str) else f"{key!r}:{found[field.number]}" for key, field in fields
    )
    return f"{{{','.join(made)}}}"


def _tuple(found: Mapping[int, str]) -> str:
    return f"({','.join(found.values())},)"


def _maker(
    plan: "Plan", fields: "Fields", numbers: tuple[int, ...], makes: Mapping[int, Callable[..., Any]]
) -> Callable[..., Any]:
    """Make the function that completes what was not read for all, of one object and what was read for it."""
    selection = Selection(plan, read=numbers)
    for key, field in fields:
        if isinstance(field, str):
            selection.typename(key, field)
        elif field.number not in numbers:
            selection.field(key, field, call_of(field, plan.converter))
        else:
            selection.value_read(key, field, makes.get(field.number))
    return selection.function()


def _read(plan: "Plan", own_class: type, position: Position) -> Read | None:
    """Give how a field is read of many objects, unless reading it could do anything else."""
    name = attribute_of(position, plan.converter)
    if name is None:
        values = _at_hand(plan, position)
        return _written(plan, position, values) if values else None
    declared = inspect.getattr_static(own_class, name, _ABSENT)
    if isinstance(declared, Listed):
        return _listed(plan, position, declared)
    get = declared.make if isinstance(declared, Made) else _attribute(own_class, name, declared)
    return _written(plan, position, lambda objects, _: list(map(get, objects))) if get else None


def _at_hand(plan: "Plan", position: Position) -> ReadAll | None:
    found = resolver_of(position, plan.converter)
    give = at_hand_of(found.function) if found else None
    if found is None or give is None:
        return None
    constant = arguments.constant_arguments(position, found.convert)
    given = arguments.runtime_arguments(position, found.convert)

    def values(objects: list[Any], run: Run) -> list[Any]:
        return give(objects, run.context, **(given(run, None) if constant is None else constant)) if objects else []

    return values


def _attribute(own_class: type, name: str, declared: object) -> Callable[[Any], Any] | None:
    if hasattr(type(declared), "__get__") or hasattr(own_class, "__getattr__"):
        return None
    if any("__getattribute__" in vars(part) for part in own_class.__mro__[:-1]):
        return None
    return attrgetter(name)


def _written(plan: "Plan", position: Position, values: ReadAll) -> Read | None:
    type_, is_nullable = _nullable(position.type)
    if isinstance(type_, GraphQLObjectType):
        return _objects(plan, position, type_, values, is_nullable=is_nullable)
    if is_list_type(type_):
        return _lists(plan, position, type_, values, is_nullable=is_nullable)
    write = writer(type_, is_nullable=is_nullable)
    return None if write is None else Read(lambda given, run: write(values(given, run)))


def _objects(
    plan: "Plan", position: Position, type_: GraphQLObjectType, values: ReadAll, *, is_nullable: bool
) -> Read | None:
    below, own_class = plan.rows(type_, position), plan.own_class(type_)
    if below is None or own_class is None:
        return None
    check = alike(own_class, is_nullable=is_nullable)
    read_below, make = below.read, below.make

    def read(given: list[Any], run: Run) -> list[Any]:
        found = check(values(given, run))
        present = there(found) if is_nullable else found
        completed = read_below(present, run)
        return with_nulls(found, list(zip(present, completed, strict=True)) if make else completed)

    return Read(read, make)


def _lists(
    plan: "Plan", position: Position, type_: GraphQLList[Any], values: ReadAll, *, is_nullable: bool
) -> Read | None:
    """Lists of objects that are completed whole: all items of all lists at once."""
    found_items = _items(plan, position, type_)
    if found_items is None:
        return None
    own_class, read_items = found_items[0], found_items[1].read
    check_lists, check_items = alike(list, is_nullable=is_nullable), alike(own_class, is_nullable=False)

    def read(given: list[Any], run: Run) -> list[Any]:
        found = check_lists(values(given, run))
        lists = there(found) if is_nullable else found
        completed = read_items(check_items(list(chain.from_iterable(lists))), run)
        return with_nulls(found, _divided(completed, lists))

    return Read(read)


def _listed(plan: "Plan", position: Position, listed: Listed) -> Read | None:
    """Lists of objects that dress rows: of their rows, if that is all they are for."""
    type_, is_nullable = _nullable(position.type)
    by_objects = _lists(plan, position, type_, lambda given, _: list(map(listed.make, given)), is_nullable=is_nullable)
    found_items = _items(plan, position, type_)
    if by_objects is None or found_items is None or found_items[1].read_rows is None:
        return by_objects
    own_class, read_rows = found_items[0], found_items[1].read_rows

    def read(given: list[Any], run: Run) -> list[Any]:
        if any(listed.dress(one) is not own_class for one in given):
            return by_objects.read(given, run)
        lists = list(map(listed.rows, given))
        return _divided(read_rows(list(chain.from_iterable(lists)), run), lists)

    return Read(read)


def _items(plan: "Plan", position: Position, type_: GraphQLList[Any]) -> tuple[type, Rows] | None:
    """Give the class of a list's items and how all of them are completed at once; None when they are not."""
    item = plan.item(position, type_)
    item_type, _ = _nullable(item.type)
    own_class = plan.own_class(item_type)
    below = plan.rows(item_type, item) if own_class else None
    return None if own_class is None or below is None or below.make else (own_class, below)


def _divided(completed: list[Any], lists: list[list[Any]]) -> list[list[Any]]:
    """Put the items of lists that were completed together back into their lists."""
    items = iter(completed)
    return [list(islice(items, len(one))) for one in lists]


def _nullable(type_: Any) -> tuple[Any, bool]:
    return (type_.of_type, False) if is_non_null_type(type_) else (type_, True)
