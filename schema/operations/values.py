"""The validation rule for literal values, with the location of each that is refused."""

from typing import Final

from graphql import GraphQLError, GraphQLInputType, Node, ValueNode, VisitorAction
from graphql.validation import ValuesOfCorrectTypeRule

_PYTHONS_WORDS: Final = ", but encountered error"


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
