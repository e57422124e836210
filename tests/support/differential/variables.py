"""The variables of a document: declarations and sets of values, valid and invalid."""

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLBoolean, GraphQLInputType
from support.differential.json_values import mistaken


@dataclass
class Variables:
    """`declared`: type and default as written. `given`: a valid value for each."""

    declared: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    types: dict[str, GraphQLInputType] = field(default_factory=dict)

    def declare(self, written: str, default: str | None, type_: GraphQLInputType, value: Any) -> str:
        """Declare another variable and return its name."""
        name = f"v{len(self.declared)}"
        self.declared[name] = (written, default)
        self.types[name] = type_
        self.given[name] = value
        return name

    def __str__(self) -> str:
        declared = [
            f"${name}: {type_}" + (f" = {default}" if default is not None else "")
            for name, (type_, default) in self.declared.items()
        ]
        return f"({', '.join(declared)})" if declared else ""

    def sets(self, dice: random.Random) -> list[dict[str, Any] | None]:
        """Return sets of values: a valid one, a mostly valid one, and a mostly invalid one."""
        sets: list[dict[str, Any] | None] = [dict(self.given)]
        sets += [self._changed(dice, how_often) for how_often in (40, 8)]
        if not self.given and dice.random() < 0.2:
            sets[1] = None
        return sets

    def _changed(self, dice: random.Random, how_often: int) -> dict[str, Any]:
        changed = dict(self.given)
        for name, type_ in self.types.items():
            match dice.randrange(how_often):
                case 0:
                    del changed[name]
                case 1:
                    changed[name] = None
                case 2:
                    changed[name] = mistaken(type_, changed[name], dice)
                case 3 if type_ is GraphQLBoolean:
                    changed[name] = not changed[name]
        if dice.random() < 0.1:
            changed["unknown"] = 1
        return changed
