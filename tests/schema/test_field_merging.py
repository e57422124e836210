"""Field merging: the same verdicts as graphql-core's rule, in linear time."""

from typing import Final

import pytest
from graphql import (
    DocumentNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    OverlappingFieldsCanBeMergedRule,
    build_schema,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bulksend.schema.operations.field_merging import MergeLimitExceeded, merge_conflicts

SCHEMA: Final = build_schema(
    """
    interface Animal { id: ID! peer: Animal size(unit: Int, of: Part): Int name: String many: [Animal!] }
    type Cat implements Animal {
      id: ID! peer: Animal size(unit: Int, of: Part): Int name: String many: [Animal!]
      friend: Dog score: Int lists: [[Int]] owner: Cat
    }
    type Dog implements Animal {
      id: ID! peer: Animal size(unit: Int, of: Part): Int name: String many: [Animal!]!
      friend: Cat score: Float lists: [Int] owner: Cat!
    }
    union Pet = Cat | Dog
    input Part { a: Int b: Int }
    type Query { animal: Animal pet: Pet cat: Cat dog: Dog many: [Pet] }
    """
)
TYPES: Final = ("Animal", "Cat", "Dog", "Pet")
ARGUMENTS: Final = ("", "(unit: 1)", "(unit: $n)", '(unit: "1")', "(of: {a: 1, b: 2})", "(of: {b: 2, a: 1})")
FRAGMENTS: Final = 3


def fields_of(parent: GraphQLNamedType) -> list[str]:
    return ["__typename"] if isinstance(parent, GraphQLUnionType) else ["__typename", *parent.fields]  # type: ignore[attr-defined]


@st.composite
def selections(draw: st.DrawFn, parent: GraphQLNamedType, depth: int, first_fragment: int) -> str:
    """Generate a selection set of few names, so that many of them collide. Fragments spread only later fragments."""
    chosen = [draw(selection(parent, depth, first_fragment)) for _ in range(draw(st.integers(1, 3)))]
    return "{ " + " ".join(chosen) + " }"


@st.composite
def selection(draw: st.DrawFn, parent: GraphQLNamedType, depth: int, first_fragment: int) -> str:
    kinds = ["field", "field", "field", *(["inline", "bare"] if depth else [])]
    kinds += ["spread"] if first_fragment < FRAGMENTS else []
    match draw(st.sampled_from(kinds)):
        case "inline":
            condition = draw(st.sampled_from(TYPES))
            return f"... on {condition} {draw(selections(SCHEMA.type_map[condition], depth - 1, first_fragment))}"
        case "bare":
            return f"... {draw(selections(parent, depth - 1, first_fragment))}"
        case "spread":
            return f"...F{draw(st.integers(first_fragment, FRAGMENTS - 1))}"
    name = draw(st.sampled_from(fields_of(parent)))
    alias = draw(st.sampled_from(["", "", "a: ", "b: "]))
    if name == "__typename":
        return alias + name
    arguments = draw(st.sampled_from(ARGUMENTS)) if name == "size" else ""
    inner: GraphQLNamedType = get_named_type(parent.fields[name].type)  # type: ignore[attr-defined,assignment]
    if is_leaf_type(inner):
        return f"{alias}{name}{arguments}"
    if depth == 0:
        return f"{alias}__typename"
    return f"{alias}{name} {draw(selections(inner, depth - 1, first_fragment))}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    query = SCHEMA.query_type
    assert isinstance(query, GraphQLObjectType)
    operations = [f"query Q{n}($n: Int) {draw(selections(query, 3, 0))}" for n in range(draw(st.integers(1, 2)))]
    fragments = []
    for number in range(FRAGMENTS):
        condition = draw(st.sampled_from(TYPES))
        inner = draw(selections(SCHEMA.type_map[condition], 3, number + 1))
        fragments.append(f"fragment F{number} on {condition} {inner}")
    return "\n".join([*operations, *fragments])


def conflicts_by_core(document: DocumentNode) -> bool:
    errors = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])
    # It aborts on some documents that are hardly longer than a page.
    assume(all("Validation aborted" not in error.message for error in errors))
    return bool(errors)


@given(documents())
@settings(max_examples=150, deadline=None)
def test_the_verdict_is_graphql_cores(text: str) -> None:
    document = parse(text)
    ours = merge_conflicts(SCHEMA, document, most_fields=1_000_000)
    assert bool(ours) == conflicts_by_core(document), text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{ cat { a: name a: id } }",
            "Fields 'a' conflict because 'name' and 'id' are different fields. "
            "Use different aliases on the fields to fetch both if this was intentional.",
        ),
        (
            "{ cat { size size(unit: 1) } }",
            "Fields 'size' conflict because they have differing arguments. "
            "Use different aliases on the fields to fetch both if this was intentional.",
        ),
        (
            "{ animal { ... on Cat { score } ... on Dog { score } } }",
            "Fields 'score' conflict because they return conflicting types 'Int' and 'Float'. "
            "Use different aliases on the fields to fetch both if this was intentional.",
        ),
    ],
)
def test_a_conflict_is_told_as_graphql_core_does(text: str, message: str) -> None:
    document = parse(text)
    (ours,) = merge_conflicts(SCHEMA, document, most_fields=100)
    (theirs,) = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])
    assert ours.message == theirs.message == message
    assert ours.locations == theirs.locations


def nested_twice(depth: int) -> str:
    """Nest the same field twice at every level: 2^depth paths to the innermost field."""
    fragments = " ".join(
        f"fragment F{n} on Cat {{ friend {{ owner {{ ...F{n + 1} }} }} owner {{ ...F{n + 1} }} }}" for n in range(depth)
    )
    return f"{{ cat {{ ...F0 }} }} {fragments} fragment F{depth} on Cat {{ id }}"


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("{ cat { " + "name " * 100 + "} }", "{ cat { " + "name " * 200 + "} }"),
        ("{ " + "animal { peer { id } } " * 100 + "}", "{ " + "animal { peer { id } } " * 200 + "}"),
        (
            "{ " + "animal { ... on Cat { owner { id } } ... on Dog { owner { id } } } " * 100 + "}",
            "{ " + "animal { ... on Cat { owner { id } } ... on Dog { owner { id } } } " * 200 + "}",
        ),
        (nested_twice(30), nested_twice(60)),
    ],
)
def test_twice_the_document_is_twice_the_work(small: str, large: str) -> None:
    assert work(large) <= 2 * work(small)


def work(text: str) -> int:
    """Return the number of fields that have to be visited, found by bisection."""
    document = parse(text)
    least, most = 0, 1_000_000
    while most - least > 1:
        middle = (least + most) // 2
        try:
            merge_conflicts(SCHEMA, document, most_fields=middle)
            most = middle
        except MergeLimitExceeded:
            least = middle
    return most
