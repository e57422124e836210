"""Choosing a response's media type: GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/"""

from functools import lru_cache
from typing import Final

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"

_MATCHES: Final = {
    GRAPHQL_RESPONSE: (GRAPHQL_RESPONSE,),
    "application/*": (JSON,),
    "*/*": (JSON,),
    JSON: (JSON,),
}


@lru_cache(maxsize=200)
def media_type(accept: str | None) -> str | None:
    """Return the best media type that an Accept header allows, or None; plain JSON without a header.

    A client that takes subscriptions as multipart is answered with plain JSON where there is nothing to stream.
    """
    if not accept or not accept.strip():
        return JSON
    best, best_quality = None, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        for offered in _MATCHES.get(name, ()):
            if quality > best_quality:
                best, best_quality = offered, quality
    return best or (JSON if wants_multipart(accept) else None)


def wants_html(accept: str | None) -> bool:
    """Whether a browser asks for a page."""
    return "text/html" in (accept or "").lower()


def wants_multipart(accept: str | None) -> bool:
    """Whether a client takes subscriptions by Apollo's multipart protocol."""
    for part in (accept or "").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name == "multipart/mixed" and any(_spec(parameter) == "1.0" for parameter in parameters):
            return True
    return False


def _spec(parameter: str) -> str | None:
    name, _, value = parameter.partition("=")
    return value.strip("\"' ") if name.strip() == "subscriptionspec" else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
