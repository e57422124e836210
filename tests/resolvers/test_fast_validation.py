"""Fast validation of plain signers accepts fewer inputs than the model, and returns the same for them."""

import asyncio
import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bulksend.resolvers import email_addresses
from bulksend.resolvers.fast_validation import plain_signers, valid_signer
from bulksend.resolvers.fingerprint import canonical
from bulksend.resolvers.inputs import SignerInput
from bulksend.resolvers.validation import validate

# Often a character that a rule treats specially, sometimes any other, and lengths on both sides of every limit.
ODD = '\0\t\n\r\x0b\x1c\x1f \x7f\x80\x85\x9f\xa0\u200d\u2028\u2029\ud800\udfff\ufeff\ufffe\U0001f600é"\\/<a'
TEXT = st.one_of(
    st.sampled_from(["Ann", "Zoë", "", " ", "a\r\nb", "a\nb", "張偉", "👩‍👩‍👧"]),
    st.text(alphabet=st.sampled_from(ODD), max_size=4),
    st.text(alphabet=st.characters(), max_size=8),
    st.sampled_from([20, 21, 64, 65, 200, 201, 255, 256, 1000, 1001]).map("x".__mul__),
)
ANYTHING = st.one_of(TEXT, st.none(), st.booleans(), st.integers(), st.lists(st.none(), max_size=1), st.just({}))
LABEL = st.text(alphabet="aZ0-_", min_size=1, max_size=64)
EMAIL = st.one_of(
    st.sampled_from(["a@example.com", "b.c+d@mail.example.org", "a@b.test", "a@xn--a.com", "a@b", "a@b@c.com", ""]),
    st.builds("{}@{}.{}".format, LABEL, LABEL, st.sampled_from(["com", "local", "c", "x1", "com\n", "é"])),
    st.just("a@example.com\nb@example.com"),
    st.just("a" * 32 + "@" + ".".join(["b" * 63] * 3) + ".com"),
    st.just("a" * 32 + "@" + ".".join(["b" * 63] * 3) + "." + "c" * 24),
    ANYTHING,
)
FIELD = st.one_of(st.sampled_from(["company", "a", "_1", "A_b", "1a", "a\n", "é"]), ANYTHING)
VALUE = st.one_of(
    st.fixed_dictionaries({"field": FIELD, "value": st.one_of(TEXT, ANYTHING)}),
    st.fixed_dictionaries({}, optional={"field": FIELD, "value": TEXT, "more": TEXT}),
    ANYTHING,
)
VALUES = st.one_of(
    st.lists(VALUE, max_size=3),
    st.sampled_from([49, 50, 51]).map(lambda count: [{"field": f"v{n}", "value": "x"} for n in range(count)]),
    ANYTHING,
)
SIGNER = st.one_of(
    st.fixed_dictionaries(
        {"name": TEXT, "email": EMAIL},
        optional={"phone": ANYTHING, "message": ANYTHING, "externalId": ANYTHING, "values": VALUES},
    ),
    st.fixed_dictionaries({}, optional={"name": ANYTHING, "email": EMAIL, "external_id": TEXT, "more": TEXT}),
    ANYTHING,
)


def with_values(count: int) -> list[Any]:
    values = [{"field": f"v{number}", "value": "x"} for number in range(count)]
    return [{"name": "Ann", "email": "a@example.com", "values": values}]


PLAIN = st.fixed_dictionaries(
    {
        "name": st.text(alphabet="Zoë 張'.", min_size=1, max_size=9).map("A".__add__),
        "email": st.sampled_from(["a@example.com", "b.c+d@mail.example.org"]),
    },
    optional={
        "phone": st.sampled_from([None, "+46 70", "x" * 20]),
        "message": st.sampled_from([None, "", " ", "a\n\tb", "x" * 1000]),
        "externalId": st.sampled_from([None, "row", "x" * 255]),
        "values": st.sampled_from(
            [None, [], [{"field": "b", "value": "é"}, {"value": "2", "field": "a"}], [{"field": "a", "value": "1"}]]
        ),
    },
)


def by_the_model(raw: list[Any]) -> list[Any] | None:
    try:
        return [valid_signer(SignerInput.model_validate(one)) for one in raw]
    except ValidationError:
        return None


@given(st.lists(SIGNER, max_size=3))
@example(with_values(51))
def test_whatever_is_taken_comes_out_as_the_models(raw: list[Any]) -> None:
    taken = plain_signers(raw) if raw else None
    if taken is not None:
        assert taken == by_the_model(raw)


@given(SIGNER, st.lists(PLAIN, min_size=1, max_size=3))
def test_one_odd_signer_is_found_among_plain_ones(odd: Any, plain: list[Any]) -> None:
    taken = plain_signers([*plain, odd])
    if taken is not None:
        assert taken == by_the_model([*plain, odd])


@given(st.lists(PLAIN, min_size=1, max_size=5))
@example(with_values(50))
def test_plain_ones_are_taken(raw: list[Any]) -> None:
    taken = plain_signers(raw)
    assert taken is not None
    assert taken == by_the_model(raw)


@given(st.lists(EMAIL.filter(lambda email: isinstance(email, str)), min_size=1, max_size=4))
def test_addresses_are_plain_together_when_each_is(addresses: list[str]) -> None:
    assert email_addresses.are_plain(addresses) == all(map(email_addresses.is_plain, addresses))


SCALARS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(SCALARS, inner), max_leaves=20))
@example(["\x7f", "é\u2028\U0001f600", '\x00\b\x1f"\\/', {"é": "1", "z": "2", "\U0001f600": "3", "\uffff": "4"}])
def test_the_canonical_form_is_that_of_json(value: Any) -> None:
    assert canonical(value) == json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", ["Zoë", "Zoe", "👩‍👩‍👧"])
def test_stored_fingerprints_stay_comparable(name: str) -> None:
    """Both validation paths compute the fingerprint that rows of the first release contain."""
    asked = {"email_message": "Hi\nall", "name": "Q3", "template_id": "tpl_x"}
    ann = {"email": "a@example.com", "external_id": "1", "message": "m", "name": name, "phone": "2"}
    bob = {"email": "b@example.com", "name": "Bob", "values": {}}
    text = json.dumps([asked, [{**ann, "values": {"a": "ä", "b": "1"}}, bob]], sort_keys=True, separators=(",", ":"))
    values = [{"field": "b", "value": "1"}, {"field": "a", "value": "ä"}]
    given = {
        "templateId": "tpl_x",
        "name": "Q3",
        "emailMessage": "Hi\r\nall",
        "signers": [
            {**{"externalId" if key == "external_id" else key: one for key, one in ann.items()}, "values": values},
            {"name": "Bob", "email": "b@example.com", "phone": None},
        ],
    }
    assert asyncio.run(validate(given)).fingerprint == hashlib.sha256(text.encode()).digest()
