"""Lists of input objects that have only texts are recognized at once, with the results of item by item."""

from typing import Any, cast

import pytest
from graphql import GraphQLError, OperationDefinitionNode, build_schema, parse

from bulksend.execution.private_apis import VariableValues, get_variable_values
from bulksend.execution.variables import VariableCoercion

PAIRS = build_schema("input Pair { field: String!, value: String, id: ID } type Query { f(pairs: [Pair!]): String }")
OPERATION = cast("OperationDefinitionNode", parse("query($pairs: [Pair!]) { f(pairs: $pairs) }").definitions[0])


@pytest.mark.parametrize(
    "pairs",
    [
        [{"field": "a", "value": "b"}, {"field": "c"}, {"id": "d", "field": "e"}],
        [{"field": "a"}, {"value": "b"}],
        [{"field": "a"}, {"field": "b", "other": "c"}],
        [{"field": "a", "value": None}, {"field": None}],
        [{"field": "a"}, {"field": 1}],
        [{"field": "a", "id": 1}],
        [{"field": "a"}, None],
        [{"field": "a"}, "b"],
        [{}],
        [],
        {"field": "a"},
    ],
)
def test_they_are_coerced_as_by_graphql_core(pairs: Any) -> None:
    ours = VariableCoercion(PAIRS, OPERATION).coerce({"pairs": pairs})
    theirs = get_variable_values(PAIRS, OPERATION.variable_definitions or (), {"pairs": pairs})
    if isinstance(theirs, list):
        assert list(map(str, cast("list[GraphQLError]", ours))) == list(map(str, theirs))
    else:
        assert cast("VariableValues", ours).coerced == theirs.coerced
