"""A Strawberry schema with every kind of field."""

# The resolvers return whatever the world prescribes.
# mypy: disable-error-code="no-any-return, untyped-decorator"

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from support.differential.calls import place_of
from support.differential.strawberry_answers import Info, answer, answer_later, without_info
from support.differential.strawberry_inputs import CONFIG, Colour, Everything, Filter, Level, Odd, OneOf, Renamed
from support.differential.worlds import world

FIRST = strawberry.ID("1")


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
        return cast("str | None", await info.context.loader.load(f"{info.path.key}" + str(vars(self)["_place"])))


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
    def person(self, info: Info, id: strawberry.ID = FIRST) -> Person | None:
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


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, types=[Robot, Dog], config=CONFIG)
