"""Choosing a response's media type: GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
MULTIPART: Final = "multipart/mixed"

_MATCHES: Final = {
    GRAPHQL_RESPONSE: (GRAPHQL_RESPONSE,),
    "application/*": (JSON,),
    "*/*": (JSON,),
    JSON: (JSON,),
    EVENT_STREAM: (EVENT_STREAM,),
}


@lru_cache(maxsize=200)
def media_type(accept: str | None) -> str | None:
    """Return the best media type that an Accept header allows, or None; plain JSON without a header.

    A client that accepts multipart subscriptions receives plain JSON for other operations.
    """
    if not accept or not accept.strip():
        return JSON
    best, best_quality = None, 0.0
    for name, _, quality in _ranges(accept):
        for offered in _MATCHES.get(name, ()):
            if quality > best_quality:
                best, best_quality = offered, quality
    return best or (JSON if stream_media_type(accept) == MULTIPART else None)


def wants_html(accept: str | None) -> bool:
    """Return whether a browser requests a page."""
    return "text/html" in (accept or "").lower()


@lru_cache(maxsize=200)
def stream_media_type(accept: str | None) -> str | None:
    """Return the best media type for the results of a subscription that an Accept header names, or None."""
    best, best_quality = None, 0.0
    for name, parameters, quality in _ranges(accept or ""):
        if quality > best_quality and _is_stream(name, parameters):
            best, best_quality = name, quality
    return best


def _is_stream(name: str, parameters: list[str]) -> bool:
    """Return whether a media range means server-sent events, or the supported version of Apollo's protocol."""
    return name == EVENT_STREAM or (name == MULTIPART and any(_spec(parameter) == "1.0" for parameter in parameters))


def _ranges(accept: str) -> Iterator[tuple[str, list[str], float]]:
    """Yield each media range in lower case, its parameters, and its quality."""
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        yield name, parameters, _quality(parameters)


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
