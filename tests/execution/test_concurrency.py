"""Concurrency: slow fields and their siblings, loaders, serial mutations, and cancellation."""

import asyncio
import gc
import inspect
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

import pytest
import strawberry
from aiodataloader import DataLoader
from graphql import ExecutionResult, GraphQLSchema, parse
from graphql import execute as execute_by_graphql_core
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from bulksend import execution

MOST_SECONDS = 10
EXECUTORS = {"graphql-core": execute_by_graphql_core, "ours": execution.execute}


class Scene:
    """What the resolvers of one execution wait for and record."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.begun: dict[str, asyncio.Event] = {}
        self.story: list[str] = []
        self.batches: list[list[str]] = []
        self.loader: DataLoader[str, str] = DataLoader(self._load)

    def gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    def has_begun(self, name: str) -> asyncio.Event:
        return self.begun.setdefault(name, asyncio.Event())

    async def _load(self, keys: list[str]) -> list[str]:
        self.batches.append(sorted(keys))
        await asyncio.sleep(0)
        return keys


Info = strawberry.Info[Scene, None]


@strawberry.type
class Item:
    name: str

    @strawberry.field
    async def gated(self, info: Info, gate: str) -> "Item":
        info.context.story.append(f"{gate} begins")
        info.context.has_begun(gate).set()
        try:
            await info.context.gate(gate).wait()
        except asyncio.CancelledError:
            info.context.story.append(f"{gate} is cancelled")
            raise
        info.context.story.append(f"{gate} ends")
        return Item(name=gate)

    @strawberry.field
    def at_once(self, info: Info, tell: str) -> "Item":
        info.context.story.append(tell)
        info.context.has_begun(tell).set()
        return Item(name=tell)

    @strawberry.field
    async def soon(self, info: Info, tell: str, fails: bool = False) -> "Item":
        info.context.story.append(f"{tell} begins")
        await asyncio.sleep(0)
        info.context.story.append(f"{tell} ends")
        info.context.has_begun(tell).set()
        if fails:
            raise ValueError(tell)
        return Item(name=tell)

    @strawberry.field
    async def loaded(self, info: Info) -> str:
        return await info.context.loader.load(self.name)

    @strawberry.field
    def loaded_as_future(self, info: Info) -> str:
        return cast("str", info.context.loader.load(f"{self.name} future"))

    @strawberry.field
    async def loaded_item(self, info: Info) -> "Item":
        return Item(name=await info.context.loader.load(f"{self.name}'s"))

    @strawberry.field
    def items(self, count: int = 3) -> list["Item"]:
        return [Item(name=f"{self.name}{number}") for number in range(count)]

    @strawberry.field
    async def surely(self, info: Info) -> int:
        raise ValueError("surely not")


@strawberry.type
class Query(Item):
    pass


@strawberry.type
class Mutation(Item):
    pass


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation)._schema


@pytest.fixture(params=EXECUTORS)
def execute(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Each of the two executors, called as Strawberry calls it."""
    executed = EXECUTORS[request.param]

    def call(text: str, scene: Scene, schema: GraphQLSchema = SCHEMA) -> Any:
        before = execution.counts["compiled"]
        result: Any = executed(
            schema,
            parse(text),
            Query(name="root"),
            scene,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=optimized_is_awaitable,
            operation_extensions=None,
        )
        assert execution.counts["compiled"] - before == (request.param == "ours")
        return result

    return call


@pytest.fixture(autouse=True)
def nothing_is_never_awaited(quick_collection: None) -> Iterator[None]:
    """Collect garbage at the end of the test, and require that it causes no warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert not [str(warning.message) for warning in caught]


async def _ended(result: Awaitable[ExecutionResult]) -> ExecutionResult:
    return await asyncio.wait_for(result, MOST_SECONDS)


async def _happens(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), MOST_SECONDS)


async def test_a_slow_field_does_not_hold_its_siblings_children_back(execute: Callable[..., Any]) -> None:
    scene = Scene()
    text = """{
      slow: gated(gate: "slow") { name }
      items { slow: gated(gate: "slow") { name } quick: soon(tell: "outer") { soon(tell: "inner") { name } } }
    }"""
    running = asyncio.ensure_future(execute(text, scene))
    await _happens(scene.has_begun("inner"))
    assert scene.story.count("inner ends") >= 1
    assert "slow ends" not in scene.story
    scene.gate("slow").set()
    result = await _ended(running)
    assert result.errors is None
    assert result.data is not None
    assert [*result.data] == ["slow", "items"]
    assert [*result.data["items"][0]] == ["slow", "quick"]


async def test_a_slow_item_does_not_hold_the_next_one_back(execute: Callable[..., Any]) -> None:
    scene = Scene()
    text = """{
      a: gated(gate: "a") { atOnce(tell: "below a") { name } }
      b: gated(gate: "b") { atOnce(tell: "below b") { name } }
    }"""
    running = asyncio.ensure_future(execute(text, scene))
    await _happens(scene.has_begun("b"))
    scene.gate("b").set()
    await _happens(scene.has_begun("below b"))
    assert "below a" not in scene.story
    scene.gate("a").set()
    assert (await _ended(running)).data == {
        "a": {"atOnce": {"name": "below a"}},
        "b": {"atOnce": {"name": "below b"}},
    }


@pytest.mark.parametrize(
    ("text", "batches"),
    [
        ("{ items { loaded } }", [["root0", "root1", "root2"]]),
        # Loads requested during the call itself are batched one iteration before those requested by a coroutine.
        ("{ items { loaded loadedAsFuture } }", [[f"root{n} future" for n in range(3)], ["root0", "root1", "root2"]]),
        ("{ items { items(count: 1) { loaded } } loaded }", [["root", "root00", "root10", "root20"]]),
        (
            "{ items(count: 2) { loadedItem { loadedItem { loaded } } } }",
            [["root0's", "root1's"], ["root0's's", "root1's's"]],
        ),
        (
            '{ a: soon(tell: "a") { loaded } b: soon(tell: "b") { loaded c: soon(tell: "c") { loaded } } }',
            [["a", "b"], ["c"]],
        ),
    ],
)
async def test_loaders_load_a_level_at_once(execute: Callable[..., Any], text: str, batches: list[list[str]]) -> None:
    scene = Scene()
    result = await _ended(execute(text, scene))
    assert result.errors is None
    assert [sorted(batch) for batch in scene.batches] == [sorted(batch) for batch in batches]


async def test_mutations_are_one_after_another(execute: Callable[..., Any]) -> None:
    scene = Scene()
    text = """mutation {
      a: soon(tell: "a") { soon(tell: "below a") { name } }
      b: atOnce(tell: "b") { soon(tell: "below b") { name } }
      c: soon(tell: "c") { name }
    }"""
    result = await _ended(execute(text, scene))
    assert result.errors is None
    assert scene.story == [
        "a begins", "a ends", "below a begins", "below a ends",
        "b", "below b begins", "below b ends", "c begins", "c ends",
    ]  # fmt: skip


async def test_after_a_mutation_that_makes_all_null_there_is_no_other(execute: Callable[..., Any]) -> None:
    scene = Scene()
    text = 'mutation { a: soon(tell: "a", fails: true) { name } b: soon(tell: "b") { name } }'
    result = await _ended(execute(text, scene))
    assert result.data is None
    assert [error.message for error in result.errors or []] == ["a"]
    assert scene.story == ["a begins", "a ends"]


@pytest.mark.parametrize(
    "text",
    [
        '{ gated(gate: "a") { name } }',
        '{ a: gated(gate: "a") { name } b: gated(gate: "b") { name } loaded }',
        '{ soon(tell: "x") { a: gated(gate: "a") { name } items { gated(gate: "b") { name } } } }',
        'mutation { a: gated(gate: "a") { name } b: soon(tell: "b") { name } }',
    ],
)
async def test_cancelling_leaves_nothing(execute: Callable[..., Any], text: str) -> None:
    scene = Scene()
    before = asyncio.all_tasks()
    running = asyncio.ensure_future(execute(text, scene))
    await _happens(scene.has_begun("a"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await _ended(running)
    assert "a is cancelled" in scene.story
    assert not any("ends" in told for told in scene.story if told[0] in "ab")
    await _nothing_is_left(before)


async def test_a_failure_leaves_nothing(execute: Callable[..., Any]) -> None:
    scene = Scene()
    before = asyncio.all_tasks()
    text = '{ surely a: gated(gate: "a") { name } items { gated(gate: "b") { name } } }'
    result = await _ended(execute(text, scene))
    assert result.data is None
    assert [error.message for error in result.errors or []] == ["surely not"]
    await _nothing_is_left(before)


@pytest.mark.parametrize(
    ("text", "is_later"),
    [
        ("{ name }", False),
        ("{ items { name } }", False),
        ('{ atOnce(tell: "a") { name } }', False),
        ('{ soon(tell: "a") { name } }', True),
        ("{ items(count: 0) { loaded } }", False),
        ("{ items { loadedAsFuture } }", True),
        ("{ loaded @skip(if: true) name }", False),
        ("mutation { name }", False),
        ('mutation { name soon(tell: "a") { name } }', True),
        ("{ __typename }", False),
    ],
)
async def test_is_awaitable_when_something_is_awaited(execute: Callable[..., Any], text: str, is_later: bool) -> None:
    result = execute(text, Scene())
    assert inspect.isawaitable(result) is is_later
    if is_later:
        await _ended(result)
    else:
        assert isinstance(result, ExecutionResult)


async def _nothing_is_left(before: set[asyncio.Task[Any]]) -> None:
    for _ in range(20):
        await asyncio.sleep(0)
    # Fixtures of other tests start and end tasks meanwhile; a leftover of this test would wait at a gate forever.
    if left := asyncio.all_tasks() - before:
        _, unfinished = await asyncio.wait(left, timeout=MOST_SECONDS)
        assert not unfinished
