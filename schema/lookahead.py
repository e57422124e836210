"""What an operation asks below a field, so that it can be read together with the field.

It says at least what is asked: a fragment on a type that cannot come here is taken for one that can. What depends on
the document alone is kept in the compiled plan's notes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
)
from graphql.utilities import coerce_input_literal

from bulksend.schema.info import Info

Learnt = TypeVar("Learnt")

_SKIP: Final = "skip"
_INCLUDE: Final = "include"


@dataclass(slots=True)
class _Operation:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    # Whether a variable decided what is asked; another request may then ask for something else.
    depends_on_variables: bool = False


@dataclass(slots=True)
class Asked:
    """Everything asked for below some fields, by the fields' names; what stands in several places is taken together.

    `nodes`: the places in the document that ask for this field.
    """

    nodes: tuple[FieldNode, ...]
    _operation: _Operation
    _below: dict[str, "Asked"] | None = field(default=None)

    @property
    def below(self) -> Mapping[str, "Asked"]:
        """What is asked of this field's value; empty for a leaf."""
        if self._below is None:
            found: dict[str, list[FieldNode]] = {}
            for node in self.nodes:
                for one in _fields(node.selection_set, self._operation):
                    found.setdefault(one.name.value, []).append(one)
            self._below = {name: Asked(tuple(nodes), self._operation) for name, nodes in found.items()}
        return self._below

    def at(self, *names: str) -> "Asked":
        """Give what is asked at the end of this path; nothing if the path is not asked for."""
        asked = self
        for name in names:
            asked = asked.below.get(name) or Asked((), self._operation)
        return asked

    def anywhere(self, *names: str) -> bool:
        """Whether one of these fields is asked for, however far below."""
        return any(name in names or asked.anywhere(*names) for name, asked in self.below.items())

    def rows(self) -> "Asked":
        """Give what is asked of a connection's rows, in `nodes` and in `edges` together."""
        return Asked(self.at("nodes").nodes + self.at("edges", "node").nodes, self._operation)

    def __bool__(self) -> bool:
        return bool(self.nodes)


def learn(info: Info, of: Callable[[Asked], Learnt]) -> Learnt:
    """Give what `of` learns from what is asked below this field; learnt once a plan unless variables decide it.

    `of` must read all it needs of `Asked` and keep nothing else of it than nodes.
    """
    raw = info._raw_info
    notes: dict[str, Any] | None = getattr(raw, "notes", None)
    key = of.__qualname__
    if notes is not None and key in notes:
        return notes[key]  # type: ignore[no-any-return]
    operation = _Operation(raw.fragments, info.variable_values)
    learnt = of(Asked(tuple(raw.field_nodes), operation))
    if notes is not None and not operation.depends_on_variables:
        notes[key] = learnt
    return learnt


def is_alone(info: Info) -> bool:
    """Whether no other field of the operation's root has this name, and none is in a fragment."""
    name = info.field_name
    return all(
        isinstance(one, FieldNode) and (one.name.value != name or one in info._raw_info.field_nodes)
        for one in info._raw_info.operation.selection_set.selections
    )


def arguments(definition: GraphQLField, node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the arguments of a field below, by their names in the schema; None if they cannot be told from here."""
    found: dict[str, Any] = {}
    for argument in node.arguments or ():
        name, value = argument.name.value, argument.value
        if isinstance(value, VariableNode):
            if value.name.value in variables:
                found[name] = variables[value.name.value]
            continue
        try:
            coerced = coerce_input_literal(value, definition.args[name].type)
        except GraphQLError:
            return None
        if coerced is Undefined:
            return None
        found[name] = coerced
    return found


def _fields(selected: SelectionSetNode | None, operation: _Operation) -> Iterator[FieldNode]:
    for selection in selected.selections if selected else ():
        if not _is_asked(selection, operation):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, FragmentSpreadNode):
            yield from _fields(operation.fragments[selection.name.value].selection_set, operation)
        else:
            yield from _fields(getattr(selection, "selection_set", None), operation)


def _is_asked(selection: SelectionNode, operation: _Operation) -> bool:
    return all(_passes(directive, operation) for directive in selection.directives or ())


def _passes(directive: DirectiveNode, operation: _Operation) -> bool:
    name = directive.name.value
    if name not in (_SKIP, _INCLUDE):
        return True
    (condition,) = directive.arguments or ()
    if isinstance(condition.value, VariableNode):
        operation.depends_on_variables = True
        value = operation.variables.get(condition.value.name.value)
    else:
        value = getattr(condition.value, "value", None)
    return bool(value) is (name == _INCLUDE)
