"""Variables of all types with any JSON: resolvers receive the same values, and errors have the same messages."""

from typing import Any

import pytest
from graphql import (
    GraphQLInputType,
    GraphQLSchema,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    parse,
    type_from_ast,
)
from hypothesis import given
from hypothesis import strategies as st
from support.differential import core_schema, strawberry_objects
from support.differential.executions import Request
from support.differential.json_values import ANYTHING
from support.differential.trials import check_one, many

pytestmark = pytest.mark.usefixtures("quick_collection", "most_are_compiled")

SCHEMAS: dict[str, tuple[GraphQLSchema, Any, Any, dict[str, Any]]] = {
    "strawberry": (
        strawberry_objects.SCHEMA,
        lambda _: None,
        strawberry_objects.prepare,
        strawberry_objects.OPTIONS,
    ),
    "graphql-core": (core_schema.SCHEMA, core_schema.root, lambda _: None, {}),
}
DOCUMENTS = {
    "strawberry": [
        "query($a: Filter!, $b: [Level!], $c: [[Int]!]) { search(filter: $a, flags: $b, grid: $c) { __typename } }",
        "query($a: OneOf!, $b: OneOf) { one(of: $a, otherwise: $b) }",
        "query($a: Int!, $b: String, $c: String!) { one(of: {inner: {number: $a, word: $b}}, otherwise: {word: $c}) }",
        "query($a: Everything) { everything(input: $a) { __typename } }",
        "query($a: JSON, $b: Odd, $c: [[Filter]]) { everything(input: {json: $a, odd: $b, filters: $c}) { words } }",
        "query($a: DateTime, $b: UUID, $c: Decimal, $d: Date) {"
        " everything(input: {moment: $a, key: $b, amount: $c, day: $d}) { words } }",
        "query($a: Float! = 2, $b: Odd) { rest(whole: 5, real: $a, odd: $b) }",
        "query($a: Int! = 3, $b: Float) { rest(whole: $a, real: $b) }",
        "query($a: [ID!]!, $b: ID! = 5) { nodes(ids: $a) { id } person(id: $b) { id } }",
        "query($a: Colour = GREEN, $b: [Colour!]) { named { greeting(colour: $a) } pets(colours: $b) { __typename } }",
        "mutation($a: Everything! = {whole: 3}, $b: Colour) { change(to: $a) { id } surelyChange(colour: $b) { id } }",
        "query($a: Boolean, $b: Boolean! = false) { a: __typename @skip(if: $a) b: __typename @include(if: $b) }",
    ],
    "graphql-core": [
        "query($a: Choice, $b: [Point]) { thing(choice: $a) { __typename } things(at: $b) { __typename } }",
        "query($a: Point!, $b: [Colour]) { town(point: $a, colours: $b) { name near { id } } }",
        "query($a: Int, $b: Point, $c: [String!]!) { town(point: {x: $a, next: $b, tags: $c}) { near(by: $b) { id } }}",
        "query($a: String, $b: ID) { words(a: $a, b: $b) }",
        "mutation($a: Float, $b: Odd) { grow(by: $a) { id } move(to: {}, odd: $b) { mayor(odd: $b) { id } } }",
    ],
}


def _inputs(schema: GraphQLSchema, type_: GraphQLInputType, depth: int = 0) -> st.SearchStrategy[Any]:
    """Generate values that are mostly valid for a type."""
    if is_non_null_type(type_):
        return _inputs(schema, type_.of_type, depth)
    wrong = st.sampled_from(ANYTHING)
    if is_list_type(type_):
        items = _inputs(schema, type_.of_type, depth + 1)
        return st.lists(items, max_size=3) | items | _alike(schema, type_.of_type, depth + 1) | wrong
    if is_input_object_type(type_):
        if depth > 3:
            return st.none()
        fields = _fields(schema, type_, depth)
        right = st.fixed_dictionaries({}, optional=fields)
        return right | right | right.map(lambda made: made | {"unknown": 1}) | wrong
    return _leaves(str(type_)) | _leaves(str(type_)) | wrong


def _alike(schema: GraphQLSchema, type_: Any, depth: int) -> st.SearchStrategy[Any]:
    """Generate lists of objects that all have the same fields, valid or not."""
    type_ = type_.of_type if is_non_null_type(type_) else type_
    if not is_input_object_type(type_) or depth > 3:
        return st.just([])
    fields = _fields(schema, type_, depth)
    names = st.lists(st.sampled_from([*fields, *fields, "unknown"]), unique=True)
    return names.flatmap(
        lambda names: st.lists(
            st.fixed_dictionaries({name: fields.get(name, st.just(1)) for name in names}), min_size=1, max_size=4
        )
    )


def _fields(schema: GraphQLSchema, type_: Any, depth: int) -> dict[str, st.SearchStrategy[Any]]:
    return {name: _inputs(schema, field.type, depth + 1) for name, field in type_.fields.items()}


def _leaves(name: str) -> st.SearchStrategy[Any]:
    known: dict[str, list[Any]] = {
        "Int": [0, 1, -5, 2**31 - 1, 3.0],
        "Odd": [1, 3, 2],
        "Float": [0.5, 3, 1e10],
        "Boolean": [True, False],
        "Colour": ["RED", "GREEN", "blueish", "BLUE"],
        "Level": ["LOW", "HIGH"],
        "DateTime": ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+02:00"],
        "Date": ["2026-01-02"],
        "UUID": ["00000000-0000-0000-0000-000000000001"],
        "Decimal": ["1.10", 1],
    }
    return st.sampled_from(known.get(name, ["words", "", "ä\u2028\x00", 12]))


CASES = [(schema, text) for schema, texts in DOCUMENTS.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_are_coerced_and_refused_alike(name: str, text: str) -> None:
    schema, root, prepare, options = SCHEMAS[name]
    document = parse(text)
    types = _declared(schema, document)

    @many(40)
    @given(
        variables=st.fixed_dictionaries({}, optional={key: _inputs(schema, type_) for key, type_ in types.items()}),
        seed=st.integers(0, 3),
    )
    def comes_to_the_same(variables: dict[str, Any], seed: int) -> None:
        stricter = {"max_coercion_errors": 3, "hide_suggestions": True} if seed == 3 else {}
        request = Request(schema, document, root, variables, seed=seed, options=options | stricter, prepare=prepare)
        check_one(request, text)

    comes_to_the_same()


def _declared(schema: GraphQLSchema, document: Any) -> dict[str, Any]:
    (operation,) = document.definitions
    return {found.variable.name.value: type_from_ast(schema, found.type) for found in operation.variable_definitions}
