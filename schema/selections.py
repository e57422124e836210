"""What an operation asks below a field, so that it can be read together with the field.

It says at least what is asked: a fragment on a type that cannot come here is taken for one that can. What is learnt is
kept in the compiled plan's notes, for a plan's fields are the same for all its requests, whatever their variables.
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
    GraphQLResolveInfo,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
)
from graphql.utilities import coerce_input_literal

from bulksend.execution.private_apis import raw_info_of
from bulksend.schema.types.info import Info

Learnt = TypeVar("Learnt")

_SKIP: Final = "skip"
_INCLUDE: Final = "include"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a field below, by their names in the schema: constants, and variables by their names."""

    constants: Mapping[str, Any]
    variables: Mapping[str, str]

    def given(self, info: Info) -> dict[str, Any]:
        """Return their values in this request; what is left out is missing."""
        values = info.variable_values
        found = {name: values[variable] for name, variable in self.variables.items() if variable in values}
        return {**self.constants, **found}


@dataclass(slots=True)
class Asked:
    """Everything asked for below some fields, by the fields' names; what stands in several places is taken together.

    `nodes`: the places in the document that ask for this field.
    """

    nodes: tuple[FieldNode, ...]
    _info: Info
    _below: dict[str, "Asked"] | None = field(default=None)

    @property
    def below(self) -> Mapping[str, "Asked"]:
        """What is asked of this field's value; empty for a leaf."""
        if self._below is None:
            found: dict[str, list[FieldNode]] = {}
            spread: set[str] = set()
            for node in self.nodes:
                for one in _fields(node.selection_set, self._info, spread):
                    found.setdefault(one.name.value, []).append(one)
            self._below = {name: Asked(tuple(nodes), self._info) for name, nodes in found.items()}
        return self._below

    def at(self, *names: str) -> "Asked":
        """Return what is asked at the end of this path; nothing if the path is not asked for."""
        asked = self
        for name in names:
            asked = asked.below.get(name) or Asked((), self._info)
        return asked

    def rows(self) -> "Asked":
        """Return what is asked of a connection's rows, in `nodes` and in `edges` together."""
        return Asked(self.at("nodes").nodes + self.at("edges", "node").nodes, self._info)

    def arguments(self, type_name: str) -> Arguments | None:
        """Return the arguments of this field of a type; None unless every place gives the same."""
        if not self.nodes:
            return None
        first, *others = [{one.name.value: one.value for one in node.arguments or ()} for node in self.nodes]
        return None if any(other != first for other in others) else self._coerced(type_name, first)

    def _coerced(self, type_name: str, given: Mapping[str, Any]) -> Arguments | None:
        type_: Any = raw_info_of(self._info).schema.get_type(type_name)
        definition = type_.fields[self.nodes[0].name.value]
        variables = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
        literals = {name: value for name, value in given.items() if name not in variables}
        try:
            constants = {
                name: coerce_input_literal(value, definition.args[name].type) for name, value in literals.items()
            }
        except GraphQLError:
            return None
        # Such as a variable within a list; Undefined equals None.
        is_told = all(value is not Undefined for value in constants.values())
        return Arguments(constants, variables) if is_told else None


def learn(info: Info, of: Callable[[Asked], Learnt]) -> Learnt:
    """Return what `of`, a named function, learns from what is asked below this field; it must not keep an `Asked`."""
    return _noted(info, of.__qualname__, lambda: of(Asked(tuple(raw_info_of(info).field_nodes), info)))


def is_alone(info: Info) -> bool:
    """Return whether this is the only field of its name at the root, and there are no fragments beside it."""
    return _noted(info, is_alone.__qualname__, lambda: _is_alone(raw_info_of(info)))


def _noted(info: Info, key: str, of: Callable[[], Learnt]) -> Learnt:
    notes: dict[str, Any] | None = getattr(raw_info_of(info), "memo", None)
    if notes is None:
        return of()
    if key not in notes:
        notes[key] = of()
    return notes[key]  # type: ignore[no-any-return]


def _is_alone(raw: GraphQLResolveInfo[Any]) -> bool:
    ours = {id(node) for node in raw.field_nodes}
    return all(
        isinstance(one, FieldNode) and (one.name.value != raw.field_name or id(one) in ours)
        for one in raw.operation.selection_set.selections
    )


def _fields(selected: SelectionSetNode | None, info: Info, spread: set[str]) -> Iterator[FieldNode]:
    """Return the fields of a selection. `spread`: fragments that were looked at, for each adds its fields only once."""
    for selection in selected.selections if selected else ():
        if not all(_passes(directive, info) for directive in selection.directives or ()):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        else:
            yield from _fields(_fragment(selection, info, spread), info, spread)


def _fragment(selection: SelectionNode, info: Info, spread: set[str]) -> SelectionSetNode | None:
    if not isinstance(selection, FragmentSpreadNode):
        return getattr(selection, "selection_set", None)
    name = selection.name.value
    if name in spread:
        return None
    spread.add(name)
    fragments: dict[str, FragmentDefinitionNode] = raw_info_of(info).fragments
    return fragments[name].selection_set


def _passes(directive: DirectiveNode, info: Info) -> bool:
    name = directive.name.value
    if name not in (_SKIP, _INCLUDE):
        return True
    (condition,) = directive.arguments or ()
    value = condition.value
    is_met = (
        info.variable_values.get(value.name.value) if isinstance(value, VariableNode) else getattr(value, "value", None)
    )
    return bool(is_met) is (name == _INCLUDE)
