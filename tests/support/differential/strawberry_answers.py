"""Resolvers of the Strawberry schema: record the call, then act as the world prescribes."""

from typing import Any, TypeAlias

import strawberry
from graphql import GraphQLNonNull, GraphQLOutputType, GraphQLString
from support.differential.calls import as_place, place_of, told
from support.differential.strawberry_inputs import Everything, Filter, OneOf
from support.differential.worlds import World, later, world

Info: TypeAlias = strawberry.Info[World, Any]

_plain: dict[str, GraphQLOutputType] = {"String": GraphQLString, "String!": GraphQLNonNull(GraphQLString)}


def answer(info: Info, **given: Any) -> Any:
    """Record the call and act as the world prescribes for a synchronous resolver."""
    here, place = _called(info, given)
    return here.values.result(info._raw_info.return_type, here, place)


async def answer_later(info: Info, **given: Any) -> Any:
    """Record the call and act as the world prescribes for an asynchronous resolver."""
    here, place = _called(info, given)
    type_ = info._raw_info.return_type
    dice = here.dice(place, "asynchronous")
    if dice.random() < here.delay:
        return await later(lambda: here.values.outcome(type_, here, place), dice)
    return here.values.outcome(type_, here, place)


def _called(info: Info, given: dict[str, Any]) -> tuple[World, str]:
    here, path = world.get(), place_of(info)
    assert info.context is here
    here.note(path, f"{info._raw_info.parent_type}.{info.field_name}", repr(given), told(info))
    _spoil(given)
    return here, ".".join(map(str, path))


def _spoil(given: Any) -> None:
    """Modify the arguments, as a resolver is allowed to."""
    for value in given.values():
        if isinstance(value, list):
            value.append("spoilt")
        elif isinstance(value, Filter | Everything | OneOf):
            vars(value)["spoilt"] = True


def without_info(self: Any, name: str, type_: str, **given: Any) -> Any:
    """Record the call of a resolver without arguments and return a plain value."""
    here, place = world.get(), f"{vars(self)['_place']}.{name}" if self is not None else name
    here.note(as_place(place), name, repr(given))
    return here.values.value(_plain[type_], here, place)
