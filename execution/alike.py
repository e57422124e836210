"""Lists of input objects that are given alike, all with the same fields: coerced field by field and not one by one.

As in `coercion`, these know what is right at a glance, and raise for graphql-core to coerce anew what they do not
recognise.
"""

from collections.abc import Callable
from operator import itemgetter
from types import NoneType
from typing import Any, Final, TypeAlias

from graphql import GraphQLID, GraphQLInputObjectType, GraphQLString, Undefined, is_non_null_type

from bulksend.execution.private_apis import coerce_default_value

Coerce: TypeAlias = Callable[[Any], Any]

# Of callers who leave out now this and now that.
MOST_SHAPES: Final = 16
_TEXT: Final = frozenset((str,))
_TEXT_OR_NULL: Final = frozenset((str, NoneType))


class NotRecognised(Exception):
    """This value is for graphql-core to coerce, or to refuse."""


def alike(type_: GraphQLInputObjectType, one: Coerce, coercer: Callable[[Any], Coerce]) -> Coerce:
    """Give the function that coerces lists of such objects. `one` coerces a single one; `coercer` gives a type's."""
    shapes: dict[tuple[str, ...], Coerce | None] = {}

    def coerce(values: list[Any]) -> list[Any]:
        given = set(map(tuple, values)) if values and set(map(type, values)) == {dict} else ()
        if len(given) != 1:
            return [one(value) for value in values]
        (names,) = given
        # What callers make up is neither compiled nor kept.
        if names not in shapes and len(shapes) < MOST_SHAPES and type_.fields.keys() >= set(names):
            shapes[names] = _shape(type_, names, coercer)
        together = shapes.get(names)
        return together(values) if together else [one(value) for value in values]

    return coerce


def _shape(type_: GraphQLInputObjectType, names: tuple[str, ...], coercer: Callable[[Any], Coerce]) -> Coerce | None:
    """Compile, for objects with `name` and `values` given,

    def coerce(vs):
     x0,x1,=zip(*map(get,vs))
     if not t0(map(type,x0)): raise NotRecognised
     x1=map(c1,x1)
     return [{'name':x0,'values':x1} for x0,x1, in zip(x0,x1)]
    """
    if not names:
        return None
    variables = {name: f"x{number}" for number, name in enumerate(names)}
    known: dict[str, Any] = {"get": itemgetter(*names), "NotRecognised": NotRecognised}
    checks: list[str] = []
    made: list[str] = []
    for number, (name, field) in enumerate(type_.fields.items()):
        x, default = variables.get(name), coerce_default_value(field)
        if x is not None:
            checks.append(_check(x, number, field.type, known, coercer))
            made.append(f"{(field.out_name or name)!r}:{x}")
        elif default is not Undefined:
            known[f"d{number}"] = default
            made.append(f"{(field.out_name or name)!r}:d{number}")
        elif is_non_null_type(field.type):
            return None
    targets = ",".join(variables.values())
    columns = f"{targets},=zip(*map(get,vs))" if len(names) > 1 else f"{targets}=list(map(get,vs))"
    items = f"zip({targets})" if len(names) > 1 else targets
    lines = ["def coerce(vs):", f" {columns}", *checks, f" return [{{{','.join(made)}}} for {targets} in {items}]"]
    exec(compile("\n".join(lines), "<coercion>", "exec"), known)  # noqa: S102  # names are ours, keys are repr()
    coerce: Coerce = known["coerce"]
    return coerce


def _check(x: str, number: int, type_: Any, known: dict[str, Any], coercer: Callable[[Any], Coerce]) -> str:
    is_required = is_non_null_type(type_)
    if (type_.of_type if is_required else type_) in (GraphQLString, GraphQLID):
        known[f"t{number}"] = (_TEXT if is_required else _TEXT_OR_NULL).issuperset
        return f" if not t{number}(map(type,{x})): raise NotRecognised"
    known[f"c{number}"] = coercer(type_)
    return f" {x}=list(map(c{number},{x}))"
