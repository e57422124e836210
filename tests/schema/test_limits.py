"""The limits: each refuses what is one too many, before execution and in time linear in the document."""

from typing import Any

import pytest
from graphql import GraphQLError, get_introspection_query, parse

from bulksend.schema.build import Schema, build_schema
from bulksend.schema.operations.cache import PreparedDocuments
from bulksend.schema.operations.limits import MOST_COUNTED, Limits, check_document, check_variables

SMALL = Limits(characters=3000, tokens=200, depth=4, aliases=3, directives=2, cost=500, list_items=5, values=20)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema(limits=SMALL)


async def refusal(schema: Schema, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The extensions of the one error about a limit, or None if the operation was executed."""
    result = await schema.execute(query, variable_values=variables)
    errors = [error for error in result.errors or () if (error.extensions or {}).get("code") == "QUERY_TOO_COMPLEX"]
    if not errors:
        return None
    (error,) = errors
    assert result.errors == [error]
    extensions: dict[str, Any] = dict(error.extensions or {})
    assert str(extensions["maximum"]) in error.message
    return extensions


@pytest.mark.parametrize(
    ("limit", "allowed", "refused"),
    [
        ("characters", "{ __typename }" + " " * 2986, "{ __typename }" + " " * 2987),
        ("tokens", "{" + " __typename" * 198 + "}", "{" + " __typename" * 199 + "}"),
        (
            "depth",
            "{ rateLimit { lastBulkSend { template { id } } } }",
            "{ rateLimit { lastBulkSend { documents { nodes { id } } } } }",
        ),
        (
            "aliases",
            "{ a: __typename b: __typename c: __typename }",
            "{ a: __typename b: __typename c: __typename d: __typename }",
        ),
        (
            "directives",
            "{ __typename @skip(if: true) @include(if: true) }",
            "{ __typename @skip(if: true) @include(if: true) ... @skip(if: true) { __typename } }",
        ),
        (
            "cost",
            "{ bulkSends(first: 100) { nodes { id name status } } }",
            "{ bulkSends(first: 100) { nodes { id name status totalCount sentCount } } }",
        ),
    ],
)
async def test_each_limit_is_where_it_says(schema: Schema, limit: str, allowed: str, refused: str) -> None:
    assert await refusal(schema, allowed) is None
    found = await refusal(schema, refused)
    assert found is not None
    assert (found["limit"], found["maximum"]) == (limit, getattr(SMALL, limit))


async def test_a_document_nested_too_deeply_for_the_parser_is_too_deep(schema: Schema) -> None:
    deep = build_schema()
    found = await refusal(deep, "{a" * 300 + "}" * 300)
    assert found is not None
    assert found["limit"] == "depth"
    found = await refusal(deep, "{ node(id: " + "[" * 300 + "]" * 300 + ") { id } }")
    assert found is not None
    assert found["limit"] == "depth"


@pytest.mark.parametrize(
    "query",
    [
        # Each by a fragment, twice, or in a fragment of a fragment.
        "{ ...A ...A } fragment A on Query { a: __typename b: __typename }",
        "{ ...A } fragment A on Query { ...B ...C } fragment B on Query { a: __typename b: __typename }"
        " fragment C on Query { c: __typename d: __typename }",
        "{ ... { ...A } ... on Query { ...A } } fragment A on Query { a: __typename b: __typename }",
    ],
)
async def test_fragments_hide_nothing(schema: Schema, query: str) -> None:
    found = await refusal(schema, query)
    assert found is not None
    assert (found["limit"], found["actual"]) == ("aliases", 4)


async def test_depth_counts_through_fragments(schema: Schema) -> None:
    query = """
    { rateLimit { ...R } }
    fragment R on RateLimit { lastBulkSend { ... { ...B } } }
    fragment B on BulkSend { documents { nodes { id } } }
    """
    found = await refusal(schema, query)
    assert found is not None
    assert (found["limit"], found["actual"]) == ("depth", 5)


@pytest.mark.parametrize("n", [30, 300])
async def test_doubled_fragments_are_measured_once_each(n: int) -> None:
    doubled = " ".join(f"fragment F{i} on Query {{ a: __typename ...F{i + 1} ...F{i + 1} }}" for i in range(n))
    document = parse(f"{{ ...F0 }} {doubled} fragment F{n} on Query {{ __typename }}")
    error = check_document(document, Limits())
    assert error is not None
    assert error.extensions is not None
    assert error.extensions["actual"] == min(2**n - 1, MOST_COUNTED)


async def test_fragments_in_a_circle_are_left_to_validation(schema: Schema) -> None:
    result = await schema.execute("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")
    assert result.errors
    assert result.errors[0].extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    result = await schema.execute("{ ...A ...Nothing } fragment A on Query { ...A }")
    assert result.errors


async def test_comparing_fields_has_an_end() -> None:
    fragments = " ".join(f"fragment F{n} on Query {{ {'__typename ' * 8} }}" for n in range(100))
    found = await refusal(build_schema(), "{" + " ".join(f"...F{n}" for n in range(100)) + "}" + fragments)
    assert found is not None
    assert found["limit"] == "comparisons"


async def test_errors_of_validation_have_an_end(schema: Schema) -> None:
    result = await schema.execute("{" + " ".join(f"nothing{n}" for n in range(150)) + "}")
    assert result.errors
    assert len(result.errors) <= 21


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ __typename }", None, 1),
        ("{ viewer { organization { id name } } }", None, 4),
        ("{ bulkSends { totalCount } }", None, 2),
        ("{ bulkSends { nodes { id } } }", None, 2 + 25),
        ("{ bulkSends(first: 10) { nodes { id } } }", None, 2 + 10),
        ("{ bulkSends(last: 10) { nodes { id } } }", None, 2 + 10),
        ("{ bulkSends(first: 10, last: 20) { nodes { id } } }", None, 2 + 20),
        ("{ bulkSends(first: null) { nodes { id } } }", None, 2 + 25),
        ("{ bulkSends(first: -5) { nodes { id } } }", None, 2),
        ("{ bulkSends(first: 1000000) { nodes { id } } }", None, 2 + 500),
        ("query($n: Int) { bulkSends(first: $n) { nodes { id } } }", {"n": 7}, 2 + 7),
        ("query($n: Int) { bulkSends(first: $n) { nodes { id } } }", {"n": None}, 2 + 25),
        ("query($n: Int) { bulkSends(first: $n) { nodes { id } } }", {"n": "7"}, 2 + 25),
        ("query($n: Int) { bulkSends(first: $n) { nodes { id } } }", None, 2 + 25),
        ("query($n: Int = 3) { bulkSends(first: $n) { nodes { id } } }", None, 2 + 3),
        ("{ bulkSends(first: 10) { edges { cursor node { id } } } }", None, 2 + 10 * 3),
        ("{ bulkSends(first: 2) { nodes { documents(first: 3) { nodes { id } } } } }", None, 2 + 2 * (2 + 3)),
        ("{ bulkSends(first: 10) { ...P } } fragment P on BulkSendConnection { nodes { id } }", None, 2 + 10),
        (
            "{ a: bulkSends(first: 10) { ...P } b: bulkSends(first: 20) { ...P } }"
            " fragment P on BulkSendConnection { nodes { id } }",
            None,
            2 + 10 + 2 + 20,
        ),
        ("{ bulkSends(first: 4) { ... { nodes { ... on BulkSend { id } ... on Node { id } } } } }", None, 2 + 4 * 2),
        ('{ nodes(ids: ["a", "b", "c"]) { id ... on BulkSend { name } } }', None, 1 + 3 * 2),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b"]}, 1 + 2),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": "a"}, 1 + 10),
        ('mutation { deleteBulkSend(input: { id: "x" }) { userErrors { code } } }', None, 2 + 10),
        ('subscription { bulkSend(id: "x") { id documents(first: 5) { nodes { id } } } }', None, 3 + 1 + 5),
    ],
)
async def test_costs(query: str, variables: dict[str, Any] | None, cost: int) -> None:
    schema = build_schema()
    document = parse(query)
    assert schema._prices.cost(document, document.definitions[0], variables) == cost  # type: ignore[arg-type]


async def test_introspection_passes_with_room() -> None:
    schema = build_schema()
    query = get_introspection_query(specified_by_url=True, input_value_deprecation=True, schema_description=True)
    result = await schema.execute(query)
    assert result.errors is None
    assert result.extensions
    assert result.extensions["cost"]["requested"] < Limits().cost * 0.7
    many = (
        "{"
        + " ".join(f"s{n}: __schema {{ types {{ fields {{ args {{ type {{ name }} }} }} }} }}" for n in range(50))
        + "}"
    )
    found = await refusal(schema, many)
    assert found is not None
    assert found["limit"] == "cost"


@pytest.mark.parametrize(
    ("variables", "limit"),
    [
        (None, None),
        ({}, None),
        ({"a": [1] * 5, "b": {"c": [[1], [2]]}}, None),
        ({"a": [1] * 6}, "listItems"),
        ({"a": {"b": [[], [1] * 6]}}, "listItems"),
        ({f"v{n}": n for n in range(20)}, None),
        ({f"v{n}": n for n in range(21)}, "values"),
        ({"a": [[[1, 2, 3, 4]] * 5]}, "values"),
    ],
)
def test_variables_have_their_limits(variables: dict[str, Any] | None, limit: str | None) -> None:
    error = check_variables(variables, SMALL)
    assert (error.extensions or {})["limit"] == limit if error else limit is None


def test_deep_variables_are_walked_without_recursion() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert check_variables({"a": deep}, Limits()) is None


async def test_a_valid_document_is_prepared_once_and_an_invalid_one_not_kept() -> None:
    documents = PreparedDocuments(build_schema()._schema, Limits())
    first = await documents.prepare("{ __typename }")
    assert (await documents.prepare("{ __typename }")) is first
    broken = await documents.prepare("{ nothing }")
    assert broken.errors
    assert (await documents.prepare("{ nothing }")) is not broken


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulksend.schema.operations.cache.REMEMBERED_DOCUMENTS", 3)
    monkeypatch.setattr("bulksend.schema.operations.cache.REMEMBERED_CHARACTERS", 100)
    monkeypatch.setattr("bulksend.schema.operations.cache.LONGEST_REMEMBERED", 60)
    documents = PreparedDocuments(build_schema()._schema, Limits())
    for number in range(5):
        await documents.prepare(f"query Q{number} {{ __typename }}")
    assert [text.split()[1] for text in documents._remembered] == ["Q2", "Q3", "Q4"]
    await documents.prepare("{ __typename }" + " " * 46)
    assert len(documents._remembered) == 2
    assert sum(map(len, documents._remembered)) == documents._characters <= 100
    await documents.prepare("{ __typename }" + " " * 47)
    assert all(len(text) <= 60 for text in documents._remembered)


async def test_the_error_is_about_one_limit_only(schema: Schema) -> None:
    query = "{" + " ".join(f"a{n}: __typename @skip(if: true)" for n in range(10)) + "}"
    result = await schema.execute(query)
    assert isinstance(result.errors, list)
    (error,) = result.errors
    assert isinstance(error, GraphQLError)
