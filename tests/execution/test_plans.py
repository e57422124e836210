"""How many fields the plans have is what they are given up by, so it must not drift."""

import strawberry
from graphql import parse

from bulksend.execution.executor import execute, plan_cache_of
from bulksend.execution.plan_cache import SMALLEST_OPERATION


@strawberry.interface
class Animal:
    name: str


@strawberry.type
class Dog(Animal):
    barks: bool


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
