"""What resolvers give, follows from a number alone: two executions of one document see the same world.

A world decides, for every place in a response, what its resolver does: a proper value, null, something that raises, a
value of a wrong type, or any of them later. It notes every call.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLError

Make: TypeAlias = "Callable[[World, str], Any]"


class Refused(Exception):
    """What a resolver raises."""


@dataclass
class World:
    """`trouble`: how often a value is not what it should be. `delay`: how often it comes later. Both 0 to 1."""

    seed: int
    trouble: float
    delay: float
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    loaded: list[list[str]] = field(default_factory=list)
    loader: Any = None
    values: Any = None

    def dice(self, place: str, purpose: str) -> random.Random:
        """Give the dice of a place, the same in every execution."""
        return random.Random(f"{self.seed} {place} {purpose}")

    def note(self, *what: Any) -> None:
        """Note a call."""
        self.calls.append(what)

    @property
    def counted(self) -> Counter[tuple[Any, ...]]:
        return Counter(self.calls)


world: ContextVar[World] = ContextVar("world")


class Later:
    """An awaitable that is not a coroutine: nobody complains when it is not awaited."""

    def __init__(self, make: Callable[[], Any], turns: int) -> None:
        self.make = make
        self.turns = turns

    def __await__(self) -> Generator[Any, None, Any]:
        for _ in range(self.turns):
            yield from asyncio.sleep(0).__await__()
        return self.make()

    def __repr__(self) -> str:
        return "<later>"


def later(make: Callable[[], Any], dice: random.Random) -> Awaitable[Any]:
    """Give what `make` gives, some turns of the loop later: a coroutine, a future, a task, or an object of ours."""
    turns = dice.choice([0, 0, 1, 2, 5])

    async def coroutine() -> Any:
        for _ in range(turns):
            await asyncio.sleep(0)
        return make()

    async def fulfil(future: asyncio.Future[Any]) -> None:
        try:
            future.set_result(await coroutine())
        except Exception as error:
            future.set_exception(error)

    match dice.randrange(4):
        case 0:
            return coroutine()
        case 1:
            return Later(make, turns)
        case 2:
            return asyncio.ensure_future(coroutine())
        case _:
            future = asyncio.get_running_loop().create_future()
            helper = asyncio.ensure_future(fulfil(future))
            future.add_done_callback(lambda _: helper.done())
            return future


def refuse(place: str, dice: random.Random) -> Any:
    """Raise one of the errors that a resolver may."""
    match dice.randrange(5):
        case 0:
            raise Refused(f"refused at {place}")
        case 1:
            raise GraphQLError(f"told at {place}", extensions={"code": "TOLD", "at": place})
        case 2:
            raise GraphQLError("told of elsewhere", path=["elsewhere", 3])
        case 3:
            raise GraphQLError(f"caused at {place}", original_error=Refused("the cause"))
        case _:
            raise ZeroDivisionError
