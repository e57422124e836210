"""Coercing variables with functions generated for their types.

These functions recognise valid values quickly and know nothing about errors: whatever they do not recognise is coerced
again by graphql-core, with its messages. Coercion has no side effects, so that cannot be noticed.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)

from bulksend.execution.generated_code import function_from_source
from bulksend.execution.private_apis import (
    GraphQLVariableSignature,
    VariableValues,
    VariableValueSource,
    coerce_default_value,
    get_variable_signature,
    get_variable_values,
)

Coerce: TypeAlias = Callable[[Any], Any]

_IN_RANGE: Final = {
    GraphQLString: "x.__class__ is str",
    GraphQLID: "x.__class__ is str",
    GraphQLBoolean: "x.__class__ is bool",
    GraphQLInt: "x.__class__ is int and -2147483648<=x<=2147483647",
    GraphQLFloat: "x.__class__ is float and -1.7976931348623157e308<=x<=1.7976931348623157e308",
}


class NotRecognised(Exception):
    """This value is coerced, or refused, by graphql-core."""


class VariableCoercion:
    """Coerces the variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._nodes = operation.variable_definitions or ()
        self._coercers = _coercers(schema, operation)

    def coerce(
        self, given: Mapping[str, Any], *, max_errors: int = 50, hide_suggestions: bool = False
    ) -> VariableValues | list[GraphQLError]:
        """Return the coerced variables, or graphql-core's errors."""
        if self._coercers is not None:
            try:
                return _coerced(self._coercers, given)
            except (NotRecognised, RecursionError):
                pass
        inputs: Any = given
        return get_variable_values(
            self._schema, self._nodes, inputs, max_errors=max_errors, hide_suggestions=hide_suggestions
        )


def _coerced(coercers: list[tuple[GraphQLVariableSignature, Coerce, Any]], given: Mapping[str, Any]) -> VariableValues:
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for signature, coerce, default in coercers:
        name = signature.name
        value = given.get(name, Undefined)
        sources[name] = VariableValueSource(signature, value)
        if value is not Undefined:
            coerced[name] = coerce(value)
        elif default is not Undefined:
            coerced[name] = default
        elif is_non_null_type(signature.type):
            raise NotRecognised
    return VariableValues(sources, coerced)


def _coercers(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> list[tuple[GraphQLVariableSignature, Coerce, Any]] | None:
    """Return signature, function and default of each variable; None if only graphql-core can coerce them."""
    found: list[tuple[GraphQLVariableSignature, Coerce, Any]] = []
    for node in operation.variable_definitions or ():
        signature = get_variable_signature(schema, node)
        if isinstance(signature, GraphQLError):
            return None
        try:
            found.append((signature, coercer(signature.type), coerce_default_value(signature)))
        except (NotRecognised, TypeError, GraphQLError):
            return None
    return found


def coercer(type_: Any, around: tuple[Any, ...] = ()) -> Coerce:
    """Return the function that coerces values of an input type. Raise `NotRecognised` for recursive types."""
    if is_non_null_type(type_):
        return _non_null(coercer(type_.of_type, around))
    if is_list_type(type_):
        return _list(coercer(type_.of_type, around), _recogniser_of_texts(type_.of_type))
    if is_input_object_type(type_):
        if type_ in around:
            # graphql-core limits their depth.
            raise NotRecognised
        return _object(type_, (*around, type_))
    return _in_range(type_) if type_ in _IN_RANGE else _leaf(type_)


def _non_null(coerce: Coerce) -> Coerce:
    def coerce_non_null(value: Any) -> Any:
        if value is None:
            raise NotRecognised
        return coerce(value)

    return coerce_non_null


def _list(coerce: Coerce, are_texts: Callable[[list[Any]], bool] | None) -> Coerce:
    def coerce_list(value: Any) -> Any:
        if value is None:
            return None
        if value.__class__ is not list:
            raise NotRecognised
        if are_texts is not None and are_texts(value):
            return value
        return [coerce(item) for item in value]

    return coerce_list


def _recogniser_of_texts(type_: Any) -> Callable[[list[Any]], bool] | None:
    """Return whether the items of a list of input objects stay as they are: they have texts alone, and what they must.

    It looks at all items at once, which takes a tenth as long as item by item. None if no item stays as it is.
    """
    type_ = type_.of_type if is_non_null_type(type_) else type_
    if not is_input_object_type(type_):
        return None
    fields = type_.fields
    if any(coerce_default_value(field) is not Undefined for field in fields.values()):
        return None
    required = {name for name, field in fields.items() if is_non_null_type(field.type)}
    texts = {name for name, field in fields.items() if _is_text(field.type) and field.out_name in (None, name)}

    def are_texts(values: list[Any]) -> bool:
        if set(map(type, values)) != {dict}:
            return False
        if not all(required <= set(names) <= texts for names in set(map(tuple, values))):
            return False
        return set(map(type, chain.from_iterable(map(dict.values, values)))) == {str}

    return are_texts


def _is_text(type_: Any) -> bool:
    nullable = type_.of_type if is_non_null_type(type_) else type_
    return nullable in (GraphQLString, GraphQLID)


def _in_range(type_: Any) -> Coerce:
    source = f"def coerce(x):\n if x is None or {_IN_RANGE[type_]}: return x\n raise NotRecognised"
    return function_from_source(source, "coerce", {"NotRecognised": NotRecognised})


def _leaf(type_: Any) -> Coerce:
    coerce_input_value = type_.coerce_input_value

    def coerce_leaf(value: Any) -> Any:
        if value is None:
            return None
        try:
            coerced = coerce_input_value(value)
        except Exception as error:
            raise NotRecognised from error
        if coerced is Undefined:
            raise NotRecognised
        return coerced

    return coerce_leaf


def _object(type_: GraphQLInputObjectType, around: tuple[Any, ...]) -> Coerce:
    """Return the function of one input type: it looks up and checks each field, and that there are no others."""
    if type_.is_one_of or type_.out_type is not GraphQLInputObjectType.out_type:
        raise NotRecognised
    names: dict[str, Any] = {"NotRecognised": NotRecognised, "Undefined": Undefined}
    lines = [
        "def coerce(value):",
        " if value is None: return None",
        " if value.__class__ is not dict: raise NotRecognised",
        " left = len(value)",
        " made = {}",
    ]
    for number, (name, field) in enumerate(type_.fields.items()):
        lines += _field(number, name, field, names, around)
    source = "\n".join([*lines, " if left: raise NotRecognised", " return made"])
    return function_from_source(source, "coerce", names)


def _field(number: int, name: str, field: Any, names: dict[str, Any], around: tuple[Any, ...]) -> list[str]:
    key = field.out_name or name
    required = is_non_null_type(field.type)
    nullable = field.type.of_type if required else field.type
    default = coerce_default_value(field)
    lines = [f" x = value.get({name!r}, Undefined)", " if x is not Undefined:", "  left -= 1"]
    if nullable in _IN_RANGE:
        null = "" if required else "x is None or "
        lines += [f"  if not ({null}{_IN_RANGE[nullable]}): raise NotRecognised", f"  made[{key!r}] = x"]
    else:
        names[f"coerce{number}"] = coercer(field.type, around)
        lines.append(f"  made[{key!r}] = coerce{number}(x)")
    if default is not Undefined:
        names[f"default{number}"] = default
        lines.append(f" else: made[{key!r}] = default{number}")
    elif required:
        lines.append(" else: raise NotRecognised")
    return lines
