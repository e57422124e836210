"""Arguments of a field: worked out once when they are constant, else once an execution unless they could be altered.

graphql-core coerces them, so its rules and errors hold; only arguments that are given or have a default are looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final, TypeAlias
from uuid import UUID

import strawberry
from graphql import ArgumentNode, FieldNode, GraphQLField, GraphQLNonNull, Node, Undefined, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from bulksend.execution.field_plan import Position
from bulksend.execution.private_apis import GraphQLCoreConverter
from bulksend.execution.run import Run

Arguments: TypeAlias = Callable[[Run, Any], dict[str, Any]]

_UNALTERABLE: Final = (str, int, float, bool, type(None), bytes, datetime, date, Decimal, UUID, Enum)
_NO_VARIABLES: Final = VariableValues({}, {})
# What Strawberry hands over as it comes.
_HANDED_OVER: Final = (str, int, float, bool, strawberry.ID)


class NotConverted(Exception):
    """Strawberry refused the coerced arguments of a coroutine function; there this happens within the coroutine."""

    def __init__(self, error: Exception) -> None:
        self.error = error


async def raising(error: Exception) -> None:
    """Raise, as a coroutine does whose arguments were not converted."""
    raise error


class Convert:
    """Turns coerced values into what Strawberry's resolver takes, by its parameters' names.

    `handed_over`: the names of those parameters, by their arguments' names, whose values need nothing done to them.
    """

    def __init__(self, schema_converter: GraphQLCoreConverter, field: StrawberryField) -> None:
        name_of = schema_converter.config.name_converter.from_argument
        self._converter = schema_converter
        self._parameters = {name_of(argument): argument for argument in field.arguments}
        self._types = {name: argument.type for name, argument in self._parameters.items()}
        self.handed_over: Mapping[str, str] = {
            name: argument.python_name
            for name, argument in self._parameters.items()
            if _is_handed_over(self._types[name])
        }

    def __call__(self, values: dict[str, Any], info: Any) -> dict[str, Any]:
        """Give the keyword arguments. `info` is Strawberry's, for inputs that want to build themselves."""
        return {
            argument.python_name: self._convert(name, values[name], info)
            for name, argument in self._parameters.items()
            if name in values
        }

    def _convert(self, name: str, value: Any, info: Any) -> Any:
        registry, config = self._converter.scalar_registry, self._converter.config
        return convert_argument(value, self._types[name], registry, config, info, path=(name,))


def _is_handed_over(type_: Any) -> bool:
    # Exactly this class: Strawberry's Maybe is one of its optionals, and wraps what it is given.
    return (type_.of_type if type(type_) is StrawberryOptional else type_) in _HANDED_OVER


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
    from_variables = _from_variables(definition, node, convert)

    def arguments(run: Run, info: Any = None) -> dict[str, Any]:
        known = run.arguments.get(number)
        if known is not None:
            return known
        if from_variables is not None:
            values = _given(from_variables, run.variables.coerced)
            if values is not None:
                run.arguments[number] = values
                return values
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


def _from_variables(definition: Any, node: FieldNode, convert: Convert | None) -> list[tuple[str, str]] | None:
    """Give the keywords and their variables' names, if every argument is a variable that needs nothing done to it.

    A valid document has variables only where their types fit.
    """
    nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
    if convert is None or not definition.args.keys() <= nodes.keys() <= convert.handed_over.keys():
        return None
    variables = [(name, value.name.value) for name, value in nodes.items() if isinstance(value, VariableNode)]
    return (
        [(convert.handed_over[name], variable) for name, variable in variables]
        if len(variables) == len(nodes)
        else None
    )


def _given(variables: list[tuple[str, str]], coerced: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the keyword arguments; None when one is null or left out, which not every argument may be."""
    values = {keyword: coerced.get(variable) for keyword, variable in variables}
    return None if None in values.values() else values


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
