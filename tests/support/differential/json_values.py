"""JSON values for variables: valid ones from literals, and invalid ones for a type."""

import random
from typing import Any

from graphql import GraphQLList, GraphQLNonNull, GraphQLType, ValueNode, is_input_object_type, value_from_ast_untyped

ANYTHING: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, -(2**31) - 1, 2**53, 1.0, 1.5, float("nan"), float("inf"), "", "words", "12",
    "RED", "blueish", "HIGH", [], [None], [1], [[1]], ["a", 2], {}, {"name": 5}, {"name": "a", "unknown": 1},
    {"number": 1}, {"word": "a"}, {"number": 1, "word": "a"}, {"number": None}, {"inner": {"number": "x"}},
    "2026-01-02T03:04:05Z", "2026-01-02", "00000000-0000-0000-0000-000000000001", 10**30,
]  # fmt: skip


def as_json(node: ValueNode) -> Any:
    """Return the value of a literal."""
    return value_from_ast_untyped(node)


def mistaken(type_: GraphQLType, value: Any, dice: random.Random) -> Any:
    """Return a value that is probably invalid for a type: another value, or a valid one with one part changed."""
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if isinstance(type_, GraphQLList) and isinstance(value, list) and value and dice.random() < 0.7:
        index = dice.randrange(len(value))
        return [*value[:index], mistaken(type_.of_type, value[index], dice), *value[index + 1 :]]
    if isinstance(value, dict) and dice.random() < 0.7:
        return _with_a_mistake(type_, value, dice)
    if dice.random() < 0.2:
        return [value]
    return dice.choice(ANYTHING)


def _with_a_mistake(type_: GraphQLType, value: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    if value and dice.random() < 0.3:
        dropped = dice.choice(list(value))
        return {name: item for name, item in value.items() if name != dropped}
    if not is_input_object_type(type_) or dice.random() < 0.1:
        return value | {dice.choice(["unknown", "nam", "colour"]): dice.choice(ANYTHING)}
    name = dice.choice(list(type_.fields))
    return value | {name: mistaken(type_.fields[name].type, value.get(name), dice)}
