"""Replace arguments so that they refer to existing rows."""

import random
from collections.abc import Sequence
from typing import Any

from graphql import ArgumentNode, IntValueNode, ListValueNode, StringValueNode, Visitor


class Existing(Visitor):
    """Replaces ids by existing ones, and page sizes by allowed ones."""

    def __init__(self, ids: Sequence[str], dice: random.Random) -> None:
        super().__init__()
        self._ids = ids
        self._dice = dice

    def enter_argument(self, node: ArgumentNode, *_: object) -> ArgumentNode | None:
        match node.name.value:
            case "id" | "templateId":
                value: Any = self._id()
            case "ids":
                value = ListValueNode(values=tuple(self._id() for _ in range(self._dice.randrange(4))))
            case "first" | "last" if self._dice.random() < 0.9:
                value = IntValueNode(value=str(self._dice.choice([1, 2, 2, 5, 100])))
            case "last" | "before" | "after" | "search" | "externalId" | "signerEmail" if self._dice.random() < 0.9:
                return ArgumentNode(name=node.name, value=StringValueNode(value=""))
            case _:
                return None
        return ArgumentNode(name=node.name, value=value)

    def _id(self) -> StringValueNode:
        return StringValueNode(value=self._dice.choice(self._ids))
