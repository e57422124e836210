"""Queries that differ only in literals are executed as one operation, with the same responses."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import DocumentNode, IntValueNode, Node, StringValueNode, Visitor, parse, print_ast, visit
from hypothesis import given
from hypothesis import strategies as st
from support.differential.existing import Existing
from support.differential.literals import documents
from support.differential.trials import many
from support.gateway import RunningGateway, Tenant, create

from bulksend.resolvers.context import Context
from bulksend.resolvers.viewer import Viewer, expand_scopes
from bulksend.schema.build import Schema, build_schema
from bulksend.schema.operations.literals import lifted, split

SCHEMA = build_schema()
# Replacements for literals of any type: some are valid there, and some are not.
INTS = ("0", "1", "2", "5", "100", "101", "-1", "2147483648", "9" * 5000)
TEXTS = ("", "x", "5", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00", "soon", "München", "\U0001f600")
PAGE = '{ bulkSends(first: %d, search: "%s", createdAfter: "%s") { nodes { id documents(first: %d) { totalCount } } } }'


class _Other(Visitor):
    """Changes half of the literals at random."""

    def __init__(self, ids: Sequence[str], dice: random.Random) -> None:
        super().__init__()
        self._texts = (*TEXTS, *ids)
        self._dice = dice

    def enter_int_value(self, node: IntValueNode, *_: object) -> Node | None:
        value = self._dice.choice(INTS)
        return IntValueNode(value=value) if self._dice.random() < 0.5 else None

    def enter_string_value(self, node: StringValueNode, *_: object) -> Node | None:
        value = self._dice.choice(self._texts)
        return StringValueNode(value=value) if self._dice.random() < 0.5 else None


def context_of(gateway: RunningGateway, tenant: Tenant) -> Context:
    key = tenant.organization_id
    viewer = Viewer(key, "Acme", key, "Key", ("*",), expand_scopes(("*",)), None)
    return Context(gateway.parts.gateway, viewer, None, "request")


async def answer(schema: Schema, context: Context, text: str) -> dict[str, Any]:
    result = await schema.execute(text, context_value=context)
    errors = [error.formatted for error in result.errors or ()]
    return {"data": result.data, "errors": errors, "extensions": result.extensions}


async def is_lifted(schema: Schema, context: Context, text: str) -> bool:
    assert context.viewer is not None
    return bool((await schema._documents.prepare(text, context.viewer.organization_id)).literals)


@pytest.fixture
async def ids(gateway: RunningGateway, tenant: Tenant) -> list[str]:
    """Ids of the tenant's objects, and an unknown one."""
    made = [await create(gateway, tenant, count=count, waitForDelivery=False) for count in (1, 3)]
    reply = await gateway.ask(tenant, "{ documents(first: 9) { nodes { id } } }")
    found = [node["id"] for node in reply.data["documents"]["nodes"]]
    return [*(payload["bulkSend"]["id"] for payload in made), *found, tenant.template_id, "bs_unknown"]


async def test_a_lifted_query_is_answered_as_any_other(gateway: RunningGateway, tenant: Tenant, ids: list[str]) -> None:
    schema = build_schema()
    context = context_of(gateway, tenant)
    count = 0
    for document, seed in _documents():
        dice = random.Random(seed)
        existing: DocumentNode = visit(document, Existing(ids, dice))
        texts = [print_ast(existing), *(print_ast(visit(existing, _Other(ids, dice))) for _ in range(5))]
        for text in texts:
            await answer(schema, context, text)
        for text in texts:
            count += await is_lifted(schema, context, text)
            # A text with a comment is executed without lifting literals.
            assert await answer(schema, context, text) == await answer(schema, context, f"{text}\n#"), text
    assert count > 30


def _documents() -> list[tuple[DocumentNode, int]]:
    found = []

    @many(60)
    @given(document=documents(SCHEMA._schema, mutating=False), seed=st.integers(0, 1 << 30))
    def find(document: DocumentNode, seed: int) -> None:
        found.append((document, seed))

    find()
    return found


async def test_the_third_of_a_shape_is_lifted_and_takes_other_values(
    gateway: RunningGateway, tenant: Tenant, ids: list[str]
) -> None:
    schema = build_schema()
    context = context_of(gateway, tenant)
    texts = [f'{{ bulkSend(id: "{one}") {{ id }} }}' for one in ids[:2] * 2]
    found = [await is_lifted(schema, context, f"{text}{' ' * number}") for number, text in enumerate(texts)]
    assert found == [False, False, False, False]  # different white space makes a different shape
    found = [await is_lifted(schema, context, text) for text in (texts[0], texts[1], '{ bulkSend(id: "c") { id } }')]
    assert found == [False, False, True]
    for one in ids[:2]:
        fresh = await answer(schema, context, f'{{ bulkSend(id:  "{one}") {{ id }} }}')
        assert fresh["data"] == {"bulkSend": {"id": one}}


async def test_errors_are_where_they_were_sent(gateway: RunningGateway, tenant: Tenant) -> None:
    schema = build_schema()
    context = context_of(gateway, tenant)
    text = (
        '{{ a: bulkSends(first: 1, search: "{0}") {{ totalCount }}\n'
        ' b: bulkSends(search: "{0}", first: {1}) {{ totalCount }} }}'
    )
    for number in range(3):
        await answer(schema, context, text.format("x" * number, number))
    found = await answer(schema, context, text.format("long" * 9, 5000))
    assert await is_lifted(schema, context, text.format("long" * 9, 5000))
    assert [error["locations"] for error in found["errors"]] == [[{"line": 2, "column": 2}]]


@pytest.mark.parametrize(
    ("text", "shape", "literals"),
    [
        ('{ a(b: "c") }', "{ a(b: \1) }", ['"c"']),
        ("{ a(b: -12, c: [0,1]) }", "{ a(b: \2, c: [\2,\2]) }", ["-12", "0", "1"]),
        ('{ a1(b: "1", c: "") }', "{ a1(b: \1, c: \1) }", ['"1"', '""']),
        ("{ a(b: 1.5, c: 1e5, d: 1e-5, e: $v1) { b2 } f(c: 3) }", None, ["3"]),
        # Not valid GraphQL, and must not be treated like a valid document.
        ("{ a(b: 007) }", "{ a(b: 007) }", None),
        ("{ a(b: 1x) }", "{ a(b: 1x) }", None),
        # Not lifted.
        ("{ a }", None, None),
        ('{ a(b: "\\"") }', None, None),
        ('{ a(b: """c""") }', None, None),
        ('{ a(b: "c") } # "d"', None, None),
    ],
)
def test_a_text_is_taken_apart(text: str, shape: str | None, literals: list[str] | None) -> None:
    parts = split(text)
    assert (parts.literals if parts else None) == literals
    assert parts is None or shape is None or parts.shape == shape


@pytest.mark.parametrize(
    "text",
    [
        '{ bulkSend(id: "a") { id } }',
        "{ bulkSends(first: 5) { totalCount } }",
        '{ nodes(ids: ["a", 5]) { id } }',
        '{ bulkSends(createdAfter: "2026-01-02T03:04:05Z") { totalCount } }',
        'query A($first: Int) { bulkSends(first: $first, search: "a") { ...F } }'
        " fragment F on BulkSendConnection { nodes { documents(first: 3) { totalCount } } }",
    ],
)
def test_literals_of_plain_types_are_lifted(text: str) -> None:
    found = lifted(SCHEMA._schema, parse(text))
    assert found is not None
    assert "_literal0" in print_ast(found.document)


@pytest.mark.parametrize(
    "text",
    [
        'mutation { deleteBulkSend(input: { id: "a" }) { deletedBulkSendId } }',
        "query($first: Int = 5) { bulkSends(first: $first) { totalCount } }",
        'query($_literal0: ID!) { a: node(id: $_literal0) { id } b: node(id: "a") { id } }',
        # A single value given for a list.
        '{ nodes(ids: "a") { id } }',
        'query A { bulkSend(id: "a") { id } } query B { bulkSend(id: "a") { id } }',
        '{ a: __typename @custom(text: "a") }',
    ],
)
def test_others_are_not(text: str) -> None:
    assert lifted(SCHEMA._schema, parse(text)) is None


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("{ bulkSends(first: %s) { totalCount } }", "123", "2147483648"),
        ("{ bulkSends(first: %s) { totalCount } }", "123", "9" * 5000),
        ("{ bulkSends(first: %s) { totalCount } }", "123", '"1"'),
        ("{ bulkSends(createdAfter: %s) { totalCount } }", '"2026-01-02T03:04:05Z"', '"soon"'),
    ],
)
async def test_a_literal_that_is_not_valid_is_told_as_such(
    gateway: RunningGateway, tenant: Tenant, text: str, good: str, bad: str
) -> None:
    schema = build_schema()
    context = context_of(gateway, tenant)
    for space in (" ", "\n", " "):
        await answer(schema, context, text % good + space)
    await answer(schema, context, text % good.replace("3", "4") + " ")
    assert await is_lifted(schema, context, text % good.replace("2", "1") + " ")
    found = await answer(schema, context, text % bad + " ")
    assert found == await answer(schema, context, text % bad + " #")
    assert [error["extensions"]["code"] for error in found["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]


async def test_equal_literals_of_merged_fields_stay_literals(gateway: RunningGateway, tenant: Tenant) -> None:
    schema = build_schema()
    context = context_of(gateway, tenant)
    text = "{{ bulkSends(first: {0}) {{ totalCount }} bulkSends(first: {1}) {{ nodes {{ id }} }} }}"
    for number in (1, 2, 3):
        assert (await answer(schema, context, text.format(number, number)))["errors"] == []
    found = await answer(schema, context, text.format(4, 5))
    assert [error["extensions"]["code"] for error in found["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]


@given(value=st.one_of(st.text(), st.integers().map(str)))
def test_a_literal_is_read_as_the_parser_reads_it(value: str) -> None:
    text = print_ast(parse(f"{{ node(id: {value}) {{ id }} }}")) if value.isdigit() else _query(value)
    parts = split(text)
    if parts is None:
        return
    found = lifted(SCHEMA._schema, parse(text))
    assert found is not None
    assert found.values(parts.literals) == {"_literal0": value}


def _query(value: str) -> str:
    return print_ast(parse("{ node(id: $v) { id } }")).replace("$v", print_ast(StringValueNode(value=value)))
