"""The function that makes one object of a response, written as Python source and compiled.

For `{ id name template { name } }` on a bulk send it reads

    def select(v, R, P):
        W = None
        try:
            x0 = v.id
            if x0.__class__ is not str:
                x0 = r1(x0, R, P)
                if x0.__class__ is Pending: W = (W, 'id', x0)
        except Exception as e:
            raise R.locate(e, p1, P) from e
        …
        o = {'id': x0, 'name': x1, 'template': x2}
        while W is not None: (W, k, w) = W; w.container = o; w.key = k
        return o

`v` is the object, `R` the run, `P` the indices of the lists around it, `W` the fields that are awaited. What a value's
class tells at once stands inline; anything else is for the position's own function in `completion`. A field's error
is noted, or raised on where null may not stand, in its own `except`: Python 3.11 enters a `try` for nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
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
from bulksend.execution.completion import completer, nothing_made, receiver
from bulksend.execution.field_plan import Position
from bulksend.execution.field_resolution import Call
from bulksend.execution.run import Complete, Pending

if TYPE_CHECKING:
    from bulksend.execution.plan import Plan

# Values of these classes are neither awaited nor errors, and never null.
PLAIN: Final = frozenset({str, int, float, bool, bytes, dict, datetime, date, time, Decimal, UUID})

_AS_IT_IS: Final = {
    GraphQLString: "{x}.__class__ is str",
    GraphQLID: "{x}.__class__ is str",
    GraphQLBoolean: "{x}.__class__ is bool",
    GraphQLInt: "{x}.__class__ is int and -2147483648<={x}<=2147483647",
    GraphQLFloat: "{x}.__class__ is float and -1.7976931348623157e308<={x}<=1.7976931348623157e308",
}


class Selection:
    """The source of one object's function, field by field."""

    def __init__(self, plan: "Plan", read: Iterable[int] = ()) -> None:
        self._plan = plan
        self._lines = ["def select(v,R,P,t=None):", " W=None"]
        if read:
            self._lines.append(f" {','.join(f'x{number}' for number in read)},=t")
        self._items: list[str] = []
        self._names: dict[str, Any] = {
            "Pending": Pending,
            "NotConverted": NotConverted,
            "raising": raising,
            "Undefined": Undefined,
            "PLAIN": PLAIN,
            "nothing_made": nothing_made,
        }

    def typename(self, key: str, name: str) -> None:
        """Answer `__typename`."""
        self._items.append(f"{key!r}:{name!r}")

    def value_read(self, key: str, position: Position, make: Callable[..., Any] | None) -> None:
        """Answer a field from its column: completed, or with `make` an object and what was read for it."""
        number = position.number
        self._items.append(f"{key!r}:x{number}")
        if make is not None:
            self._names |= {f"p{number}": position, f"o{number}": make}
            self._tried(position, [f"if x{number} is not None: x{number}=o{number}(x{number}[0],R,P,x{number}[1])"])

    def field(self, key: str, position: Position, call: Call) -> None:
        """Answer a field."""
        number = position.number
        x = f"x{number}"
        self._items.append(f"{key!r}:{x}")
        self._names |= {**call.names, f"p{number}": position}
        complete = completer(self._plan, position)
        value = self._awaited(key, x, position, call, complete) if call.is_coroutine else None
        body = value or [f"{x}={call.expression}", *self._completed(key, x, position, complete)]
        self._tried(position, [*call.before, *body])

    def _tried(self, position: Position, lines: Iterable[str]) -> None:
        handled = "raise R.locate(e,p{n},P) from e" if position.is_non_null else "x{n}=R.fail(e,p{n},P)"
        self._lines += [" try:", *(f"  {line}" for line in lines), " except Exception as e:"]
        self._lines.append(f"  {handled.format(n=position.number)}")

    def function(self) -> Callable[..., Any]:
        """Compile it."""
        made = "{" + ",".join(self._items) + "}"
        lines = [*self._lines, f" o={made}", " while W is not None: (W,k,w)=W;w.container=o;w.key=k", " return o"]
        exec(compile("\n".join(lines), "<plan>", "exec"), self._names)  # noqa: S102  # names are ours, keys are repr()
        select: Callable[..., Any] = self._names["select"]
        return select

    def _awaited(self, key: str, x: str, position: Position, call: Call, complete: Complete) -> list[str]:
        number = position.number
        self._names[f"c{number}"] = complete
        return [
            f"try: {x}=Pending({call.expression},c{number},p{number},P,R)",
            f"except NotConverted as refused: {x}=Pending(raising(refused.error),c{number},p{number},P,R)",
            f"W=(W,{key!r},{x})",
        ]

    def _completed(self, key: str, x: str, position: Position, complete: Complete) -> list[str]:
        self._names[f"r{position.number}"] = receiver(complete, position)
        otherwise = (
            f"{x}=r{position.number}({x},R,P)",
            f"if {x}.__class__ is Pending: W=(W,{key!r},{x})",
        )
        null = () if position.is_non_null else ((f"{x} is None", ("pass",)),)
        branches = [*self._recognised(x, position), *null]
        lines: list[str] = []
        for word, (condition, statements) in zip(_words(len(branches)), branches, strict=True):
            lines += [f"{word} {condition}:", *(f" {statement}" for statement in statements)]
        return [*lines, "else:", *(f" {line}" for line in otherwise)] if lines else list(otherwise)

    def _recognised(self, x: str, position: Position) -> list[tuple[str, Sequence[str]]]:
        """Give conditions under which a value is completed at once, and how."""
        type_: Any = position.type.of_type if is_non_null_type(position.type) else position.type
        number = position.number
        if type_ in _AS_IT_IS:
            return [(_AS_IT_IS[type_].format(x=x), ("pass",))]
        if isinstance(type_, GraphQLEnumType):
            return self._enum(x, position, type_)
        if isinstance(type_, GraphQLScalarType):
            self._names |= {f"s{number}": type_.coerce_output_value, f"t{number}": type_}
            refused = f"if {x} is None or {x} is Undefined: raise nothing_made(t{number},y,{x})"
            return [(f"{x}.__class__ in PLAIN", (f"y={x}", f"{x}=s{number}(y)", refused))]
        if is_list_type(type_):
            self._names[f"l{number}"] = self._plan.items(position, type_)[0]
            return [(f"{x}.__class__ is list", (f"{x}=l{number}({x},R,P)",))]
        own_class = self._plan.own_class(type_)
        if own_class is None:
            return []
        self._names |= {f"k{number}": own_class, f"o{number}": self._plan.selection(type_, position)}
        return [(f"{x}.__class__ is k{number}", (f"{x}=o{number}({x},R,P)",))]

    def _enum(self, x: str, position: Position, type_: GraphQLEnumType) -> list[tuple[str, Sequence[str]]]:
        members = getattr(type_, "wrapped_cls", None)
        names = names_of_members(members, type_)
        if names is None:
            return []
        number = position.number
        self._names |= {f"k{number}": members, f"m{number}": names}
        return [(f"{x}.__class__ is k{number} and {x}._value_ in m{number}", (f"{x}=m{number}[{x}._value_]",))]


def _words(count: int) -> list[str]:
    return ["if", *["elif"] * (count - 1)][:count]


def names_of_members(members: Any, type_: GraphQLEnumType) -> dict[str, str] | None:
    """Give the names of Strawberry's enum members by their values, where these are plain text."""
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
