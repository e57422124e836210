"""Parsed documents that are small, and freed as soon as nobody uses them."""

from typing import Any, Final

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
    waiting: list[Any] = [document]
    while waiting:
        found = waiting.pop()
        if isinstance(found, tuple | list):
            waiting.extend(found)
        elif isinstance(found, Node):
            if found.loc is not None:
                found.loc.start_token = found.loc.end_token = _NO_TOKEN
            waiting.extend(getattr(found, key, None) for key in found.keys)
    return document
