"""Choosing a media type from an Accept header."""

import pytest

from bulksend.server.graphql.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    MULTIPART,
    media_type,
    stream_media_type,
    wants_html,
)

APOLLO_SUBSCRIPTION = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
URQL_SUBSCRIPTION = "text/event-stream, multipart/mixed"
URQL_QUERY = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json; charset=utf-8", JSON),
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}, application/json;q=0.9", GRAPHQL_RESPONSE),
        (f"application/json;q=0.9, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE};q=0.1, application/json;q=0.2", JSON),
        (f"{GRAPHQL_RESPONSE};q=0, */*", JSON),
        (f"{GRAPHQL_RESPONSE};q=0", None),
        (f"{GRAPHQL_RESPONSE};q=nonsense", None),
        ("text/html, */*;q=0.8", JSON),
        (APOLLO_SUBSCRIPTION, JSON),
        ("multipart/mixed;subscriptionSpec=1.0", JSON),
        ("multipart/mixed;deferSpec=20220824", None),
        ("text/event-stream", EVENT_STREAM),
        ("TEXT/EVENT-STREAM", EVENT_STREAM),
        ("text/event-stream, application/json", EVENT_STREAM),
        ("application/json, text/event-stream", JSON),
        ("text/event-stream;q=0.5, application/json;q=0.6", JSON),
        ("text/event-stream;q=0", None),
        (URQL_QUERY, GRAPHQL_RESPONSE),
        ("text/html", None),
        ("application/jsonx", None),
        (",;,;q=1", None),
    ],
)
def test_gives_the_best_that_is_allowed(accept: str | None, chosen: str | None) -> None:
    assert media_type(accept) == chosen


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, None),
        (APOLLO_SUBSCRIPTION, MULTIPART),
        ('application/json, multipart/mixed;subscriptionSpec="1.0"', MULTIPART),
        ("multipart/mixed; SubscriptionSpec = 1.0", MULTIPART),
        ("multipart/mixed;subscriptionSpec=2.0", None),
        ("multipart/mixed", None),
        ("multipart/form-data;subscriptionSpec=1.0", None),
        (URQL_SUBSCRIPTION, EVENT_STREAM),
        ("application/json, text/event-stream", EVENT_STREAM),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", MULTIPART),
        ("multipart/mixed;subscriptionSpec=1.0;q=0.5, text/event-stream", EVENT_STREAM),
        ("text/event-stream;q=0", None),
        ("*/*", None),
    ],
)
def test_knows_how_a_client_takes_subscriptions(accept: str | None, expected: str | None) -> None:
    assert stream_media_type(accept) == expected


def test_knows_a_browser() -> None:
    assert wants_html("text/html,application/xhtml+xml,*/*;q=0.8")
    assert not wants_html("*/*")
    assert not wants_html(None)
