"""Limits: each refuses one more than allowed, before execution and in time linear in the document."""

import gc
from typing import Any, NoReturn

import pytest
from graphql import GraphQLError, execute_sync, get_introspection_query, parse

from bulksend.resolvers.errors import Unauthenticated
from bulksend.schema.build import Schema, build_schema
from bulksend.schema.operations.cache import PreparedDocuments
from bulksend.schema.operations.cost import INTROSPECTION_FACTOR
from bulksend.schema.operations.limits import MOST_COUNTED, Limits, check_document, check_variables

SMALL = Limits(characters=3000, tokens=200, depth=4, aliases=3, directives=2, cost=500, list_items=5, values=20)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema(limits=SMALL)


async def refusal(schema: Schema, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Return the extensions of the single limit error, or None if the operation was executed."""
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
        # The fields are in fragments: spread twice, nested, or in inline fragments.
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


async def test_merging_fields_has_an_end() -> None:
    fragments = " ".join(f"fragment F{n} on Query {{ {'__typename ' * 8} }}" for n in range(100))
    query = "{" + " ".join(f"...F{n}" for n in range(100)) + "}" + fragments
    # Each field counts once, and each fragment counts once.
    assert await refusal(build_schema(limits=Limits(merged_fields=900)), query) is None
    found = await refusal(build_schema(limits=Limits(merged_fields=899)), query)
    assert found is not None
    assert found["limit"] == "mergedFields"


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


async def test_introspection_is_priced_close_above_what_it_returns() -> None:
    result = await build_schema().execute(get_introspection_query(input_value_deprecation=True))
    assert result.extensions
    returned = INTROSPECTION_FACTOR * fields_in(result.data)
    assert returned <= result.extensions["cost"]["requested"] <= 1.25 * returned


def fields_in(data: Any) -> int:
    if isinstance(data, list):
        return sum(map(fields_in, data))
    return sum(1 + fields_in(value) for value in data.values()) if isinstance(data, dict) else 0


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


async def test_a_document_is_prepared_once_whether_valid_or_not() -> None:
    documents = PreparedDocuments(build_schema()._schema, Limits())
    for text in ("{ __typename }", "{ nothing }", "{"):
        first = await documents.prepare(text, "a tenant")
        assert bool(first.errors) == (text != "{ __typename }")
        assert (await documents.prepare(text, "another tenant")) is first


async def test_no_garbage_is_collected_while_validation_makes_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = PreparedDocuments(build_schema()._schema, Limits())
    seen: list[bool] = []

    def validate(*_: object, **__: object) -> NoReturn:
        seen.append(gc.isenabled())
        raise RuntimeError

    monkeypatch.setattr("bulksend.schema.operations.cache.validate", validate)
    with pytest.raises(RuntimeError):
        await documents.prepare("{ __typename }", "a tenant")
    assert seen == [False]
    assert gc.isenabled()


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulksend.schema.operations.cache.VALID_CHARACTERS", 100)
    monkeypatch.setattr("bulksend.schema.operations.cache.LONGEST_CACHED", 60)
    documents = PreparedDocuments(build_schema()._schema, Limits())
    for number in range(5):
        await documents.prepare(f"query Q{number} {{ __typename }}", "a tenant")
    assert [text.split()[1] for text in documents._valid] == ["Q1", "Q2", "Q3", "Q4"]
    await documents.prepare("{ __typename }" + " " * 46, "a tenant")
    assert documents._valid.currsize <= 100
    assert "query Q1 { __typename }" not in documents._valid
    await documents.prepare("{ __typename }" + " " * 47, "a tenant")
    assert all(len(text) <= 60 for text in documents._valid)


async def test_refused_documents_push_out_no_valid_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulksend.schema.operations.cache.REFUSED_CHARACTERS", 100)
    documents = PreparedDocuments(build_schema()._schema, Limits())
    valid = await documents.prepare("{ __typename }", "a tenant")
    for number in range(100):
        await documents.prepare(f"{{ nothing{number} }}", "a tenant")
        await documents.prepare_anonymous(f"query Q{number} {{ __typename }}")
    assert documents._refused.currsize <= 100
    assert documents._anonymous.currsize <= 100
    assert (await documents.prepare("{ __typename }", "a tenant")) is valid


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { organization { id } } }",
        "{ nothing }",
        "query A { __typename } query B { ...F } fragment F on Query { nothing }",
        "{ __typename }" + " " * 10_000,
        "{ " + "__typename " * 1_000 + "}",
    ],
)
async def test_nobody_costs_no_validation(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def validate(*_: Any, **__: Any) -> None:
        pytest.fail("validated")

    monkeypatch.setattr("bulksend.schema.operations.cache.validate", validate)
    documents = PreparedDocuments(build_schema()._schema, Limits())
    with pytest.raises(Unauthenticated):
        await documents.prepare_anonymous(query)


async def test_nobody_may_introspect() -> None:
    documents = PreparedDocuments(build_schema()._schema, Limits())
    prepared = await documents.prepare_anonymous(get_introspection_query(input_value_deprecation=True))
    assert not prepared.errors
    assert (await documents.prepare_anonymous(get_introspection_query(input_value_deprecation=True))) is prepared
    assert (await documents.prepare_anonymous("{ __nothing }")).errors
    assert (await documents.prepare_anonymous("{")).errors


async def test_introspection_is_executed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    executed = 0

    def execute(*given: Any, **named: Any) -> Any:
        nonlocal executed
        executed += 1
        return execute_sync(*given, **named)

    monkeypatch.setattr("bulksend.schema.operations.cache.execute_sync", execute)
    schema = build_schema()
    query = "query A { a: __typename } query B($s: Boolean = true) { b: __typename @include(if: $s) }"
    for _ in range(3):
        assert (await schema.execute(query, operation_name="A")).data == {"a": "Query"}
        assert (await schema.execute(query, operation_name="B")).data == {"b": "Query"}
    assert executed == 2
    assert (await schema.execute(query, {"s": False}, operation_name="B")).data == {}


@pytest.mark.parametrize(
    ("query", "message", "columns"),
    [
        ("{ nothing " + "nothing " * 9 + "}", "Cannot query field 'nothing' on type 'Query'.", range(3, 83, 8)),
        ("{ bulkSends(first: " + "1" * 5_000 + ") { totalCount } }", "Expected value of type 'Int'.", [20]),
        (
            '{ bulkSends(createdAfter: "tomorrow") { totalCount } }',
            "DateTime must be an RFC 3339 time with an offset, such as 2026-05-28T10:00:00.000Z.",
            [27],
        ),
    ],
)
async def test_an_error_of_validation_is_told_once_and_where(query: str, message: str, columns: list[int]) -> None:
    result = await build_schema(suggestions=False).execute(query)
    assert result.errors
    (error,) = result.errors
    assert error.message == message
    assert error.locations
    assert [location.column for location in error.locations] == list(columns)
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}


async def test_the_error_is_about_one_limit_only(schema: Schema) -> None:
    query = "{" + " ".join(f"a{n}: __typename @skip(if: true)" for n in range(10)) + "}"
    result = await schema.execute(query)
    assert isinstance(result.errors, list)
    (error,) = result.errors
    assert isinstance(error, GraphQLError)
