"""Plans: bounded in number, freed without garbage collection, readable by developers, and compiled on request."""

import asyncio
import gc
import traceback
import weakref
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, parse

from bulksend.execution import generated_source, without_tokens
from bulksend.execution.executor import execute, plan_cache_of
from bulksend.execution.plan_cache import MAXIMUM_FIELDS, SMALLEST_OPERATION


@strawberry.interface
class Animal:
    name: str


@strawberry.type
class Dog(Animal):
    barks: bool

    @strawberry.field
    def best(self) -> "Dog":
        return Dog(name="Max", barks=True)


@strawberry.type
class Query:
    @strawberry.field
    def animal(self) -> Animal:
        return Dog(name="Rex", barks=True)


def test_what_a_plan_learns_while_it_runs_does_not_count_against_others() -> None:
    schema = strawberry.Schema(Query, types=[Dog])._schema
    document = parse("{ animal { name ... on Dog { barks } } }")
    plans = plan_cache_of(schema)
    empty = plans.size
    execute(schema, document)
    assert plans.size > empty

    plans.exclude(document, None)

    assert plans.size == SMALLEST_OPERATION
    assert execute(schema, document).data == {"animal": {"name": "Rex", "barks": True}}  # type: ignore[union-attr]


TEXT = """query Named($size: Int!) {
  animals(size: $size) { ...Name }
  animal { name ... on Dog { barks best { name } } }
}
fragment Name on Animal { __typename name }"""


@strawberry.type
class Many(Query):
    @strawberry.field
    async def animals(self, size: int) -> list[Animal]:
        return [Dog(name=f"Rex {number}", barks=False) for number in range(size)]

    @strawberry.field
    def broken(self) -> list[str]:
        return [None]  # type: ignore[list-item]


def _unlinked(text: str) -> DocumentNode:
    return without_tokens(parse(text))


async def _executed(schema: GraphQLSchema, document: DocumentNode, **options: Any) -> ExecutionResult:
    result = execute(schema, document, Many(), variable_values={"size": 2}, **options)
    return await result if isawaitable(result) else result


async def test_an_evicted_plan_is_freed_without_a_garbage_collection() -> None:
    schema = strawberry.Schema(Many, types=[Dog])._schema
    document = _unlinked(TEXT)
    assert (await _executed(schema, document)).errors is None
    cache = plan_cache_of(schema)
    compiled = cache.find(schema, document, None)
    assert compiled is not None
    (plan,) = compiled.plans.values()
    left = [weakref.ref(found) for found in (document, plan, *(plan.roots if plan else ()))]
    gc.collect()
    gc.disable()
    try:
        del document, compiled, plan
        for number in range(MAXIMUM_FIELDS // SMALLEST_OPERATION):
            cache.find(schema, _unlinked(f"{{ a{number}: __typename }}"), None)
        assert [found() for found in left] == [None] * len(left)
    finally:
        gc.enable()


async def test_the_generated_source_is_shown_and_stands_in_tracebacks() -> None:
    schema = strawberry.Schema(Many, types=[Dog])._schema
    document = parse("{ broken }")

    source = generated_source(schema, document)
    (error,) = (await _executed(schema, document)).errors or []

    assert source is not None
    assert "def complete(value, run, indices, known=()):" in source
    shown = "".join(traceback.format_exception(error))
    assert "<graphql operation " in shown
    assert "raise run.locate(error, field0, indices) from error" in shown
    assert generated_source(schema, parse("{ __schema { description } }")) is None


async def test_a_new_operation_is_compiled_where_the_caller_wants() -> None:
    schema = strawberry.Schema(Many, types=[Dog])._schema
    document = parse(TEXT)
    asked: list[Callable[[], Any]] = []

    async def compile_in(call: Callable[[], Any]) -> Any:
        asked.append(call)
        return await asyncio.to_thread(call)

    results = [await _executed(schema, document, compile_in=compile_in) for _ in range(2)]

    assert [result.errors for result in results] == [None, None]
    assert results[0].data == results[1].data == (await _executed(schema, document)).data
    assert len(asked) == 1


async def test_documents_that_differ_in_literals_share_their_code() -> None:
    schema = strawberry.Schema(Many, types=[Dog])._schema
    sources = [generated_source(schema, parse(f"{{ animals(size: {size}) {{ name }} }}")) for size in (1, 2)]

    assert sources[0] is not None
    assert sources[0] == sources[1]
