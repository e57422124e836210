"""Variables, coerced by functions that are written for their types.

These know what is right at a glance and nothing about errors: whatever they do not recognise, graphql-core coerces
anew, with its messages. Coercing has no effects, so nothing is done twice that could be seen.
"""

from collections.abc import Mapping
from typing import Any, Final

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

from bulksend.execution.alike import Coerce, NotRecognised, alike
from bulksend.execution.private_apis import (
    GraphQLVariableSignature,
    VariableValues,
    VariableValueSource,
    coerce_default_value,
    get_variable_signature,
    get_variable_values,
)

_IS_PLAIN: Final = {
    GraphQLString: "x.__class__ is str",
    GraphQLID: "x.__class__ is str",
    GraphQLBoolean: "x.__class__ is bool",
    GraphQLInt: "x.__class__ is int and -2147483648<=x<=2147483647",
    GraphQLFloat: "x.__class__ is float and -1.7976931348623157e308<=x<=1.7976931348623157e308",
}


class Variables:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._nodes = operation.variable_definitions or ()
        self._coercers = _coercers(schema, operation)

    def coerce(
        self, given: Mapping[str, Any], *, max_errors: int = 50, hide_suggestions: bool = False
    ) -> VariableValues | list[GraphQLError]:
        """Give the coerced variables, or graphql-core's errors."""
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
    """Give a function and the default for each variable, or None where only graphql-core can tell."""
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
    """Give the function that coerces values of an input type. Raises `NotRecognised` for types within themselves."""
    if is_non_null_type(type_):
        return _non_null(coercer(type_.of_type, around))
    if is_list_type(type_):
        return _list(type_.of_type, around)
    if is_input_object_type(type_):
        if type_ in around:
            # graphql-core bounds how deep these may go.
            raise NotRecognised
        return _object(type_, (*around, type_))
    return _plain(type_) if type_ in _IS_PLAIN else _leaf(type_)


def _non_null(coerce: Coerce) -> Coerce:
    def coerce_non_null(value: Any) -> Any:
        if value is None:
            raise NotRecognised
        return coerce(value)

    return coerce_non_null


def _list(item_type: Any, around: tuple[Any, ...]) -> Coerce:
    coerce = _items(item_type, around)

    def coerce_list(value: Any) -> Any:
        if value is None:
            return None
        if value.__class__ is not list:
            raise NotRecognised
        return coerce(value)

    return coerce_list


def _items(type_: Any, around: tuple[Any, ...]) -> Coerce:
    one = coercer(type_, around)
    item_type = type_.of_type if is_non_null_type(type_) else type_
    if is_input_object_type(item_type):
        return alike(item_type, one, lambda found: coercer(found, (*around, item_type)))
    return lambda value: [one(item) for item in value]


def _plain(type_: Any) -> Coerce:
    names: dict[str, Any] = {"NotRecognised": NotRecognised}
    source = f"def coerce(x):\n if x is None or {_IS_PLAIN[type_]}: return x\n raise NotRecognised"
    return _made(source, names)


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
    """Write the function of one input object: a look-up and a check for each field, and that there are no others."""
    if type_.is_one_of or type_.out_type is not GraphQLInputObjectType.out_type:
        raise NotRecognised
    names: dict[str, Any] = {"NotRecognised": NotRecognised, "Undefined": Undefined}
    lines = [
        "def coerce(v):",
        " if v is None: return None",
        " if v.__class__ is not dict: raise NotRecognised",
        " n=len(v)",
        " o={}",
    ]
    for number, (name, field) in enumerate(type_.fields.items()):
        lines += _field(number, name, field, names, around)
    return _made("\n".join([*lines, " if n: raise NotRecognised", " return o"]), names)


def _field(number: int, name: str, field: Any, names: dict[str, Any], around: tuple[Any, ...]) -> list[str]:
    key = field.out_name or name
    required = is_non_null_type(field.type)
    nullable = field.type.of_type if required else field.type
    default = coerce_default_value(field)
    lines = [f" x=v.get({name!r},Undefined)", " if x is not Undefined:", "  n-=1"]
    if nullable in _IS_PLAIN:
        null = "" if required else "x is None or "
        lines += [f"  if not ({null}{_IS_PLAIN[nullable]}): raise NotRecognised", f"  o[{key!r}]=x"]
    else:
        names[f"c{number}"] = coercer(field.type, around)
        lines.append(f"  o[{key!r}]=c{number}(x)")
    if default is not Undefined:
        names[f"d{number}"] = default
        lines.append(f" else: o[{key!r}]=d{number}")
    elif required:
        lines.append(" else: raise NotRecognised")
    return lines


def _made(source: str, names: dict[str, Any]) -> Coerce:
    exec(compile(source, "<coercion>", "exec"), names)  # noqa: S102  # names are ours, keys are repr()
    coerce: Coerce = names["coerce"]
    return coerce
