"""Choosing a media type from an Accept header."""

import pytest

from bulksend.server.graphql.negotiation import GRAPHQL_RESPONSE, JSON, media_type, wants_html, wants_multipart

APOLLO_SUBSCRIPTION = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"


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
        (None, False),
        (APOLLO_SUBSCRIPTION, True),
        ('application/json, multipart/mixed;subscriptionSpec="1.0"', True),
        ("multipart/mixed; SubscriptionSpec = 1.0", True),
        ("multipart/mixed;subscriptionSpec=2.0", False),
        ("multipart/mixed", False),
        ("multipart/form-data;subscriptionSpec=1.0", False),
    ],
)
def test_knows_who_takes_multipart(accept: str | None, expected: bool) -> None:
    assert wants_multipart(accept) is expected


def test_knows_a_browser() -> None:
    assert wants_html("text/html,application/xhtml+xml,*/*;q=0.8")
    assert not wants_html("*/*")
    assert not wants_html(None)
