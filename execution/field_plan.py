"""Where in a response a value stands, known when the plan is made but for the indices of lists.

Indices are linked pairs, `(of the lists around it, own index)`, so that a list item costs one small tuple and paths
are only put together for errors and for those who ask `info.path`.
"""

from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLOutputType, is_non_null_type
from graphql.pyutils import Path

Indices: TypeAlias = "tuple[Indices, int] | None"
# What stands in the keys of a position for an index that only a request knows.
INDEX: Final = None


class Position:
    """A field of one object type at one place of an operation, or an item of that field's list.

    `keys` and `typenames`: the path, with `INDEX` where an index belongs. `type`: what must stand here. `survives`:
    how much of the path is left when null stands here and may not, up to the nearest place where it may; 0 is `data`.
    """

    __slots__ = (
        "definition",
        "field",
        "is_non_null",
        "keys",
        "nodes",
        "notes",
        "number",
        "parent_type",
        "survives",
        "type",
        "typenames",
    )

    def __init__(
        self,
        *,
        number: int,
        above: "Position | None",
        key: str | None,
        type_: GraphQLOutputType,
        parent_type: GraphQLObjectType,
        definition: GraphQLField,
        nodes: list[FieldNode],
        field: "Position | None" = None,
    ) -> None:
        self.number = number
        self.keys: tuple[str | None, ...] = (*(above.keys if above else ()), key)
        typename = parent_type.name if key is not INDEX else None
        self.typenames: tuple[str | None, ...] = (*(above.typenames if above else ()), typename)
        self.type = type_
        self.parent_type = parent_type
        self.definition = definition
        self.nodes = nodes
        self.field = field or self
        self.is_non_null = is_non_null_type(type_)
        nearest = above.survives if above else 0
        self.survives: int = nearest if self.is_non_null else len(self.keys)
        # Resolvers may keep here what they learn about the operation; it lives as long as the plan.
        self.notes: dict[str, Any] = {}

    def item(self, type_: GraphQLOutputType) -> "Position":
        """Give the position of this list's items."""
        return Position(
            number=self.number,
            above=self,
            key=INDEX,
            type_=type_,
            parent_type=self.parent_type,
            definition=self.definition,
            nodes=self.nodes,
            field=self.field,
        )

    def path(self, indices: Indices) -> list[str | int]:
        """Give the response path."""
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
        """Give the path as graphql-core's resolvers see it."""
        linked: Path | None = None
        for key, typename in zip(self.path(indices), self.typenames, strict=True):
            linked = Path(linked, key, typename)
        assert linked is not None  # noqa: S101  # every position has a key
        return linked

    def field_indices(self, indices: Indices) -> Indices:
        """Give the indices of the field that this is an item of."""
        for _ in range(len(self.keys) - len(self.field.keys)):
            if indices is not None:
                indices = indices[0]
        return indices

    @property
    def null_refused(self) -> str:
        """What is said when null stands where it may not."""
        return f"Cannot return null for non-nullable field {self.parent_type}.{self.nodes[0].name.value}."
