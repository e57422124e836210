"""Values for every type of a schema: those that a resolver should return, and those that it should not."""

import random
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    is_abstract_type,
    is_object_type,
)
from support.differential.worlds import Later, Refused, World, later, refuse


class Stranger:
    """A value that is valid for no type."""

    def __repr__(self) -> str:
        return "<stranger>"


class Word(str):
    """A subclass of str."""


class Amount(int):
    """A subclass of int."""


class Three(Enum):
    """An enum that is not part of the schema."""

    THREE = 3


_PROPER: dict[str, list[Any]] = {
    "Int": [0, -7, 2**31 - 1, True, 3.0, "12", Amount(5)],
    "Float": [0.5, 1, -0.0, True, "2.5", 1e300, Decimal("1.5")],
    "String": ["", "words", "ä\u2028\x00", True, 5, 1.5, Word("own")],
    "ID": ["id", "", 7, Word("own")],
    "Boolean": [True, False, 1, 0.0],
    "DateTime": [datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), datetime(2026, 1, 2)],
    "Date": [date(2026, 2, 3)],
    "UUID": [UUID(int=5)],
    "Decimal": [Decimal("1.10")],
    "JSON": [{"a": [1, None]}, [], "text", 0, False],
    "Odd": [1, 3, -5],
}
_WRONG: dict[str, list[Any]] = {
    "Int": ["words", 2**31, 1.5, float("nan"), float("inf"), "", [1], Three.THREE],
    "Float": ["words", float("nan"), float("inf"), "", {}, 10**400],
    "String": [[], {}, Stranger(), b"bytes", float("nan"), Three.THREE],
    "ID": [1.5, [], Stranger(), True],
    "Boolean": ["words", float("nan"), [], Stranger()],
    "DateTime": ["2026", 5],
    "Date": [5, "soon"],
    "UUID": [5],
    "Decimal": ["1.1", Stranger()],
    "JSON": [Stranger()],
    "Odd": [2, "words", []],
}


class Values:
    """Generates values for the types of one schema; `make_object` generates those of object types."""

    def __init__(self, schema: GraphQLSchema, make_object: Callable[["Values", GraphQLObjectType, World, str], Any]):
        self.schema = schema
        self._make_object = make_object

    def result(self, type_: GraphQLOutputType, world: World, place: str) -> Any:
        """Act as a synchronous resolver: return a value or an awaitable, or raise."""
        dice = world.dice(place, "result")
        if dice.random() < world.delay:
            return later(lambda: self.outcome(type_, world, place), dice)
        return self.outcome(type_, world, place)

    def outcome(self, type_: GraphQLOutputType, world: World, place: str) -> Any:
        """Act as an awaited resolver: return or raise."""
        dice = world.dice(place, "outcome")
        if dice.random() < world.trouble and dice.random() < 0.4:
            refuse(place, dice)
        return self.value(type_, world, place)

    def attribute(self, type_: GraphQLOutputType, world: World, place: str) -> Any:
        """Return a value that may be read several times."""
        dice = world.dice(place, "attribute")
        if dice.random() < world.delay / 4:
            return Later(lambda: self.outcome(type_, world, place), dice.choice([0, 1, 3]))
        return self.value(type_, world, place, lasting=True)

    def value(self, type_: GraphQLOutputType, world: World, place: str, *, lasting: bool = False) -> Any:
        """Return a value for a field of an object or an item of a list, valid or not, without raising."""
        dice = world.dice(place, "value")
        troubled = dice.random() < world.trouble
        if troubled and dice.random() < 0.3:
            return dice.choice([Refused(f"given at {place}"), ValueError()])
        if isinstance(type_, GraphQLNonNull):
            is_null, type_ = troubled and dice.random() < 0.4, type_.of_type
        else:
            is_null = dice.random() < 0.05
        if is_null:
            return None
        if isinstance(type_, GraphQLList):
            return _wrong_list(dice) if troubled else self._list(type_, world, place, lasting=lasting)
        return self._present(type_, world, place, troubled)

    def _present(self, type_: Any, world: World, place: str, troubled: bool) -> Any:
        dice = world.dice(place, "present")
        if isinstance(type_, GraphQLScalarType):
            return dice.choice((_WRONG if troubled else _PROPER)[type_.name])
        if isinstance(type_, GraphQLEnumType):
            if troubled:
                return dice.choice(["NONE", [], {}, 17, Three.THREE, Stranger()])
            return dice.choice([value.value for value in type_.values.values()])
        return self._composite(type_, world, place, dice, troubled)

    def _composite(self, type_: Any, world: World, place: str, dice: random.Random, troubled: bool) -> Any:
        if troubled:
            wrong = dice.choice([*filter(is_object_type, self.schema.type_map.values()), None])
            if wrong is None or wrong.name.startswith("__"):
                return dice.choice([Stranger(), 5, "words", {}, [], {"__typename": "Stranger"}, {"__typename": "Int"}])
            return self._make_object(self, wrong, world, place)
        if is_abstract_type(type_):
            possible: GraphQLAbstractType = type_
            type_ = dice.choice(sorted(self.schema.get_possible_types(possible), key=str))
        return self._make_object(self, type_, world, place)

    def _list(self, type_: GraphQLList[Any], world: World, place: str, *, lasting: bool) -> Any:
        dice = world.dice(place, "list")
        items = [self._item(type_.of_type, world, f"{place}.{index}") for index in range(dice.choice([0, 1, 2, 2, 3]))]
        match dice.randrange(8):
            case 0:
                return tuple(items)
            case 1 if not lasting:
                return _generated(items, world.dice(place, "items"), world.trouble)
            case 2 if world.delay and not lasting:
                return _arriving(items, world.dice(place, "items"), world.trouble)
            case 3:
                return dict(enumerate(items)).values()
            case _:
                return items

    def _item(self, type_: Any, world: World, place: str) -> Any:
        dice = world.dice(place, "item")
        if dice.random() < world.delay / 4:
            return Later(lambda: self.outcome(type_, world, place), dice.choice([0, 1, 3]))
        return self.value(type_, world, place, lasting=True)


def _wrong_list(dice: random.Random) -> Any:
    return dice.choice([5, "words", Stranger(), {"a": 1}, b"bytes", {1}, 2.5])


def _generated(items: list[Any], dice: random.Random, trouble: float) -> Iterator[Any]:
    for item in items:
        yield item
        if dice.random() < trouble / 2:
            raise Refused("in the midst of a list")


async def _arriving(items: list[Any], dice: random.Random, trouble: float) -> AsyncIterator[Any]:
    for item in items:
        yield item
        if dice.random() < trouble / 2:
            raise Refused("in the midst of a list that arrives")
