"""The objects of the Strawberry schema, and how to execute it."""

from typing import Any

from aiodataloader import DataLoader
from graphql import GraphQLObjectType
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from support.differential.calls import as_place
from support.differential.strawberry_schema import SCHEMA as STRAWBERRY_SCHEMA
from support.differential.strawberry_schema import Cat, Dog, Leaves, Person, Query, Robot
from support.differential.values import Values
from support.differential.worlds import World, later, world

# The same arguments with which Strawberry itself calls `execute`.
OPTIONS: dict[str, Any] = {
    "executor_class": StrawberryGraphQLCoreExecutionContext,
    "is_awaitable": optimized_is_awaitable,
    "middleware": None,
    "operation_extensions": {"asked": "by a test"},
}


def make_object(made_by: Values, type_: GraphQLObjectType, here: World, place: str) -> Any:
    """Return an object of a type's class; some objects record which attributes are read."""
    definition: Any = (type_.extensions or {}).get("strawberry-definition")
    if definition is None or type_.name in ("Query", "Mutation"):
        return object.__new__(Query)
    is_watched = here.dice(place, "watched").random() < 0.3
    made = object.__new__(_watched[definition.origin.__name__] if is_watched else definition.origin)
    state: dict[str, Any] = {"_place": place}
    for field in definition.fields:
        if field.base_resolver is None:
            graphql_field = type_.fields[STRAWBERRY_SCHEMA.config.name_converter.from_field(field)]
            at = f"{place}.{field.python_name}"
            if here.dice(at, "missing").random() > here.trouble / 4:
                state[field.python_name] = made_by.attribute(graphql_field.type, here, at)
    vars(made).update({"_place": place, "_hidden": state} if is_watched else state)
    return made


class _Watching:
    """Records the attributes that are read; its only attributes are those in `_hidden`."""

    def __getattr__(self, name: str) -> Any:
        hidden = self.__dict__.get("_hidden", {})
        if name not in hidden:
            raise AttributeError(name)
        world.get().note(as_place(hidden["_place"]), "read", name)
        return hidden[name]


_watched: dict[str, Any] = {
    kind.__name__: type(kind.__name__, (_Watching, kind), {}) for kind in (Leaves, Person, Robot, Cat, Dog)
}


def prepare(here: World) -> None:
    """Add values to a world, and a loader that records its batches."""

    async def load(keys: list[str]) -> list[str | Exception]:
        here.loaded.append(sorted(keys))
        await later(lambda: None, here.dice(str(sorted(keys)), "load"))
        return [ValueError(key) if here.dice(key, "load").random() < here.trouble else key for key in keys]

    here.values = VALUES
    here.loader = DataLoader(load)


SCHEMA = STRAWBERRY_SCHEMA._schema
VALUES = Values(SCHEMA, make_object)
