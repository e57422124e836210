"""Selecting the operation of a document, and whether it may be executed without a key."""

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse

from bulksend.schema.operations.operation import choose, reads_data

TWO = parse("query A { __typename } query B { __typename }")


@pytest.mark.parametrize(
    ("document", "name", "chosen"),
    [
        ("{ __typename }", None, None),
        ("query A { __typename }", None, "A"),
        ("query A { __typename }", "A", "A"),
        ("query A { __typename } mutation B { __typename }", "B", "B"),
    ],
)
def test_chooses_the_named_operation_or_the_only_one(document: str, name: str | None, chosen: str | None) -> None:
    operation = choose(parse(document), name)
    assert (operation.name.value if operation.name else None) == chosen


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("query A { __typename } query B { __typename }", None),
        ("query A { __typename }", "B"),
        ("query A { __typename }", ""),
        ("{ __typename }", "A"),
        ("fragment F on Query { __typename }", None),
    ],
)
def test_there_is_no_first_among_several(document: str, name: str | None) -> None:
    with pytest.raises(GraphQLError) as error:
        choose(parse(document), name)
    assert error.value.extensions == {"code": "OPERATION_RESOLUTION_FAILURE"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ __typename }", False),
        ('{ __schema { types { name } } __type(name: "A") { name } }', False),
        ("mutation { __typename }", False),
        ("{ viewer { __typename } }", True),
        ("{ __typename: viewer { __typename } }", True),
        ("{ __typename ... { ... on Query { viewer { __typename } } } }", True),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { viewer { __typename } }", True),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { __typename ...A }", False),
    ],
)
def test_nobody_may_ask_for_the_schema_alone(query: str, expected: bool) -> None:
    document = parse(query)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert reads_data(operation, document) is expected
