"""How a field's value is obtained: an attribute, a direct call of its resolver, or the way graphql-core does it.

Strawberry wraps each resolver in several calls that serve field extensions. A field without extensions does not need
them, so its function is called directly.
"""

import inspect
from dataclasses import dataclass, field
from typing import Any

from strawberry.types.field import StrawberryField

from bulksend.execution import arguments
from bulksend.execution.field_plan import FieldPlan
from bulksend.execution.info import ResolveInfo, info_of
from bulksend.execution.private_apis import (
    GraphQLCoreConverter,
    default_field_resolver,
    definition_of,
    function_of,
    handles_exceptions,
    info_class_of,
)
from bulksend.execution.row_mapping import batch_of


@dataclass(frozen=True, slots=True)
class Resolution:
    """An expression of `value` (the object), `run` and `indices` that is the field's value, and the names it uses.

    `before`: statements that precede it. `is_coroutine`: its value is always a coroutine.
    """

    expression: str
    names: dict[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    is_coroutine: bool = False


def resolution_of(field: FieldPlan, converter: GraphQLCoreConverter | None, number: int) -> Resolution:
    """Return the fastest resolution that is equivalent to graphql-core's. `number` makes its names unique."""
    attribute = attribute_of(field, converter)
    if attribute is not None:
        return Resolution(f"value.{attribute}")
    strawberry_field = _plain_field(field, converter)
    if converter is None or strawberry_field is None or strawberry_field.base_resolver is None:
        return _by_graphql_core(field, number)
    return _direct(field, strawberry_field, converter, number, function_of(strawberry_field))


def batch_resolution_of(field: FieldPlan, converter: GraphQLCoreConverter | None) -> Resolution | None:
    """Return the resolution of the field for many rows, `value`, at once; None if it has no batch resolver."""
    found = _plain_field(field, converter)
    resolve_all = batch_of(function_of(found)) if found else None
    if converter is None or found is None or resolve_all is None:
        return None
    return _direct(field, found, converter, 0, resolve_all)


def attribute_of(field: FieldPlan, converter: GraphQLCoreConverter | None) -> str | None:
    """Return the attribute that holds the field's value, if reading it is all that resolving does."""
    found = _plain_field(field, converter)
    if found is None or found.base_resolver is not None or found.default_resolver is not getattr:
        return None
    return found.python_name


def plain_resolver_of(field: FieldPlan, converter: GraphQLCoreConverter | None) -> Any:
    """Return the function that resolves the field, if calling it is all that resolving does; else None."""
    found = _plain_field(field, converter)
    return function_of(found) if found else None


def _plain_field(field: FieldPlan, converter: GraphQLCoreConverter | None) -> StrawberryField | None:
    found = definition_of(field.definition)
    if converter is None or type(found) is not StrawberryField or found.extensions:
        return None
    return None if handles_exceptions(converter, found) else found


def _by_graphql_core(field: FieldPlan, number: int) -> Resolution:
    names = {
        f"resolve{number}": field.definition.resolve or default_field_resolver,
        f"field{number}": field,
        "info_of": info_of,
    }
    given = _given(field, None, names, number, info="None")
    return Resolution(f"resolve{number}(value,info_of(run,field{number},indices){given})", names)


def _direct(
    field: FieldPlan, strawberry_field: StrawberryField, converter: GraphQLCoreConverter, number: int, function: Any
) -> Resolution:
    resolver = strawberry_field.base_resolver
    if resolver is None or not callable(function) or inspect.isasyncgenfunction(function):
        return _by_graphql_core(field, number)
    names: dict[str, Any] = {f"resolve{number}": function}
    parts = ["value"] if resolver.self_parameter else []
    parts += [f"{found.name}=value" for found in (resolver.parent_parameter, resolver.root_parameter) if found]
    convert = arguments.ArgumentConverter(converter, strawberry_field)
    is_coroutine = inspect.iscoroutinefunction(function)
    given = _given(field, convert, names, number, info="info", is_coroutine=is_coroutine).removeprefix(",")
    needs_info = given.endswith(",info)")
    if resolver.info_parameter:
        parts.append(f"{resolver.info_parameter.name}=info")
        needs_info = True
    parts += [given] if given else []
    before: tuple[str, ...] = ()
    if needs_info:
        names |= {
            f"field{number}": field,
            f"definition{number}": strawberry_field,
            "ResolveInfo": ResolveInfo,
            "Info": info_class_of(converter),
        }
        before = (f"info = Info(ResolveInfo(run,field{number},indices),definition{number})",)
    return Resolution(f"resolve{number}({','.join(parts)})", names, before, is_coroutine)


def _given(
    field: FieldPlan,
    convert: arguments.ArgumentConverter | None,
    names: dict[str, Any],
    number: int,
    *,
    info: str,
    is_coroutine: bool = False,
) -> str:
    constant = arguments.constant_arguments(field, convert)
    if constant == {}:
        return ""
    name = f"arguments{number}"
    if constant is not None:
        names[name] = constant
        return f",**{name}"
    names[name] = arguments.runtime_arguments(field, convert, is_coroutine=is_coroutine)
    return f",**{name}(run,{info})"
