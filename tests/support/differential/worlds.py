"""The results of resolvers, derived from a seed: two executions of a document see the same world.

For every path in a response, a world decides what its resolver does: return a valid value or null, raise, return a
value of a wrong type, or any of these after a delay. It records every call.
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
    """An error that a resolver raises."""


@dataclass
class World:
    """`trouble`: the fraction of invalid values. `delay`: the fraction of delayed values. Both from 0 to 1."""

    seed: int
    trouble: float
    delay: float
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    loaded: list[list[str]] = field(default_factory=list)
    loader: Any = None
    values: Any = None

    def dice(self, place: str, purpose: str) -> random.Random:
        """Return the random generator of a path, the same in every execution."""
        return random.Random(f"{self.seed} {place} {purpose}")

    def note(self, *what: Any) -> None:
        """Record a call."""
        self.calls.append(what)

    @property
    def counted(self) -> Counter[tuple[Any, ...]]:
        return Counter(self.calls)


world: ContextVar[World] = ContextVar("world")


class Later:
    """An awaitable that is not a coroutine, so that Python does not warn if it is never awaited."""

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
    """Return the result of `make` after some loop iterations, as a coroutine, future, task or custom awaitable."""
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
