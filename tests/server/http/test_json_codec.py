"""JSON by orjson: reads and writes the same as the standard library."""

import json
import math
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gateway import RunningGateway, Tenant

from bulksend.server.http import json_codec

NUMBERS = [
    b"0",
    b"-0",
    b"-0.0",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"-9223372036854775809",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1" + b"0" * 400,
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"123456789.123456789123456789",
    b"2.2250738585072011e-308",
]
TEXTS = [
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u0000"',
    '"é\u2028\ufeff"'.encode(),
    b'{"a":1,"b":2,"a":3}',
    b" [ 1 , {} ] \r\n",
    b"[" * 900 + b"]" * 900,
]
REFUSED = [
    b"",
    b"NaN",
    b"[Infinity]",
    b"-Infinity",
    b"\xef\xbb\xbf{}",
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"\xff\xfe",
    b'"\t"',
    b"[1,]",
    b"01",
    b"1.",
    b"+1",
    b"{} x",
    b"[1]\0",
    b"'a'",
    b"{1:2}",
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


class Color(StrEnum):
    RED = "red"


@pytest.mark.parametrize("text", NUMBERS + TEXTS)
def test_reads_what_the_standard_library_reads(text: bytes) -> None:
    expected = json.loads(text.decode())
    found = json_codec.read(text)
    assert (repr(found), type(found)) == (repr(expected), type(expected))


@pytest.mark.parametrize("text", REFUSED)
def test_refuses_what_is_not_json(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 each library has its own messages
        json_codec.read(text)


def test_refuses_what_is_nested_too_deeply() -> None:
    with pytest.raises(RecursionError):
        json_codec.read(b"[" * 100_000 + b"]" * 100_000)


@given(ANYTHING)
def test_reads_back_what_it_and_the_standard_library_wrote(value: Any) -> None:
    assert json_codec.read(json_codec.write(value)) == value
    assert json_codec.read(json.dumps(value).encode()) == value
    assert json.loads(json_codec.write(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [None, True]}, b'{"b":1,"a":[null,true]}'),
        (Color.RED, b'"red"'),
        ((1, 2), b"[1,2]"),
        ("é", '"é"'.encode()),
        ("\ud800 é", b'"\\ud800 \\u00e9"'),
        (2**64, b"18446744073709551616"),
        ({Color.RED: 1, 2: 3}, b'{"red":1,"2":3}'),
    ],
)
def test_writes(value: Any, text: bytes) -> None:
    assert json_codec.write(value) == text


@pytest.mark.parametrize("value", [object(), {1}, {"a": b""}])
def test_what_json_does_not_have_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError):
        json_codec.write(value)


def test_an_infinite_number_is_still_read_as_one() -> None:
    assert json_codec.read(b"1e999") == math.inf


async def test_a_lone_surrogate_in_a_variable_reaches_the_resolvers(gateway: RunningGateway, tenant: Tenant) -> None:
    query = "query($text: String) { bulkSends(search: $text) { totalCount } }"
    assert (await gateway.ask(tenant, query, {"text": "\ud800"})).status == 200


@pytest.mark.parametrize("depth", [500, 990, 1_010, 1_024, 5_000])
async def test_a_deeply_nested_variable_is_no_fault_of_ours(
    gateway: RunningGateway, tenant: Tenant, depth: int
) -> None:
    nested = "[" * depth + "]" * depth
    body = f'{{"query": "query($n: [String]) {{ __typename }}", "variables": {{"n": {nested}}}}}'
    headers = {"Content-Type": "application/json", **tenant.headers}
    async with gateway.session.post(f"{gateway.url}/graphql", data=body, headers=headers) as response:
        assert response.status < 500
        assert "INTERNAL_SERVER_ERROR" not in await response.text()
