"""A field at one place of an operation: everything about it that does not depend on a request.

List indices are linked pairs, `(indices of the enclosing lists, own index)`, so that completing a list item costs one
small tuple; full paths are built only for errors and for resolvers that read `info.path`.
"""

from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLOutputType, is_non_null_type
from graphql.pyutils import Path

Indices: TypeAlias = "tuple[Indices, int] | None"
Place: TypeAlias = "tuple[str | int, ...]"
# Stands in `FieldPlan.keys` for a list index, which is known only during execution.
INDEX: Final = None


class FieldPlan:
    """A field of one object type at one place of an operation, or an item of that field's list.

    `keys` and `typenames`: the response path, with `INDEX` in place of list indices. `type`: the type to complete
    values to. `surviving`: length of the path up to the nearest nullable place, which becomes null when a null here is
    not allowed; 0 is `data` itself. `memo`: free space for resolvers, kept as long as the plan.
    """

    __slots__ = (
        "_list_field",
        "definition",
        "is_non_null",
        "keys",
        "memo",
        "nodes",
        "parent_type",
        "surviving",
        "type",
        "typenames",
    )

    def __init__(
        self,
        *,
        parent: "FieldPlan | None",
        key: str | None,
        type_: GraphQLOutputType,
        parent_type: GraphQLObjectType,
        definition: GraphQLField,
        nodes: list[FieldNode],
        list_field: "FieldPlan | None" = None,
    ) -> None:
        self.keys: tuple[str | None, ...] = (*(parent.keys if parent else ()), key)
        typename = parent_type.name if key is not INDEX else None
        self.typenames: tuple[str | None, ...] = (*(parent.typenames if parent else ()), typename)
        self.type = type_
        self.parent_type = parent_type
        self.definition = definition
        self.nodes = nodes
        self.is_non_null = is_non_null_type(type_)
        nearest = parent.surviving if parent else 0
        self.surviving: int = nearest if self.is_non_null else len(self.keys)
        self.memo: dict[str, Any] = {}
        self._list_field = list_field

    @property
    def list_field(self) -> "FieldPlan":
        """The list that this is an item of; a field is its own."""
        return self._list_field or self

    @property
    def field(self) -> "FieldPlan":
        """The field that has this item, within any number of lists; a field is its own."""
        return self if self._list_field is None else self._list_field.field

    def item(self, type_: GraphQLOutputType) -> "FieldPlan":
        """Return the plan of this list's items."""
        return FieldPlan(
            parent=self,
            key=INDEX,
            type_=type_,
            parent_type=self.parent_type,
            definition=self.definition,
            nodes=self.nodes,
            list_field=self,
        )

    def path(self, indices: Indices) -> list[str | int]:
        """Return the response path."""
        found: list[str | int] = []
        for key in reversed(self.keys):
            if key is not INDEX:
                found.append(key)
            elif indices is not None:
                indices, index = indices
                found.append(index)
        found.reverse()
        return found

    def linked_path(self, indices: Indices) -> Path:
        """Return the response path in the form of `info.path`."""
        linked: Path | None = None
        for key, typename in zip(self.path(indices), self.typenames, strict=True):
            linked = Path(linked, key, typename)
        assert linked is not None  # noqa: S101  # every field has a key
        return linked

    def field_indices(self, indices: Indices) -> Indices:
        """Return the indices of `field`, given those of this item."""
        for _ in range(len(self.keys) - len(self.field.keys)):
            if indices is not None:
                indices = indices[0]
        return indices

    @property
    def null_message(self) -> str:
        """The error message for a null that is not allowed here."""
        return f"Cannot return null for non-nullable field {self.parent_type}.{self.nodes[0].name.value}."
