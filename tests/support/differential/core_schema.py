"""A schema built only with graphql-core: default resolvers over dicts, objects and callables."""

from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    build_schema,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)
from support.differential.calls import place_of, told
from support.differential.values import Values
from support.differential.worlds import World, later, world

SDL = """
scalar Odd
enum Colour { RED GREEN BLUE }
input Point { x: Int! = 1, y: Float, colour: Colour = GREEN, next: Point, tags: [String!] = ["a"] }
input Choice @oneOf { number: Int, point: Point, word: String }
interface Node { id: ID! }
interface Place implements Node { id: ID!, near(by: Point = {x: 2}): Place }
type Town implements Place & Node {
  id: ID!, near(by: Point = {x: 2}): Place, name: String!, colours: [Colour!], mayor(odd: Odd = 3): Human!, size: Int
}
type Village implements Place & Node {
  id: ID!, near(by: Point = {x: 2}): Place, towns: [Town!]!, real: Float, odd: Odd
}
type Human implements Node { id: ID!, lives: Place, likes: [Thing], best: Thing!, truth: Boolean, grid: [[Int!]]! }
type Stone { weight: Float!, colour: Colour, under: [[Thing!]!] }
union Thing = Human | Stone | Town
type Query {
  node(id: ID!): Node, place: Place!, thing(choice: Choice): Thing, things(first: Int! = 2, at: [Point]): [Thing!],
  town(point: Point!, colours: [Colour] = [RED, null]): Town, human: Human,
  stone(in: [[Int]]): Stone!, words(a: String, b: ID = "b"): String
}
type Mutation {
  move(to: Point!, odd: Odd): Town, grow(by: Float = 0.5): Village!, drop: Stone, rename(to: String!): String
}
"""


def _odd(value: Any) -> int:
    if not isinstance(value, int) or value % 2 == 0:
        raise ValueError(f"{value!r} is not odd")
    return value


def resolve(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
    """Record the call and act as the world prescribes for this path."""
    here = world.get()
    here.note(place_of(info), str(info.parent_type), repr(given), told(info), type(source).__name__)
    return VALUES.result(info.return_type, here, ".".join(map(str, place_of(info))))


class Thing:
    """An object with attributes or methods."""

    def __repr__(self) -> str:
        return "<thing>"


def make_object(made_by: Values, type_: GraphQLObjectType, here: World, place: str) -> Any:
    """Return a dict or an object with plain values, or with callables for the others."""
    made: dict[str, Any] = {"__typename": type_.name}
    for name, field in type_.fields.items():
        at = f"{place}.{name}"
        if _is_plain(field) and here.dice(at, "callable").random() < 0.7:
            made[name] = made_by.attribute(field.type, here, at)
        else:
            made[name] = _callable(made_by, field, at)
    if here.dice(place, "kind").random() < 0.5:
        return made
    thing = Thing()
    vars(thing).update(made)
    return thing


def _callable(made_by: Values, field: GraphQLField, at: str) -> Any:
    def call(info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        world.get().note(place_of(info), str(info.parent_type), repr(given), told(info))
        return made_by.result(field.type, world.get(), at)

    return call


def _is_plain(field: GraphQLField) -> bool:
    type_: Any = field.type
    while is_non_null_type(type_) or is_list_type(type_):
        type_ = type_.of_type
    return not field.args and not is_composite_type(type_)


def _typename(value: Any) -> str | None:
    found = value.get("__typename") if isinstance(value, dict) else getattr(value, "__typename", None)
    return found if found is None or isinstance(found, str) else None


def _typename_now_or_later(value: Any, info: GraphQLResolveInfo[Any], _type: Any) -> Any:
    here, place = world.get(), ".".join(map(str, place_of(info)))
    dice = here.dice(place, "type")
    if dice.random() < here.trouble / 2:
        return dice.choice(["Unknown", "Int", "Query", 5, None])
    if dice.random() < here.delay:
        return later(lambda: _typename(value), dice)
    return _typename(value)


def _is_town_now_or_later(value: Any, info: GraphQLResolveInfo[Any]) -> Any:
    here, place = world.get(), ".".join(map(str, place_of(info)))
    dice = here.dice(place, "is type of")
    if dice.random() < here.delay:
        return later(lambda: _typename(value) == "Town", dice)
    return _typename(value) == "Town"


SCHEMA = build_schema(SDL)
VALUES = Values(SCHEMA, make_object)

_types: Any = SCHEMA.type_map
_types["Odd"].coerce_output_value = _types["Odd"].coerce_input_value = _odd
_types["Odd"].parse_value = _types["Odd"].serialize = _odd
_types["Thing"].resolve_type = _typename_now_or_later
_types["Node"].resolve_type = _typename_now_or_later
_types["Town"].is_type_of = _is_town_now_or_later
_types["Town"].fields["near"].args["by"].out_name = "around"
for _name in ("Query", "Mutation"):
    for _field in _types[_name].fields.values():
        _field.resolve = resolve
_types["Query"].fields["words"].resolve = None
_types["Query"].fields["human"].resolve = None
_types["Human"].fields["lives"].resolve = resolve


def root(here: World) -> Any:
    """Return the root value, which contains the fields without resolvers."""
    return make_object(VALUES, _types["Query"], here, "root")
