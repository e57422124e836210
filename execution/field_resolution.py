"""How a field's value is got: as an attribute, from a function called directly, or as graphql-core gets it.

Strawberry wraps each resolver in several calls that are for fields with extensions. What has none is called directly.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from strawberry.types.field import StrawberryField

from bulksend.execution import arguments
from bulksend.execution.field_plan import Position
from bulksend.execution.info import ResolveInfo, info_of
from bulksend.execution.private_apis import (
    GraphQLCoreConverter,
    default_field_resolver,
    definition_of,
    function_of,
    handles_exceptions,
    info_class_of,
)


@dataclass(frozen=True, slots=True)
class Call:
    """An expression of `v` (the object), `R` (the run) and `P` (the indices), and the names it uses.

    `before`: statements that must come first. `is_coroutine`: its value is always a coroutine.
    """

    expression: str
    names: dict[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    is_coroutine: bool = False


def call_of(position: Position, converter: GraphQLCoreConverter | None) -> Call:
    """Give the fastest way that comes to the same as graphql-core's."""
    attribute = attribute_of(position, converter)
    if attribute is not None:
        return Call(f"v.{attribute}")
    strawberry_field = _plain_field(position, converter)
    if converter is None or strawberry_field is None or strawberry_field.base_resolver is None:
        return _as_graphql_core_does(position)
    return _directly(position, strawberry_field, converter)


def attribute_of(position: Position, converter: GraphQLCoreConverter | None) -> str | None:
    """Give the attribute that a field's value is, if it is one and nothing stands between."""
    found = _plain_field(position, converter)
    if found is None or found.base_resolver is not None or found.default_resolver is not getattr:
        return None
    return found.python_name


class PlainResolver(NamedTuple):
    """A resolver that is called directly, and how its arguments are converted."""

    function: Callable[..., Any]
    convert: arguments.Convert


def resolver_of(position: Position, converter: GraphQLCoreConverter | None) -> PlainResolver | None:
    """Give the function that resolves a field, if there is one and nothing stands between."""
    found = _plain_field(position, converter)
    function = function_of(found) if found else None
    if converter is None or found is None or not callable(function):
        return None
    return PlainResolver(function, arguments.Convert(converter, found))


def _plain_field(position: Position, converter: GraphQLCoreConverter | None) -> StrawberryField | None:
    found = definition_of(position.definition)
    if converter is None or type(found) is not StrawberryField or found.extensions:
        return None
    return None if handles_exceptions(converter, found) else found


def _as_graphql_core_does(position: Position) -> Call:
    number = position.number
    names = {
        f"f{number}": position.definition.resolve or default_field_resolver,
        f"p{number}": position,
        "info_of": info_of,
    }
    given = _given(position, None, names, info="None")
    return Call(f"f{number}(v,info_of(R,p{number},P){given})", names)


def _directly(position: Position, strawberry_field: StrawberryField, converter: GraphQLCoreConverter) -> Call:
    number = position.number
    resolver = strawberry_field.base_resolver
    function = function_of(strawberry_field)
    if resolver is None or not callable(function) or inspect.isasyncgenfunction(function):
        return _as_graphql_core_does(position)
    names: dict[str, Any] = {f"f{number}": function}
    parts = ["v"] if resolver.self_parameter else []
    parts += [f"{found.name}=v" for found in (resolver.parent_parameter, resolver.root_parameter) if found]
    convert = arguments.Convert(converter, strawberry_field)
    is_coroutine = inspect.iscoroutinefunction(function)
    given = _given(position, convert, names, info="i", is_coroutine=is_coroutine).removeprefix(",")
    needs_info = given.endswith(",i)")
    if resolver.info_parameter:
        parts.append(f"{resolver.info_parameter.name}=i")
        needs_info = True
    parts += [given] if given else []
    before: tuple[str, ...] = ()
    if needs_info:
        names |= {
            f"p{number}": position,
            f"d{number}": strawberry_field,
            "ResolveInfo": ResolveInfo,
            "Info": info_class_of(converter),
        }
        before = (f"i=Info(ResolveInfo(R,p{number},P),d{number})",)
    return Call(f"f{number}({','.join(parts)})", names, before, is_coroutine)


def _given(
    position: Position,
    convert: arguments.Convert | None,
    names: dict[str, Any],
    *,
    info: str,
    is_coroutine: bool = False,
) -> str:
    constant = arguments.constant_arguments(position, convert)
    if constant == {}:
        return ""
    name = f"a{position.number}"
    if constant is not None:
        names[name] = constant
        return f",**{name}"
    names[name] = arguments.runtime_arguments(position, convert, is_coroutine=is_coroutine)
    return f",**{name}(R,{info})"
