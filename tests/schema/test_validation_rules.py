"""Skipping the validation rules that a document does not need changes no errors."""

import pytest
from graphql import NoSchemaIntrospectionCustomRule, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from bulksend.schema.build import build_schema
from bulksend.schema.operations.validation_rules import NEEDS, Rule, all_rules, needed

SCHEMA = build_schema()._schema
RULES = all_rules(introspection=False)
DEEP = "{ __type(name: 0) { fields { type { fields { type { fields { type { fields { name } } } } } } } } }"
# A document for each rule, in which that rule finds an error.
REFUSED_BY = {
    "SingleFieldSubscriptionsRule": "subscription { a: bulkSends { id } b: bulkSends { id } }",
    "FragmentsOnCompositeTypesRule": "{ ... on ID { id } }",
    "UniqueFragmentNamesRule": "fragment F on Query { id } fragment F on Query { id }",
    "KnownFragmentNamesRule": "{ ...F }",
    "NoUnusedFragmentsRule": "fragment F on Query { __typename } { __typename }",
    "PossibleFragmentSpreadsRule": "{ ... on BulkSend { id } }",
    "NoFragmentCyclesRule": "{ ...F } fragment F on Query { ...F }",
    "VariablesAreInputTypesRule": "query($a: BulkSend) { rateLimit(a: $a) { cost } }",
    "UniqueVariableNamesRule": "query($a: ID, $a: ID) { bulkSend(id: $a) { id } }",
    "NoUndefinedVariablesRule": "{ bulkSend(id: $a) { id } }",
    "NoUnusedVariablesRule": "query($a: ID) { __typename }",
    "VariablesInAllowedPositionRule": "query($a: Int) { bulkSend(id: $a) { id } }",
    "KnownDirectivesRule": "{ __typename @nothing }",
    "UniqueDirectivesPerLocationRule": "{ __typename @skip(if: true) @skip(if: true) }",
    "DeferStreamDirectiveOnRootField": "mutation { ... @defer { __typename } }",
    "DeferStreamDirectiveOnValidOperationsRule": "subscription { ... @defer { __typename } }",
    "DeferStreamDirectiveLabel": "query($a: String) { ... @defer(label: $a) { __typename } }",
    "StreamDirectiveOnListField": "{ __typename @stream }",
    "MaxIntrospectionDepthRule": DEEP,
    "NoSchemaIntrospectionCustomRule": "{ __schema { queryType { name } } }",
}
PIECES = [
    *REFUSED_BY.values(),
    "{ __typename }",
    "query Q { bulkSends(first: 1, nothing: 2) { nodes { id nothing } } }",
    'query Q { bulkSend(id: "$a ...F @skip") { id name { length } } }',
    "# fragment $a @ ...\n{ viewer }",
    "mutation { createBulkSend(input: { name: 1, name: 2 }) { bulkSend { id } } }",
    "query($ids: [ID!]!) { bulkSends(first: $ids) { nodes { ... on Node { id } } } }",
    "fragment F on BulkSend { id @include(if: $a) }",
    "query($a: Nothing) { rateLimit { cost(a: $a) } }",
    "type Query { a: Nothing }",
    "extend schema { query: Nothing }",
    "directive @here on FIELD",
]


def errors(text: str, rules: list[Rule]) -> list[str]:
    return [str(error) for error in validate(SCHEMA, parse(text), rules, max_errors=1000)]


@pytest.mark.parametrize("rule", NEEDS, ids=lambda rule: rule.__name__)
def test_a_rule_is_kept_for_what_it_refuses(rule: Rule) -> None:
    text = REFUSED_BY[rule.__name__]
    assert rule in needed([*RULES, NoSchemaIntrospectionCustomRule], text)


@pytest.mark.parametrize("rule", NEEDS, ids=lambda rule: rule.__name__)
def test_the_documents_above_are_refused_by_their_rules(rule: Rule) -> None:
    if not rule.__name__.startswith(("Defer", "Stream")):  # the schema does not have these directives
        assert errors(REFUSED_BY[rule.__name__], [rule])


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4))
def test_the_errors_are_those_of_all_rules(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    assert errors(text, needed(RULES, text)) == errors(text, list(RULES))


def test_half_of_the_rules_are_for_what_most_documents_do_not_have() -> None:
    text = 'query Q { bulkSend(id: "bs_1") { id name template { id } } }'
    assert len(needed(RULES, text)) == len(RULES) - len(NEEDS)
