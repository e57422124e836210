"""Parsed documents that are small, and freed as soon as nobody uses them."""

from functools import cache
from typing import Final

from graphql import DocumentNode, Node, Token, TokenKind

_NO_TOKEN: Final = Token(TokenKind.SOF, 0, 0, 0, 0)


def without_tokens(document: DocumentNode) -> DocumentNode:
    """Take the tokens out of a new document and return it.

    They are a third of its objects, and graphql-core links them in both directions: a reference cycle that only a
    garbage collection would free. Nothing uses them after parsing; locations keep their offsets and their source.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
    nodes: list[Node] = [document]
    for node in nodes:
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = _NO_TOKEN
        nodes += _children(node)
    return document


def _children(node: Node) -> list[Node]:
    children: list[Node] = []
    for attribute in _attributes(node.keys):
        value = getattr(node, attribute, None)
        if isinstance(value, Node):
            children.append(value)
        elif value.__class__ is tuple:
            children += value
    return children


@cache
def _attributes(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes of a kind of node that may hold nodes; graphql-core has some thirty kinds."""
    return tuple(key for key in keys if key != "loc")
