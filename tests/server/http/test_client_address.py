"""A client's address is taken only from trusted proxies."""

from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bulksend.server.http.client_address import LONGEST_USER_AGENT, ClientAddresses, user_agent

PROXIES = ("10.0.0.0/8", "2001:db8::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("2001:db8::1", ["2001:DB8:0::FF"], "2001:db8::ff"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    ],
)
def test_the_last_address_that_is_no_proxy_of_ours_counts(peer: str, forwarded: list[str], expected: str) -> None:
    request = make_mocked_request("GET", "/", headers=[("X-Forwarded-For", value) for value in forwarded])
    assert ClientAddresses(PROXIES).of(request.clone(remote=peer)) == expected


def test_without_proxies_nobody_is_believed() -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": "198.51.100.1"}).clone(remote="10.0.0.1")
    assert ClientAddresses(()).of(request) == "10.0.0.1"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        ClientAddresses(["example.com"])


def test_a_user_agent_is_bounded_and_unicode() -> None:
    assert user_agent(make_mocked_request("GET", "/")) is None
    request = make_mocked_request("GET", "/", headers={"User-Agent": "x" * 5000})
    assert user_agent(request) == "x" * LONGEST_USER_AGENT
    # Bytes that are not valid UTF-8 are decoded as lone surrogates.
    request = cast(web.Request, SimpleNamespace(headers={"User-Agent": "a\udcffb"}))
    assert user_agent(request) == "a?b"
