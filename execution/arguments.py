"""Arguments of a field: computed once per plan when constant, else once per execution unless they are mutable.

graphql-core coerces them, so its rules and errors hold; arguments without a value and a default are left out first.
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

from bulksend.execution.field_plan import FieldPlan
from bulksend.execution.private_apis import GraphQLCoreConverter
from bulksend.execution.run import Run

Arguments: TypeAlias = Callable[[Run, Any], dict[str, Any]]

_IMMUTABLE: Final = (str, int, float, bool, type(None), bytes, datetime, date, Decimal, UUID, Enum)
_NO_VARIABLES: Final = VariableValues({}, {})
# Strawberry passes coerced values of these types on as they are.
_PASSED_ON: Final = (str, int, float, bool, strawberry.ID)


class NotConverted(Exception):
    """Strawberry refused the coerced arguments of a coroutine function, which it would do within the coroutine."""

    def __init__(self, error: Exception) -> None:
        self.error = error


async def raising(error: Exception) -> None:
    """Raise, as a coroutine does whose arguments are not converted."""
    raise error


class ArgumentConverter:
    """Converts coerced arguments to the keyword arguments of a Strawberry resolver.

    `passed_on`: parameter names, by argument name, of the arguments that need no conversion.
    """

    def __init__(self, schema_converter: GraphQLCoreConverter, field: StrawberryField) -> None:
        name_of = schema_converter.config.name_converter.from_argument
        self._schema_converter = schema_converter
        self._parameters = {name_of(argument): argument for argument in field.arguments}
        self._types = {name: argument.type for name, argument in self._parameters.items()}
        self.passed_on: Mapping[str, str] = {
            name: argument.python_name
            for name, argument in self._parameters.items()
            if _is_passed_on(self._types[name])
        }

    def __call__(self, values: dict[str, Any], info: Any) -> dict[str, Any]:
        """Return the keyword arguments. `info` is Strawberry's, for input types that build themselves."""
        return {
            argument.python_name: self._convert(name, values[name], info)
            for name, argument in self._parameters.items()
            if name in values
        }

    def _convert(self, name: str, value: Any, info: Any) -> Any:
        registry, config = self._schema_converter.scalar_registry, self._schema_converter.config
        return convert_argument(value, self._types[name], registry, config, info, path=(name,))


def _is_passed_on(type_: Any) -> bool:
    # The exact class: Strawberry's Maybe is a subclass of its optional, and wraps its values.
    plain = type_.of_type if type(type_) is StrawberryOptional else type_
    # By identity: comparing Strawberry's own types resolves their annotations.
    return any(plain is passed_on for passed_on in _PASSED_ON)


def constant_arguments(field: FieldPlan, convert: ArgumentConverter | None) -> dict[str, Any] | None:
    """Return the keyword arguments if they are the same in every execution, else None."""
    node = field.nodes[0]
    if not field.definition.args and not node.arguments:
        return {}
    if any(isinstance(found, VariableNode) for found in _descendants(node.arguments)):
        return None
    try:
        found = get_argument_values(_relevant(field.definition, node), node, _NO_VARIABLES)
        values = convert(found, None) if convert else found
    except Exception:
        # It is raised again during execution, where it belongs in the response.
        return None
    return values if _is_immutable(values) else None


def runtime_arguments(field: FieldPlan, convert: ArgumentConverter | None, *, is_coroutine: bool = False) -> Arguments:
    """Return the function that computes the keyword arguments. It raises what graphql-core and Strawberry raise.

    The function's second parameter is Strawberry's info, for input types that build themselves. For a coroutine
    function (`is_coroutine`) Strawberry's errors are raised as `NotConverted`.
    """
    node = field.nodes[0]
    definition = _relevant(field.definition, node)
    from_variables = _from_variables(definition, node, convert)

    def arguments(run: Run, info: Any = None) -> dict[str, Any]:
        known = run.arguments.get(field)
        if known is not None:
            return known
        if from_variables is not None:
            values = _given(from_variables, run.variables.coerced)
            if values is not None:
                run.arguments[field] = values
                return values
        values = get_argument_values(definition, node, run.variables, None, run.hide_suggestions)
        if convert:
            try:
                values = convert(values, info)
            except Exception as error:
                raise NotConverted(error) if is_coroutine else error from None
        if _is_immutable(values):
            run.arguments[field] = values
        return values

    return arguments


def _from_variables(
    definition: Any, node: FieldNode, convert: ArgumentConverter | None
) -> list[tuple[str, str]] | None:
    """Return parameters with the variables that fill them, if every argument is a variable that needs no conversion.

    Validation has checked that the variables' types fit.
    """
    nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
    if convert is None or not definition.args.keys() <= nodes.keys() <= convert.passed_on.keys():
        return None
    variables = [(name, value.name.value) for name, value in nodes.items() if isinstance(value, VariableNode)]
    if len(variables) < len(nodes):
        return None
    return [(convert.passed_on[name], variable) for name, variable in variables]


def _given(variables: list[tuple[str, str]], coerced: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the keyword arguments; None if one is null or absent, which not every argument may be."""
    values = {keyword: coerced.get(variable) for keyword, variable in variables}
    return None if None in values.values() else values


def _relevant(definition: GraphQLField, node: FieldNode) -> Any:
    """Return the field definition with only those arguments that can have a value or cause an error."""
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


def _descendants(nodes: tuple[ArgumentNode, ...] | list[ArgumentNode] | None) -> Iterator[Node]:
    waiting: list[Any] = list(nodes or ())
    while waiting:
        node = waiting.pop()
        yield node
        for key in node.keys:
            child = getattr(node, key, None)
            waiting.extend(child if isinstance(child, list | tuple) else [child] if isinstance(child, Node) else [])


def _is_immutable(values: dict[str, Any]) -> bool:
    return all(isinstance(value, _IMMUTABLE) for value in values.values())
