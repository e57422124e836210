"""The function that completes one object, generated as Python source.

For `{ id name template { name } }` on a bulk send it reads

    def complete(value, run, indices, known=()):
        pending = None
        try:
            x0 = value.id
            if x0.__class__ is str:
                pass
            else:
                x0 = complete0(x0, run, indices)
                if x0.__class__ is Pending: pending = (pending, 'id', x0)
        except Exception as error:
            raise run.locate(error, field0, indices) from error
        …
        made = {'id': x0, 'name': x1, 'template': x2}
        while pending is not None:
            pending, key, awaited = pending
            awaited.container = made
            awaited.key = key
        return made

`value` is the object, `indices` are those of the enclosing lists, `pending` links the awaited fields, and `known` has
the values of fields that were read for the whole list. Common values are recognised by their class, inline; all others
go to the field's own function (`completion`). A field's error is recorded, or raised on from a non-null field.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
    is_list_type,
    is_non_null_type,
)

from bulksend.execution.arguments import NotConverted, raising
from bulksend.execution.completion import Fallback, completer, null_leaf
from bulksend.execution.field_plan import FieldPlan
from bulksend.execution.field_resolution import Resolution, resolution_of
from bulksend.execution.row_mapping import RowList
from bulksend.execution.run import Complete, Pending, PlanInterface

# Values of these classes are neither awaitable nor errors nor null.
PLAIN: Final = frozenset({str, int, float, bool, bytes, dict, datetime, date, time, Decimal, UUID})

_IN_RANGE: Final = {
    GraphQLString: "{x}.__class__ is str",
    GraphQLID: "{x}.__class__ is str",
    GraphQLBoolean: "{x}.__class__ is bool",
    GraphQLInt: "{x}.__class__ is int and -2147483648<={x}<=2147483647",
    GraphQLFloat: "{x}.__class__ is float and -1.7976931348623157e308<={x}<=1.7976931348623157e308",
}
_END: Final = """\
    made = {{{items}}}
    while pending is not None:
        pending, key, awaited = pending
        awaited.container = made
        awaited.key = key
    return made
"""


class Selection:
    """The source of one object's function, field by field."""

    def __init__(self, plan: PlanInterface) -> None:
        self._plan = plan
        self._lines: list[str] = []
        self._items: list[str] = []
        self._known: list[str] = []
        self._resolved: list[str] = []
        self._names: dict[str, Any] = {
            "Pending": Pending,
            "NotConverted": NotConverted,
            "raising": raising,
            "RowList": RowList,
            "Undefined": Undefined,
            "PLAIN": PLAIN,
            "null_leaf": null_leaf,
        }

    def typename(self, key: str, name: str) -> None:
        """Add `__typename`."""
        self._items.append(f"{key!r}: {name!r}")

    def known(self, key: str) -> None:
        """Add a field whose response value is the next of `known`."""
        x = self._variable(key)
        self._known.append(x)

    def resolved(self, key: str, field: FieldPlan) -> None:
        """Add a field whose value, still to be completed, stands in `known` after those that are not."""
        number = len(self._items)
        self._resolved.append(self._variable(key))
        self._guarded(field, number, self._completed(key, f"x{number}", number, field))

    def field(self, key: str, field: FieldPlan) -> None:
        """Add a field."""
        number = len(self._items)
        x = self._variable(key)
        resolution = resolution_of(field, self._plan.converter, number)
        self._names |= resolution.names
        if resolution.is_coroutine:
            body = self._awaited(key, x, number, resolution, completer(self._plan, field))
        else:
            body = [f"{x} = {resolution.expression}", *self._completed(key, x, number, field)]
        self._guarded(field, number, [*resolution.before, *body])

    def function(self) -> Callable[..., Any]:
        """Compile the function."""
        names = "".join(f"{x}," for x in (*self._known, *self._resolved))
        known = [f"{names} = known"] if names else []
        lines = ["pending = None", *known, *self._lines]
        body = "".join(f"    {line}\n" for line in lines)
        end = _END.format(items=", ".join(self._items))
        return self._plan.compile(f"def complete(value, run, indices, known=()):\n{body}{end}", "complete", self._names)

    def _guarded(self, field: FieldPlan, number: int, lines: Iterable[str]) -> None:
        self._names[f"field{number}"] = field
        caught = (
            f"raise run.locate(error, field{number}, indices) from error"
            if field.is_non_null
            else f"x{number} = run.fail(error, field{number}, indices)"
        )
        self._lines += ["try:", *_indented(lines), "except Exception as error:", f"    {caught}"]

    def _variable(self, key: str) -> str:
        x = f"x{len(self._items)}"
        self._items.append(f"{key!r}: {x}")
        return x

    def _awaited(self, key: str, x: str, number: int, resolution: Resolution, complete: Complete) -> list[str]:
        self._names[f"complete{number}"] = complete
        pending = f"complete{number}, field{number}, indices, run)"
        return [
            "try:",
            f"    {x} = Pending({resolution.expression}, {pending}",
            "except NotConverted as refused:",
            f"    {x} = Pending(raising(refused.error), {pending}",
            f"pending = (pending, {key!r}, {x})",
        ]

    def _completed(self, key: str, x: str, number: int, field: FieldPlan) -> list[str]:
        self._names[f"complete{number}"] = Fallback(field)
        otherwise = [
            f"{x} = complete{number}({x}, run, indices)",
            f"if {x}.__class__ is Pending: pending = (pending, {key!r}, {x})",
        ]
        branches = self._recognised(x, number, field)
        if not field.is_non_null:
            branches.append((f"{x} is None", ("pass",)))
        lines: list[str] = []
        for condition, statements in branches:
            lines += [f"{'elif' if lines else 'if'} {condition}:", *_indented(statements)]
        return [*lines, "else:", *_indented(otherwise)] if lines else otherwise

    def _recognised(self, x: str, number: int, field: FieldPlan) -> list[tuple[str, Sequence[str]]]:
        """Return conditions under which a value is completed inline, and how."""
        type_: Any = field.type.of_type if is_non_null_type(field.type) else field.type
        if type_ in _IN_RANGE:
            return [(_IN_RANGE[type_].format(x=x), ("pass",))]
        if isinstance(type_, GraphQLEnumType):
            return self._enum(x, number, type_)
        if isinstance(type_, GraphQLScalarType):
            self._names |= {f"coerce{number}": type_.coerce_output_value, f"type{number}": type_}
            refused = f"if {x} is None or {x} is Undefined: raise null_leaf(type{number}, given, {x})"
            return [(f"{x}.__class__ in PLAIN", (f"given = {x}", f"{x} = coerce{number}(given)", refused))]
        if is_list_type(type_):
            self._names[f"items{number}"] = self._plan.item_functions(field, type_)[0]
            condition = f"{x}.__class__ is list or {x}.__class__ is RowList"
            return [(condition, (f"{x} = items{number}({x}, run, indices)",))]
        python_class = self._plan.python_class(type_)
        if python_class is None:
            return []
        self._names |= {f"class{number}": python_class, f"object{number}": self._plan.object_function(type_, field)}
        return [(f"{x}.__class__ is class{number}", (f"{x} = object{number}({x}, run, indices)",))]

    def _enum(self, x: str, number: int, type_: GraphQLEnumType) -> list[tuple[str, Sequence[str]]]:
        members = getattr(type_, "wrapped_cls", None)
        names = _names_by_value(members, type_)
        if names is None:
            return []
        self._names |= {f"class{number}": members, f"names{number}": names}
        condition = f"{x}.__class__ is class{number} and {x}._value_ in names{number}"
        return [(condition, (f"{x} = names{number}[{x}._value_]",))]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _names_by_value(members: Any, type_: GraphQLEnumType) -> dict[str, str] | None:
    """Return the names of a Strawberry enum's members by value, if all values are text."""
    if not (isinstance(members, type) and issubclass(members, Enum)):
        return None
    if any(value.value.__class__ is not str for value in type_.values.values()):
        return None
    if any(member.value.__class__ is not str for member in members):
        return None
    names: dict[str, str] = {}
    for name, value in type_.values.items():
        names.setdefault(value.value, name)
    return names
