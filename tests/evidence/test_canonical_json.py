import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksend.evidence.canonical_json import InvalidJson, canonical_bytes, parse

integers = st.integers(-(2**53) + 1, 2**53 - 1)
names = st.text("abcdefgh_", min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | integers | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
)


@given(values)
def test_what_is_written_is_read(value: object) -> None:
    written = canonical_bytes(value)
    assert parse(written) == value
    assert canonical_bytes(parse(written)) == written


@given(st.dictionaries(names, integers, min_size=2))
def test_the_order_of_members_does_not_matter(members: dict[str, int]) -> None:
    assert canonical_bytes(dict(reversed(members.items()))) == canonical_bytes(members)


def test_escapes_are_those_of_rfc_8785() -> None:
    # RFC 8785, 3.2.2.2: two-character escapes where they exist, lower-case hex for other controls, no other escapes.
    assert (
        canonical_bytes('\x00\x1f\b\t\n\f\r"\\/\x7f€ö\u2028')
        == '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f€ö\u2028"'.encode()
    )
    assert canonical_bytes({"b": 1, "a": [True, None]}) == b'{"a":[true,null],"b":1}'


@pytest.mark.parametrize("value", ["\ud800", 2**53, -(2**53)])
def test_what_readers_do_not_agree_on_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a":1,"a":1}',
        b'[{"b":{"a":1,"a":2}}]',
        b"1.0",
        b"1e3",
        b"NaN",
        b"-Infinity",
        b"[" * 100_000,
    ],
)
def test_malformed_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse(data)
