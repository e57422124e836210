"""Ids: every UUID is encoded and decoded without loss, and anything else is refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksend.db import ids

PREFIXES = st.sampled_from([ids.ORGANIZATION, ids.API_KEY, ids.TEMPLATE, ids.BULK_SEND, ids.DOCUMENT])


@given(prefix=PREFIXES, value=st.uuids())
def test_comes_back_as_it_went(prefix: str, value: UUID) -> None:
    encoded = ids.encode(prefix, value)
    assert ids.decode(prefix, encoded) == value
    assert ids.split(encoded) == (prefix, value)
    assert len(encoded) == len(prefix) + 27


@pytest.mark.parametrize(
    ("suffix", "value"),
    [
        ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
        ("0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
        ("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
        ("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ],
)
def test_is_the_specifications(suffix: str, value: str) -> None:
    # From https://github.com/jetify-com/typeid/blob/main/spec/valid.yml
    assert ids.encode("prefix", UUID(value)) == f"prefix_{suffix}"
    assert ids.encoder("prefix")(UUID(value)) == f"prefix_{suffix}"
    assert ids.decode("prefix", f"prefix_{suffix}") == UUID(value)


@given(value=st.uuids(), prefix=PREFIXES, other=PREFIXES)
def test_is_of_one_type(value: UUID, prefix: str, other: str) -> None:
    if prefix != other:
        with pytest.raises(ids.InvalidId):
            ids.decode(other, ids.encode(prefix, value))


@given(text=st.text(alphabet=st.characters()))
def test_no_other_text_is_an_id(text: str) -> None:
    with pytest.raises(ids.InvalidId):
        ids.decode(ids.BULK_SEND, text)


@given(value=st.uuids(), position=st.integers(0, 28), character=st.characters())
def test_has_one_spelling(value: UUID, position: int, character: str) -> None:
    encoded = ids.encode(ids.BULK_SEND, value)
    changed = encoded[:position] + character + encoded[position + 1 :]
    try:
        decoded = ids.decode(ids.BULK_SEND, changed)
    except ids.InvalidId:
        return
    assert ids.encode(ids.BULK_SEND, decoded) == changed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bs_",
        "bs",
        "bs_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "BS_01h455vb4pex5vsknk084sn02q",
        "bs_01H455VB4PEX5VSKNK084SN02Q",
        "bs_01h455vb4pex5vsknk084sn02q\n",
        "bs_01h455vb4pex5vsknk084sn02\0",
        "bs_\ud800",
        "bs_o1h455vb4pex5vsknk084sn02q",
    ],
)
def test_refuses_what_is_nearly_an_id(text: str) -> None:
    with pytest.raises(ids.InvalidId):
        ids.decode(ids.BULK_SEND, text)


@given(data=st.data(), prefix=PREFIXES)
def test_the_pattern_is_of_what_can_be_decoded(data: st.DataObject, prefix: str) -> None:
    text = data.draw(st.from_regex(ids.pattern(prefix), fullmatch=True)).removesuffix("\n")
    assert ids.encode(prefix, ids.decode(prefix, text)) == text
