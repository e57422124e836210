"""A Strawberry schema with one of everything that a field can be."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, cast
from uuid import UUID

import strawberry
from differential.calls import as_place, place_of, told
from differential.strawberry_inputs import CONFIG, Colour, Everything, Filter, Level, Odd, OneOf, Renamed
from differential.values import Values
from differential.worlds import World, later, world
from aiodataloader import DataLoader
from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLOutputType, GraphQLString
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

Info: TypeAlias = strawberry.Info[World, Any]


def answer(info: Info, **given: Any) -> Any:
    """Note the call and do what the world has a synchronous resolver do."""
    return values().result(info._raw_info.return_type, *_called(info, given))


async def answer_later(info: Info, **given: Any) -> Any:
    """Note the call and do what the world has an asynchronous resolver do."""
    here, place = _called(info, given)
    type_ = info._raw_info.return_type
    dice = here.dice(place, "asynchronous")
    if dice.random() < here.delay:
        return await later(lambda: values().outcome(type_, here, place), dice)
    return values().outcome(type_, here, place)


def _called(info: Info, given: dict[str, Any]) -> tuple[World, str]:
    here, path = world.get(), place_of(info)
    assert info.context is here
    here.note(path, f"{info._raw_info.parent_type}.{info.field_name}", repr(given), told(info))
    _spoil(given)
    return here, ".".join(map(str, path))


def _spoil(given: Any) -> None:
    """Change what was given, which is the resolver's own to change."""
    for value in given.values():
        if isinstance(value, list):
            value.append("spoilt")
        elif isinstance(value, Filter | Everything | OneOf):
            vars(value)["spoilt"] = True


def without_info(self: Any, name: str, type_: str, **given: Any) -> Any:
    """Note the call of a resolver that is told nothing, and give a plain value."""
    here, place = world.get(), f"{vars(self)['_place']}.{name}" if self is not None else name
    here.note(as_place(place), name, repr(given))
    return values().value(cast("GraphQLOutputType", _plain[type_]), here, place)


class Allowed(BasePermission):
    message = "not allowed"

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:
        here, place = world.get(), place_of(info)
        return here.dice(str(place), "permission").random() > here.trouble


class Doubling(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        result = next_(source, info, **kwargs)
        return result * 2 if isinstance(result, str) else result


@strawberry.interface
class Node:
    id: strawberry.ID

    @strawberry.field
    def depth(self, info: Info, unit: str = "m") -> int | None:
        return answer(info, unit=unit)


@strawberry.interface
class Named:
    name: str

    @strawberry.field
    async def greeting(self, info: Info, colour: Colour = Colour.RED, times: int | None = 2) -> str | None:
        return await answer_later(info, colour=colour, times=times)


@strawberry.type
class Leaves:
    whole: int
    maybe_whole: int | None
    real: float
    words: str
    maybe_words: str | None
    truth: bool
    id: strawberry.ID
    colour: Colour
    maybe_colour: Colour | None
    level: Level
    moment: datetime | None
    day: date
    amount: Decimal
    key: UUID
    json: strawberry.scalars.JSON | None
    odd: Odd
    numbers: list[int]
    grid: list[list[int | None]] | None
    colours: list[Colour | None]
    renamed_here: str | None = strawberry.field(name="calledOtherwise")


@strawberry.type
class Person(Node, Named):
    leaves: Leaves
    maybe_leaves: Leaves | None
    many_leaves: list[Leaves | None]
    cat: "Cat | None"

    @strawberry.field
    def best(self, info: Info) -> "Person | None":
        return answer(info)

    @strawberry.field
    async def friends(self, info: Info, first: int = 3, filter: Filter | None = None) -> "list[Person] | None":
        return await answer_later(info, first=first, filter=filter)

    @strawberry.field
    def pet(self, info: Info, called: Renamed = None) -> "Pet | None":
        return answer(info, called=called)

    @strawberry.field
    def surely_pet(self, info: Info) -> "Pet":
        return answer(info)

    @strawberry.field
    def shout(self, loud: bool = False) -> str | None:
        return without_info(self, "shout", "String", loud=loud)

    @strawberry.field
    async def whisper(self) -> str:
        return cast("str", without_info(self, "whisper", "String!"))

    @strawberry.field(permission_classes=[Allowed])
    def secret(self, info: Info) -> str | None:
        return answer(info)

    @strawberry.field(extensions=[Doubling()])
    def doubled(self, info: Info, times: int = 1) -> str | None:
        return answer(info, times=times)

    @strawberry.field
    def grid(self, info: Info, size: list[int] | None = None) -> "list[list[Person | None]] | None":
        return answer(info, size=size)

    @strawberry.field
    async def loaded(self, info: Info) -> str | None:
        return cast("str | None", await info.context.loader.load(info.path.key + str(vars(self)["_place"])))


@strawberry.type
class Robot(Node):
    serial: int | None

    @strawberry.field
    async def maker(self, info: Info) -> Person:
        return await answer_later(info)


def _parents_name(parent: strawberry.Parent["Cat"]) -> str | None:
    return without_info(parent, "lives", "String")


@strawberry.type
class Cat(Named):
    lives: str | None = strawberry.field(resolver=_parents_name)

    @strawberry.field
    def owner(root: "Cat", info: Info) -> Named | None:  # noqa: N805 (Strawberry knows it by this name)
        return answer(info)


@strawberry.type
class Dog(Named):
    @strawberry.field
    @staticmethod
    def tricks(info: Info) -> list[str | None] | None:
        return answer(info)


Pet = Annotated[Cat | Dog | Robot, strawberry.union("Pet")]


@strawberry.type
class Query:
    @strawberry.field
    def person(self, info: Info, id: strawberry.ID = strawberry.ID("1")) -> Person | None:
        return answer(info, id=id)

    @strawberry.field
    def surely_person(self, info: Info) -> Person:
        return answer(info)

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        return await answer_later(info, id=id)

    @strawberry.field
    def nodes(self, info: Info, ids: list[strawberry.ID] = strawberry.UNSET) -> list[Node | None]:
        return answer(info, ids=ids)

    @strawberry.field
    async def pets(self, info: Info, colours: list[Colour] | None = None) -> list[Pet]:
        return await answer_later(info, colours=colours)

    @strawberry.field
    def named(self, info: Info) -> Named:
        return answer(info)

    @strawberry.field
    def search(
        self, info: Info, filter: Filter, flags: list[Level] | None = None, grid: list[list[int | None]] | None = None
    ) -> list[Person | None] | None:
        return answer(info, filter=filter, flags=flags, grid=grid)

    @strawberry.field
    def one(self, info: Info, of: OneOf, otherwise: OneOf | None = None) -> str | None:
        return answer(info, of=of, otherwise=otherwise)

    @strawberry.field
    async def everything(self, info: Info, input: Everything | None = None) -> Leaves | None:
        return await answer_later(info, input=input)

    @strawberry.field
    def rest(self, whole: int, real: float = 1.5, odd: Odd | None = None) -> str | None:
        return without_info(None, "rest", "String", whole=whole, real=real, odd=odd)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self, info: Info, to: Everything) -> Person | None:
        return await answer_later(info, to=to)

    @strawberry.mutation
    def surely_change(self, info: Info, colour: Colour | None = None) -> Leaves:
        return answer(info, colour=colour)

    @strawberry.mutation
    async def remove(self, info: Info, id: strawberry.ID) -> bool | None:
        return await answer_later(info, id=id)


def make_object(made_by: Values, type_: GraphQLObjectType, here: World, place: str) -> Any:
    """Make an object of the class behind a type; some of them are watched."""
    definition: Any = (type_.extensions or {}).get("strawberry-definition")
    if definition is None or type_.name in ("Query", "Mutation"):
        return object.__new__(Query)
    is_watched = here.dice(place, "watched").random() < 0.3
    made = object.__new__(_watched[definition.origin.__name__] if is_watched else definition.origin)
    state: dict[str, Any] = {"_place": place}
    for field in definition.fields:
        if field.base_resolver is None:
            graphql_field = type_.fields[SCHEMA.config.name_converter.from_field(field)]
            at = f"{place}.{field.python_name}"
            if here.dice(at, "missing").random() > here.trouble / 4:
                state[field.python_name] = made_by.attribute(graphql_field.type, here, at)
    vars(made).update({"_place": place, "_hidden": state} if is_watched else state)
    return made


class _Watching:
    """Notes what is read; has nothing but what is in `_hidden`."""

    def __getattr__(self, name: str) -> Any:
        hidden = self.__dict__.get("_hidden", {})
        if name not in hidden:
            raise AttributeError(name)
        world.get().note(as_place(hidden["_place"]), "read", name)
        return hidden[name]


_watched: dict[str, Any] = {
    kind.__name__: type(kind.__name__, (_Watching, kind), {}) for kind in (Leaves, Person, Robot, Cat, Dog)
}

SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, types=[Robot, Dog], config=CONFIG)
_plain = {"String": GraphQLString, "String!": GraphQLNonNull(GraphQLString)}
_VALUES = Values(SCHEMA._schema, make_object)


def values() -> Values:
    """Give what makes values of this schema's types."""
    return _VALUES


def give_loader(here: World) -> None:
    """Give a world its loader, which notes the batches."""

    async def load(keys: list[str]) -> list[str | Exception]:
        here.loaded.append(sorted(keys))
        await later(lambda: None, here.dice(str(sorted(keys)), "load"))
        return [ValueError(key) if here.dice(key, "load").random() < here.trouble else key for key in keys]

    here.loader = DataLoader(load)
