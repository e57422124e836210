"""Return whether the fields of a document can be merged (GraphQL specification, 5.3.2), in time linear in the document.

graphql-core compares every two fields of the same response name: 140 aliases in 5 kB cost it up to 0.8 s. Comparing
pairs is not needed, because each part of the rule is an equivalence: fields of one response name must all have the same
shape, and those that can apply to the same object must all be the same field with the same arguments. So one field of
each such group stands for all, and the sub-selections of a group are merged and examined once. The algorithm is Simon
Adameit's, as in Sangria.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

MOST_CONFLICTS: Final = 20


class MergeLimitExceeded(Exception):
    """The document has more fields to merge than the limit allows, counted after expanding its fragments."""


class _Field(NamedTuple):
    """A field in a selection set. `type`, `shape`: None for a meta field such as `__typename`, which has any shape."""

    node: FieldNode
    parent: GraphQLNamedType | None
    name: str
    type: GraphQLOutputType | None
    shape: str | None
    arguments: frozenset[object]


_Fields: TypeAlias = Sequence[_Field]
_Scope: TypeAlias = tuple[SelectionSetNode, GraphQLNamedType | None]


class _Group(NamedTuple):
    """Fields to examine. `can_apply_together`: whether they must be the same field, not only have the same shape."""

    fields: _Fields
    can_apply_together: bool


def merge_conflicts(schema: GraphQLSchema, document: DocumentNode, *, most_fields: int) -> list[GraphQLError]:
    """Return the conflicts of a document that is valid by every other rule, at most one a response name.

    Raise `MergeLimitExceeded` if more than `most_fields` must be looked at.
    """
    return _Merging(schema, document, most_fields).conflicts()


class _Merging:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, most_fields: int) -> None:
        self._schema = schema
        self._document = document
        self._left = most_fields
        self._fragments = {
            found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)
        }
        self._own: dict[int, tuple[list[_Field], list[str]]] = {}
        self._reached: set[str] = set()
        self._examined: set[tuple[frozenset[int], bool]] = set()
        self._waiting: list[_Group] = []

    def conflicts(self) -> list[GraphQLError]:
        found: list[GraphQLError] = []
        for scope in self._roots():
            self._wait_for([scope], can_apply_together=True)
            while self._waiting and len(found) < MOST_CONFLICTS:
                found += self._examine(self._waiting.pop())
        return found

    def _roots(self) -> Iterator[_Scope]:
        for definition in self._document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                yield definition.selection_set, self._schema.get_root_type(definition.operation)
        for name, fragment in self._fragments.items():
            # What an operation spreads has been examined with it.
            if name not in self._reached:
                yield self._scope_of(fragment)

    def _examine(self, group: _Group) -> Iterator[GraphQLError]:
        for fields in _by_response_name(group.fields):
            together = _can_apply_together(fields) if group.can_apply_together else []
            conflict = next(filter(None, map(_field_conflict, together)), None) or _shape_conflict(fields)
            if conflict:
                yield conflict
                continue
            for subgroup in together:
                self._wait_for_selections_of(subgroup, can_apply_together=True)
            if len(together) != 1:
                self._wait_for_selections_of(fields, can_apply_together=False)

    def _wait_for_selections_of(self, fields: _Fields, *, can_apply_together: bool) -> None:
        scopes = [
            (field.node.selection_set, get_named_type(field.type)) for field in fields if field.node.selection_set
        ]
        if scopes:
            self._wait_for(scopes, can_apply_together=can_apply_together)

    def _wait_for(self, scopes: Iterable[_Scope], *, can_apply_together: bool) -> None:
        fields = self._merged(scopes)
        key = (frozenset(id(field.node) for field in fields), can_apply_together)
        if key not in self._examined:
            self._examined.add(key)
            self._waiting.append(_Group(fields, can_apply_together))

    def _merged(self, scopes: Iterable[_Scope]) -> list[_Field]:
        """Return the fields of several selection sets, each fragment's once."""
        merged: list[_Field] = []
        spread: set[str] = set()
        waiting = list(scopes)
        while waiting:
            fields, names = self._fields_of(*waiting.pop())
            merged += fields
            self._count(len(fields) + len(names))
            for name in names:
                if name not in spread:
                    spread.add(name)
                    waiting.append(self._scope_of(self._fragments[name]))
        self._reached |= spread
        return merged

    def _count(self, fields: int) -> None:
        self._left -= fields
        if self._left < 0:
            raise MergeLimitExceeded

    def _scope_of(self, fragment: FragmentDefinitionNode) -> _Scope:
        return fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value)

    def _fields_of(
        self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None
    ) -> tuple[list[_Field], list[str]]:
        """Return a selection set's own fields, those of inline fragments among them, and the fragments it spreads."""
        known = self._own.get(id(selection_set))
        if known is None:
            known = self._own[id(selection_set)] = ([], [])
            self._collect(selection_set, parent, *known)
        return known

    def _collect(
        self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None, fields: list[_Field], names: list[str]
    ) -> None:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                fields.append(_field(selection, parent))
            elif isinstance(selection, FragmentSpreadNode):
                names.append(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                self._collect(selection.selection_set, inner, fields, names)


def _field(node: FieldNode, parent: GraphQLNamedType | None) -> _Field:
    name = node.name.value
    fields = parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
    type_ = fields[name].type if name in fields else None
    arguments = frozenset((found.name.value, _value_key(found.value)) for found in node.arguments or ())
    return _Field(node, parent, name, type_, _shape(type_) if type_ else None, arguments)


def _value_key(node: ValueNode) -> object:
    """Return what is equal for equal values; the order of an input object's fields makes no difference."""
    if isinstance(node, ObjectValueNode):
        return node.kind, frozenset((field.name.value, _value_key(field.value)) for field in node.fields)
    if isinstance(node, ListValueNode):
        return node.kind, tuple(_value_key(value) for value in node.values)
    if isinstance(node, VariableNode):
        return node.kind, node.name.value
    return node.kind, getattr(node, "value", None), getattr(node, "block", None) is True


def _shape(type_: GraphQLOutputType) -> str:
    """Return what must be the same of two types: lists, non-null, and which leaf; composite types are all alike."""
    if is_non_null_type(type_):
        return f"{_shape(type_.of_type)}!"
    if is_list_type(type_):
        return f"[{_shape(type_.of_type)}]"
    return get_named_type(type_).name if is_leaf_type(type_) else "{}"


def _by_response_name(fields: _Fields) -> Iterable[_Fields]:
    groups: defaultdict[str, list[_Field]] = defaultdict(list)
    for field in fields:
        groups[field.node.alias.value if field.node.alias else field.name].append(field)
    return groups.values()


def _can_apply_together(fields: _Fields) -> Sequence[_Fields]:
    """Return the fields in groups that overlap only in fields of abstract types.

    Different object types exclude each other; a field of an interface can apply together with any.
    """
    objects: defaultdict[GraphQLNamedType, list[_Field]] = defaultdict(list)
    abstract: list[_Field] = []
    for field in fields:
        if isinstance(field.parent, GraphQLObjectType):
            objects[field.parent].append(field)
        else:
            abstract.append(field)
    return [[*abstract, *found] for found in objects.values()] or [abstract]


def _shape_conflict(fields: _Fields) -> GraphQLError | None:
    shaped = [field for field in fields if field.shape is not None]
    for field in shaped[1:]:
        if field.shape != shaped[0].shape:
            reason = f"they return conflicting types '{shaped[0].type}' and '{field.type}'"
            return _conflict(shaped[0], field, reason)
    return None


def _field_conflict(fields: _Fields) -> GraphQLError | None:
    first = fields[0]
    for field in fields[1:]:
        if field.name != first.name:
            return _conflict(first, field, f"'{first.name}' and '{field.name}' are different fields")
        if field.arguments != first.arguments:
            return _conflict(first, field, "they have differing arguments")
    return None


def _conflict(first: _Field, other: _Field, reason: str) -> GraphQLError:
    node = first.node
    response_name = node.alias.value if node.alias else first.name
    message = (
        f"Fields '{response_name}' conflict because {reason}. "
        "Use different aliases on the fields to fetch both if this was intentional."
    )
    return GraphQLError(message, nodes=[node, other.node])
