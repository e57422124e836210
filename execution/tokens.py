"""Parsed documents that are freed as soon as nobody uses them."""

from graphql import DocumentNode


def without_token_links(document: DocumentNode) -> DocumentNode:
    """Take the list of tokens of a new document apart and return the document.

    graphql-core's tokens point to each other: a reference cycle that only a garbage collection would free. Nothing
    follows these links after parsing; locations stay.
    """
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
    return document
