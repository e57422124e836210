"""Variations of a document: aliases, fragments, directives, variables, repeated fields."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLCompositeType,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_input_object_type,
    parse,
    print_ast,
)
from support.differential.json_values import as_json
from support.differential.variables import Variables


@dataclass
class Variation:
    """A document and several sets of variables for it."""

    text: str
    variables: list[dict[str, Any] | None]
    operation_name: str | None


@dataclass
class Variator:
    """Rewrites the operation of a document at random."""

    schema: GraphQLSchema
    dice: random.Random
    fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    variables: Variables = field(default_factory=Variables)

    def vary(self, document: DocumentNode) -> Variation:
        """Return a variation of a document with one operation."""
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        root = self.schema.get_root_type(operation.operation)
        assert root is not None
        selections = self._selections(root, operation.selection_set)
        name = self.dice.choice([None, "Main"])
        text = self._written(operation.operation.value, name, selections)
        extra, operation_name = "", self.dice.choice([None, name])
        if name and self.dice.random() < 0.3:
            extra = self.dice.choice(["query Other { __typename }", "mutation Other { __typename }"])
            operation_name = self.dice.choice(["Main", "Main", "Main", "Other", "Unknown", None, ""])
        definitions = [text, extra, *map(print_ast, self.fragments.values())]
        self.dice.shuffle(definitions)
        return Variation("\n".join(definitions), self.variables.sets(self.dice), operation_name)

    def _written(self, kind: str, name: str | None, selections: Sequence[SelectionNode]) -> str:
        if self.dice.random() < 0.1:
            self.variables.declare("Boolean", None, GraphQLBoolean, True)
        return f"{kind} {name or ''} {self.variables} " + print_ast(SelectionSetNode(selections=tuple(selections)))

    def _selections(self, parent: GraphQLCompositeType, node: SelectionSetNode) -> list[SelectionNode]:
        varied: list[SelectionNode] = []
        for selection in node.selections:
            varied += self._selection(parent, selection)
        if self.dice.random() < 0.25:
            varied.insert(self.dice.randrange(len(varied) + 1), FieldNode(name=_name("__typename")))
        if len(varied) > 1 and self.dice.random() < 0.25:
            cut = self.dice.randrange(1, len(varied))
            varied = [*varied[:cut], self._fragment(parent, varied[cut:])]
        if self.dice.random() < 0.1:
            self.dice.shuffle(varied)
        return varied

    def _selection(self, parent: GraphQLCompositeType, selection: SelectionNode) -> list[SelectionNode]:
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = self.schema.type_map[condition.name.value] if condition else parent
            assert is_composite_type(inner)
            return [self._fragment(inner, self._selections(inner, selection.selection_set), within=parent)]
        assert isinstance(selection, FieldNode)
        fields = [self._field(parent, selection)]
        if self.dice.random() < 0.15:
            # Two copies with variables as arguments would get different variables and could not be merged.
            fields.append(fields[0] if self.dice.random() < 0.7 else self._alias(self._field(parent, selection)))
        wrapped: list[SelectionNode] = []
        for found in fields:
            wrapped.append(self._fragment(parent, [found]) if self.dice.random() < 0.15 else found)
        return wrapped

    def _field(self, parent: Any, node: FieldNode) -> FieldNode:
        name = node.name.value
        if name == "__typename":
            return FieldNode(name=_name(name), alias=node.alias)
        definition = parent.fields[name]
        arguments = tuple(
            ArgumentNode(
                name=argument.name,
                value=self._value(
                    definition.args[argument.name.value].type,
                    argument.value,
                    has_default=definition.args[argument.name.value].default is not None,
                ),
            )
            for argument in node.arguments or ()
            if isinstance(definition.args[argument.name.value].type, GraphQLNonNull) or self.dice.random() < 0.85
        )
        selection_set = None
        if node.selection_set is not None:
            inner: Any = get_named_type(definition.type)
            selections = self._selections(inner, node.selection_set)
            selection_set = SelectionSetNode(selections=tuple(selections))
        varied = FieldNode(
            name=node.name,
            alias=node.alias,
            arguments=arguments,
            directives=self._directives(),
            selection_set=selection_set,
        )
        return self._alias(varied) if self.dice.random() < 0.1 else varied

    def _alias(self, node: FieldNode) -> FieldNode:
        return FieldNode(
            name=node.name,
            alias=_name(f"alias{self.dice.randrange(10_000)}"),
            arguments=node.arguments,
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def _fragment(
        self,
        parent: GraphQLCompositeType,
        selections: list[SelectionNode],
        *,
        within: GraphQLCompositeType | None = None,
    ) -> SelectionNode:
        condition = parent.name
        if self.dice.random() < 0.1 and not is_abstract_type(parent):
            wider = [*getattr(parent, "interfaces", ())]
            condition = self.dice.choice([condition, *(found.name for found in wider)])
            if condition != parent.name:
                selections = [FieldNode(name=_name("__typename"))]
        body = SelectionSetNode(selections=tuple(selections))
        if self.dice.random() < 0.4:
            name = f"F{len(self.fragments)}"
            self.fragments[name] = FragmentDefinitionNode(
                name=_name(name), type_condition=NamedTypeNode(name=_name(condition)), selection_set=body
            )
            return FragmentSpreadNode(name=_name(name), directives=self._directives())
        is_bare = condition == parent.name and within in (None, parent) and self.dice.random() < 0.3
        return InlineFragmentNode(
            type_condition=None if is_bare else NamedTypeNode(name=_name(condition)),
            directives=self._directives(),
            selection_set=body,
        )

    def _directives(self) -> tuple[DirectiveNode, ...]:
        if self.dice.random() < 0.85:
            return ()
        names = self.dice.choice([["skip"], ["include"], ["include"], ["skip", "include"]])
        return tuple(
            DirectiveNode(name=_name(name), arguments=(ArgumentNode(name=_name("if"), value=self._condition(name)),))
            for name in names
        )

    def _condition(self, directive: str) -> ValueNode:
        wanted = (directive == "include") == (self.dice.random() < 0.7)
        if self.dice.random() < 0.4:
            return BooleanValueNode(value=wanted)
        written = self.dice.choice([("Boolean!", None), ("Boolean!", "true"), ("Boolean", "false")])
        return VariableNode(name=_name(self.variables.declare(*written, GraphQLBoolean, wanted)))

    def _value(self, type_: GraphQLInputType, node: ValueNode, *, has_default: bool = False) -> ValueNode:
        if self.dice.random() < 0.3:
            return VariableNode(name=_name(self._variable(type_, node, has_default=has_default)))
        inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(node, ObjectValueNode) and is_input_object_type(inner) and not inner.is_one_of:
            fields = tuple(
                ObjectFieldNode(
                    name=given.name,
                    value=self._value(inner.fields[given.name.value].type, given.value),
                )
                for given in node.fields
                if given.name.value in inner.fields
            )
            return ObjectValueNode(fields=fields)
        return node

    def _variable(self, type_: Any, node: ValueNode, *, has_default: bool) -> str:
        written, default = str(type_), None
        if self.dice.random() < 0.3 and print_ast(node) != "null":
            default = print_ast(node)
        elif has_default and isinstance(type_, GraphQLNonNull) and self.dice.random() < 0.3:
            # Allowed where the argument has a default; null is then refused when the field is executed.
            written, type_ = str(type_.of_type), type_.of_type
        if default and isinstance(type_, GraphQLNonNull) and self.dice.random() < 0.3:
            written, type_ = str(type_.of_type), type_.of_type
        return self.variables.declare(written, default, type_, as_json(node))


def _name(name: str) -> NameNode:
    return NameNode(value=name)


def parsed(variation: Variation) -> DocumentNode:
    """Parse the text, so that every node has a location."""
    return parse(variation.text)
