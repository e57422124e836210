"""The URLs at which a listening process can be reached."""

import pytest

from bulksend.server.http.addresses import base_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("bulksend.internal", "http://bulksend.internal:8000"),
        ("::1", "http://[::1]:8000"),
        ("0.0.0.0", "http://localhost:8000"),
        ("::", "http://localhost:8000"),
        ("", "http://localhost:8000"),
    ],
)
def test_a_link_leads_to_what_listens(host: str, url: str) -> None:
    assert base_url(host, 8000) == url
