"""Parsing JSON bodies: what would block the event loop is refused before it is parsed."""

import json

import pytest

from bulksend.server.http.json_body import MOST_TOKENS, RequestRefused, parse_json


@pytest.mark.parametrize(
    "text",
    [
        b"[" + b"0," * (MOST_TOKENS - 2) + b"0]",
        b"[" + b'"",' * (MOST_TOKENS // 2 - 1) + b'""]',
        # Brackets within strings do not count as structure.
        json.dumps([",:[{" * 400_000]).encode(),
        json.dumps(['","' * 200_000, "\\" * 200_000, '\\"' * 100_000]).encode(),
    ],
)
def test_as_much_as_is_allowed_is_read(text: bytes) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        b"[" + b"0," * MOST_TOKENS + b"0]",
        b"[" + b'"",' * (MOST_TOKENS // 2) + b'""]',
        b"[" * (MOST_TOKENS + 1) + b"]" * MOST_TOKENS,
        b'{"a":' * MOST_TOKENS,
        b'["' + b'","' * MOST_TOKENS + b'"]',
    ],
)
def test_more_is_refused_without_being_parsed(text: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_json(text)
    assert refused.value.status == 413
    assert str(MOST_TOKENS) in refused.value.message
