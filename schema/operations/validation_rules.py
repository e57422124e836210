"""The validation rules, and which of them a document needs.

graphql-core calls every rule for every node. Half of the rules are about syntax that most documents have none of, and
leaving these out takes a third off validation. `merge_conflicts` takes the place of the rule on overlapping fields,
whose time is quadratic in the document.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from graphql import (
    ASTValidationRule,
    FragmentsOnCompositeTypesRule,
    GraphQLError,
    GraphQLInputType,
    KnownDirectivesRule,
    KnownFragmentNamesRule,
    Node,
    NoFragmentCyclesRule,
    NoSchemaIntrospectionCustomRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    PossibleFragmentSpreadsRule,
    SingleFieldSubscriptionsRule,
    UniqueDirectivesPerLocationRule,
    UniqueFragmentNamesRule,
    UniqueVariableNamesRule,
    ValueNode,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
    VisitorAction,
    specified_rules,
)
from graphql.validation import (
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    MaxIntrospectionDepthRule,
    StreamDirectiveOnListField,
    ValuesOfCorrectTypeRule,
)
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

Rule: TypeAlias = type[ASTValidationRule]
_PYTHONS_WORDS: Final = ", but encountered error"

_DIRECTIVE: Final = ("@",)
_VARIABLE: Final = ("$",)
_FRAGMENT: Final = ("...", "fragment")
_INTROSPECTION: Final = ("__schema", "__type")
# What a document must have one of, outside its strings and comments at that, for the rule to find an error in it.
# GraphQL has no escapes outside strings.
NEEDS: Final[dict[Rule, tuple[str, ...]]] = {
    SingleFieldSubscriptionsRule: ("subscription",),
    FragmentsOnCompositeTypesRule: _FRAGMENT,
    UniqueFragmentNamesRule: _FRAGMENT,
    KnownFragmentNamesRule: _FRAGMENT,
    NoUnusedFragmentsRule: _FRAGMENT,
    PossibleFragmentSpreadsRule: _FRAGMENT,
    NoFragmentCyclesRule: _FRAGMENT,
    VariablesAreInputTypesRule: _VARIABLE,
    UniqueVariableNamesRule: _VARIABLE,
    NoUndefinedVariablesRule: _VARIABLE,
    NoUnusedVariablesRule: _VARIABLE,
    VariablesInAllowedPositionRule: _VARIABLE,
    KnownDirectivesRule: _DIRECTIVE,
    UniqueDirectivesPerLocationRule: _DIRECTIVE,
    DeferStreamDirectiveOnRootField: _DIRECTIVE,
    DeferStreamDirectiveOnValidOperationsRule: _DIRECTIVE,
    DeferStreamDirectiveLabel: _DIRECTIVE,
    StreamDirectiveOnListField: _DIRECTIVE,
    MaxIntrospectionDepthRule: _INTROSPECTION,
    NoSchemaIntrospectionCustomRule: _INTROSPECTION,
}


def all_rules(*, introspection: bool) -> tuple[Rule, ...]:
    """Return every rule of a schema. `introspection`: whether documents may ask for the schema."""
    replaced = (OverlappingFieldsCanBeMergedRule, ValuesOfCorrectTypeRule)
    rules = (rule for rule in specified_rules if rule not in replaced)
    forbidden = () if introspection else (NoSchemaIntrospectionCustomRule,)
    return (*rules, LocatedValues, OneOfInputValidationRule, *forbidden)


def needed(rules: Sequence[Rule], text: str) -> list[Rule]:
    """Return the rules that may find an error in a document, given its text."""
    return [rule for rule in rules if rule not in NEEDS or any(mark in text for mark in NEEDS[rule])]


class LocatedValues(ValuesOfCorrectTypeRule):
    """graphql-core's rule, which leaves out where a custom scalar's refused literal stands."""

    _value: Node | None = None

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Check a literal of any type."""
        self._value = node
        return super().is_valid_value_node(node, input_type)

    def report_error(self, error: GraphQLError) -> None:
        """Report an error with its location, without what Python said, such as about a number of 5,000 digits."""
        expected, _, encountered = error.message.partition(_PYTHONS_WORDS)
        if encountered or not error.nodes:
            error = GraphQLError(f"{expected}." if encountered else expected, error.nodes or self._value)
        super().report_error(error)
