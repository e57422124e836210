"""How many fields the plans have is what they are given up by, so it must not drift."""

import strawberry
from graphql import parse

from bulksend.execution.executing import execute, plans_of


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
    plans = plans_of(schema)
    execute(schema, document)
    assert plans.fields > 0

    plans.distrust(document, None)

    assert plans.fields == 0
