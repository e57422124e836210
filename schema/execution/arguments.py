"""Arguments of a field: worked out once when they are constant, else once an execution unless they could be altered.

graphql-core coerces them, so its rules and errors hold; only arguments that are given or have a default are looked at.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final, TypeAlias
from uuid import UUID

from graphql import ArgumentNode, FieldNode, GraphQLField, GraphQLNonNull, Node, Undefined, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.field import StrawberryField

from bulksend.schema.borrowed import GraphQLCoreConverter
from bulksend.schema.execution.position import Position
from bulksend.schema.execution.run import Run

Arguments: TypeAlias = Callable[[Run, Any], dict[str, Any]]
Convert: TypeAlias = Callable[[dict[str, Any], Any], dict[str, Any]]

_UNALTERABLE: Final = (str, int, float, bool, type(None), bytes, datetime, date, Decimal, UUID, Enum)
_NO_VARIABLES: Final = VariableValues({}, {})


class NotConverted(Exception):
    """Strawberry refused the coerced arguments of a coroutine function; there this happens within the coroutine."""

    def __init__(self, error: Exception) -> None:
        self.error = error


async def raising(error: Exception) -> None:
    """Raise, as a coroutine does whose arguments were not converted."""
    raise error


def constant_arguments(position: Position, convert: Convert | None) -> dict[str, Any] | None:
    """Give the keyword arguments if no request can change them, else None."""
    node = position.nodes[0]
    if not position.definition.args and not node.arguments:
        return {}
    if any(isinstance(found, VariableNode) for found in _below(node.arguments)):
        return None
    try:
        found = get_argument_values(relevant(position.definition, node), node, _NO_VARIABLES)
        values = convert(found, None) if convert else found
    except Exception:
        # Told where it belongs, in the response.
        return None
    return values if _is_unalterable(values) else None


def runtime_arguments(position: Position, convert: Convert | None, *, is_coroutine: bool = False) -> Arguments:
    """Give the function that works out the keyword arguments. It raises what graphql-core and Strawberry raise.

    Its second parameter is Strawberry's info, for inputs that want to build themselves. For a coroutine function what
    Strawberry raises comes as `NotConverted`.
    """
    node = position.nodes[0]
    definition = relevant(position.definition, node)
    number = position.number

    def arguments(run: Run, info: Any = None) -> dict[str, Any]:
        known = run.arguments.get(number)
        if known is not None:
            return known
        values = get_argument_values(definition, node, run.variables, None, run.hide_suggestions)
        if convert:
            try:
                values = convert(values, info)
            except Exception as error:
                raise NotConverted(error) if is_coroutine else error from None
        if _is_unalterable(values):
            run.arguments[number] = values
        return values

    return arguments


def converter(schema_converter: GraphQLCoreConverter, field: StrawberryField) -> Convert:
    """Give the function that turns coerced values into what Strawberry's resolver takes, by its parameters' names."""
    name_of = schema_converter.config.name_converter.from_argument
    parameters = {name_of(argument): argument for argument in field.arguments}
    types = {name: argument.type for name, argument in parameters.items()}

    def convert_one(name: str, argument: StrawberryArgument, value: Any, info: Any) -> Any:
        registry, config = schema_converter.scalar_registry, schema_converter.config
        return convert_argument(value, types[name], registry, config, info, path=(name,))

    def convert(values: dict[str, Any], info: Any) -> dict[str, Any]:
        return {
            argument.python_name: convert_one(name, argument, values[name], info)
            for name, argument in parameters.items()
            if name in values
        }

    return convert


def relevant(definition: GraphQLField, node: FieldNode) -> Any:
    """Give the field with those of its arguments that can make a value or an error."""
    given = {argument.name.value for argument in node.arguments or ()}
    arguments = {
        name: argument
        for name, argument in definition.args.items()
        if name in given
        or argument.default is not None
        or argument.default_value is not Undefined
        or isinstance(argument.type, GraphQLNonNull)
    }
    return SimpleNamespace(args=arguments)


def _below(nodes: tuple[ArgumentNode, ...] | list[ArgumentNode] | None) -> Iterator[Node]:
    waiting: list[Any] = list(nodes or ())
    while waiting:
        node = waiting.pop()
        yield node
        for key in node.keys:
            child = getattr(node, key, None)
            waiting.extend(child if isinstance(child, list | tuple) else [child] if isinstance(child, Node) else [])


def _is_unalterable(values: dict[str, Any]) -> bool:
    return all(isinstance(value, _UNALTERABLE) for value in values.values())
