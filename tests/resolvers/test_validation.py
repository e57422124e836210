"""Validating a create: documented input is accepted, and all problems are reported at once, each with its path."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from bulksend.db.templates import TemplateRow
from bulksend.resolvers import email_addresses
from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.template_fields import all_fields, dump
from bulksend.resolvers.validation import ValidBulkSend, validate

ALICE = {"name": "Alice", "email": "alice@example.com"}


def valid(**more: Any) -> ValidBulkSend:
    return asyncio.run(validate({"templateId": "tpl_x", "name": "Q3", "signers": [ALICE], **more}))


def problems(**more: Any) -> list[tuple[str, str]]:
    """Return the code and path of each problem; fail if there is none."""
    with pytest.raises(Invalid) as caught:
        valid(**more)
    return [(error.code.value, ".".join(error.field or ())) for error in caught.value.errors]


def signer(**more: Any) -> list[dict[str, Any]]:
    return [{**ALICE, **more}]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"name": ""}, [("TOO_SHORT", "name")]),
        ({"name": "x" * 201}, [("TOO_LONG", "name")]),
        ({"name": "   "}, [("BLANK", "name")]),
        ({"name": "a\nb"}, [("INVALID_CHARACTER", "name")]),
        ({"name": "a\0b"}, [("INVALID_CHARACTER", "name")]),
        ({"name": "a\u2028b"}, [("INVALID_CHARACTER", "name")]),
        ({"name": "\ud800"}, [("INVALID_CHARACTER", "name")]),
        ({"name": 3}, [("INVALID_TYPE", "name")]),
        ({"name": None}, [("INVALID_TYPE", "name")]),
        ({"templateId": None}, [("INVALID_TYPE", "templateId")]),
        ({"emailMessage": "x" * 1001}, [("TOO_LONG", "emailMessage")]),
        ({"emailMessage": "a\0"}, [("INVALID_CHARACTER", "emailMessage")]),
        ({"emailMessage": "a\rb"}, [("INVALID_CHARACTER", "emailMessage")]),
        ({"externalId": "x" * 256}, [("TOO_LONG", "externalId")]),
        ({"idempotencyKey": ""}, [("TOO_SHORT", "idempotencyKey")]),
        ({"idempotencyKey": "x" * 256}, [("TOO_LONG", "idempotencyKey")]),
        ({"waitForDelivery": "yes"}, [("INVALID_TYPE", "waitForDelivery")]),
        ({"unknown": 1}, [("UNKNOWN_FIELD", "unknown")]),
        ({"signers": []}, [("TOO_FEW", "signers")]),
        ({"signers": "x"}, [("INVALID_TYPE", "signers")]),
        ({"signers": [ALICE] * 501}, [("TOO_MANY", "signers")]),
        ({"signers": ["x"]}, [("INVALID_TYPE", "signers.0")]),
        ({"signers": signer(name="")}, [("TOO_SHORT", "signers.0.name")]),
        ({"signers": signer(name="x" * 201)}, [("TOO_LONG", "signers.0.name")]),
        ({"signers": signer(email="x" * 250 + "@example.com")}, [("TOO_LONG", "signers.0.email")]),
        ({"signers": signer(email="alice")}, [("INVALID_EMAIL", "signers.0.email")]),
        (
            {"signers": signer(email="alice@example.com\r\nBcc: eve@example.com")},
            [("INVALID_EMAIL", "signers.0.email")],
        ),
        ({"signers": signer(email="Alice <alice@example.com>")}, [("INVALID_EMAIL", "signers.0.email")]),
        ({"signers": signer(email="alice@example.test")}, [("INVALID_EMAIL", "signers.0.email")]),
        ({"signers": signer(email="açai@example.com")}, [("INVALID_EMAIL", "signers.0.email")]),
        ({"signers": signer(phone="1" * 21)}, [("TOO_LONG", "signers.0.phone")]),
        ({"signers": signer(message="x" * 1001)}, [("TOO_LONG", "signers.0.message")]),
        (
            {"signers": signer(values=[{"field": "a b", "value": "x"}])},
            [("INVALID_CHARACTER", "signers.0.values.0.field")],
        ),
        ({"signers": signer(values=[{"field": "a", "value": ""}])}, [("TOO_SHORT", "signers.0.values.0.value")]),
        (
            {"signers": signer(values=[{"field": "a", "value": "a\nb"}])},
            [("INVALID_CHARACTER", "signers.0.values.0.value")],
        ),
        (
            {"signers": signer(values=[{"field": "a", "value": "x"}, {"field": "a", "value": "y"}])},
            [("DUPLICATE_VALUE", "signers.0.values")],
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_tells_what_is_wrong(more: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(**more) == expected


@pytest.mark.parametrize(
    "more",
    [
        {"name": "x" * 200},
        {"name": "👩‍👩‍👧‍👧" * 28},
        {"emailMessage": "x" * 1000},
        {"emailMessage": "a\n\tb"},
        {"externalId": "x" * 255},
        {"signers": [ALICE] * 500},
        {"signers": signer(email="a@bücher.example.com", phone="1" * 20, message="x" * 1000)},
    ],
    ids=lambda value: str(value)[:60],
)
def test_accepts_what_is_documented(more: dict[str, Any]) -> None:
    valid(**more)


def test_tells_every_problem_at_once() -> None:
    many = [dict(ALICE) for _ in range(120)]
    many[3]["email"] = "x"
    many[70]["name"] = ""
    many[119] = {"email": "y"}
    assert problems(name="", signers=many) == [
        ("TOO_SHORT", "name"),
        ("INVALID_EMAIL", "signers.3.email"),
        ("TOO_SHORT", "signers.70.name"),
        ("REQUIRED", "signers.119.name"),
        ("INVALID_EMAIL", "signers.119.email"),
    ]


def test_messages_name_the_field_and_the_rule_and_never_the_value() -> None:
    with pytest.raises(Invalid) as caught:
        valid(name="s3cret" * 40, signers=signer(email="s3cret", phone="s3cret" * 4))
    messages = [error.message for error in caught.value.errors]
    assert messages == [
        "name must have at most 200 characters",
        "email must be a well-formed email address",
        "phone must have at most 20 characters",
    ]


def test_the_fingerprint_is_of_what_is_asked_for() -> None:
    one = valid(signers=signer(values=[{"field": "a", "value": "1"}, {"field": "b", "value": "2"}]))
    same = valid(
        signers=signer(values=[{"field": "b", "value": "2"}, {"field": "a", "value": "1"}], phone=None),
        idempotencyKey="k",
        waitForDelivery=False,
        externalId=None,
    )
    other = valid(signers=signer(values=[{"field": "a", "value": "2"}, {"field": "b", "value": "1"}]))
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != other.fingerprint


TEXT = st.text(alphabet=st.characters(), max_size=300)


@given(name=TEXT, email=TEXT, message=TEXT, phone=TEXT)
def test_whatever_is_sent_is_accepted_or_told(name: str, email: str, message: str, phone: str) -> None:
    try:
        accepted = valid(name=name, emailMessage=message, signers=signer(name=name, email=email, phone=phone))
    except Invalid as invalid:
        told = invalid.errors
    else:
        told = []
        for line in (accepted.details.name, accepted.signers[0].name, accepted.signers[0].email):
            line.encode("utf-8")
            assert not any(ord(character) < 32 for character in line)
    assert all(error.field and error.message for error in told)


LOCAL = st.text(alphabet="abcZ09._+-", min_size=1, max_size=70)
LABEL = st.text(alphabet="abcZ09-", min_size=1, max_size=65)
TOP = st.sampled_from(["com", "org", "test", "local", "invalid", "localhost", "c", "arpa", "museum", "x1", "example"])


@given(local=LOCAL, labels=st.lists(LABEL, min_size=0, max_size=5), top=TOP)
def test_the_fast_path_takes_nothing_that_the_library_refuses(local: str, labels: list[str], top: str) -> None:
    address = f"{local}@{'.'.join([*labels, top])}"
    assert email_addresses.are_plain([address]) == email_addresses.is_plain(address)
    if email_addresses.is_plain(address):
        try:
            validate_email(address, allow_smtputf8=False, check_deliverability=False)
        except EmailNotValidError as error:
            pytest.fail(f"{address!r}: {error}")


INVISIBLE = (
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u00ad",
    "\u034f",
    "\u115f",
    "\u3164",
    "\uffa0",
    "\u2800",
    "\ufe0f",
    "\U000e0041",
)


@pytest.mark.parametrize("invisible", INVISIBLE)
def test_what_nobody_sees_is_blank(invisible: str) -> None:
    text = f" {invisible}{invisible}\u00a0"
    assert problems(name=text) == [("BLANK", "name")]
    assert problems(signers=signer(name=text)) == [("BLANK", "signers.0.name")]
    assert problems(signers=signer(externalId=invisible)) == [("BLANK", "signers.0.externalId")]
    values = [{"field": "company", "value": text}]
    assert problems(signers=signer(values=values)) == [("BLANK", "signers.0.values.0.value")]
    # Next to visible characters they are kept, because some names need them.
    assert valid(name=f"a{invisible}b").details.name == f"a{invisible}b"


def test_a_line_break_counts_once() -> None:
    lines = "x\r\n" * 500
    assert valid(emailMessage=lines).details.email_message == "x\n" * 500
    assert valid(signers=signer(message=lines)).signers[0].message == "x\n" * 500
    assert problems(emailMessage=lines + "x") == [("TOO_LONG", "emailMessage")]


@pytest.mark.parametrize(
    "spelling",
    [
        "ada@m\u00fcnchen.example.com",
        "ada@mu\u0308nchen.example.com",
        "ada@xn--mnchen-3ya.example.com",
        "ada@M\u00dcNCHEN.Example.com",
    ],
)
def test_one_mailbox_has_one_spelling(spelling: str) -> None:
    found = valid(signers=[*signer(email=spelling), *signer(email="ada@m\u00fcnchen.example.com")])
    assert [one.email for one in found.signers] == ["ada@m\u00fcnchen.example.com"] * 2
    assert [warning.code for warning in found.warnings] == ["DUPLICATE_EMAIL"]


# A row of the database, with only what validation reads.
TEMPLATE = cast(TemplateRow, SimpleNamespace(fields=dump(all_fields(["company", "city"], []))))
COMPLETE = {**ALICE, "values": [{"field": "company", "value": "Acme"}, {"field": "city", "value": "Oslo"}]}


async def find_template(_id: str) -> TemplateRow:
    return TEMPLATE


def validated(*signers: object, **more: Any) -> ValidBulkSend:
    raw = {"templateId": "tpl_x", "name": "Q3", "signers": list(signers), **more}
    return asyncio.run(validate(raw, find_template))


BAD_EMAIL = {"name": "Bob", "email": "bob", "values": [{"field": "company", "value": "Acme"}]}
BAD_VALUE = {**ALICE, "values": [{"field": "company", "value": ""}, {"field": "city", "value": "Oslo"}]}
UNUSED = {**ALICE, "values": [*COMPLETE["values"], {"field": "planet", "value": "Earth"}]}


def test_a_row_is_told_all_its_problems() -> None:
    with pytest.raises(Invalid) as caught:
        validated(COMPLETE, BAD_EMAIL, BAD_VALUE, UNUSED, {"email": "c@example.com"}, "no signer")
    assert [(error.code.value, ".".join(error.field or ())) for error in caught.value.errors] == [
        ("INVALID_EMAIL", "signers.1.email"),
        ("MISSING_VALUE", "signers.1.values"),
        ("TOO_SHORT", "signers.2.values.0.value"),
        ("REQUIRED", "signers.4.name"),
        ("MISSING_VALUE", "signers.4.values"),
        ("MISSING_VALUE", "signers.4.values"),
        ("INVALID_TYPE", "signers.5"),
        ("MISSING_VALUE", "signers.5.values"),
        ("MISSING_VALUE", "signers.5.values"),
    ]
    # Warnings are reported along with errors.
    assert [(warning.code.value, ".".join(warning.field or ())) for warning in caught.value.warnings] == [
        ("UNUSED_VALUE", "signers.3.values.2"),
        ("DUPLICATE_EMAIL", "signers.3.email"),
    ]


def test_invalid_signers_are_skipped_on_request() -> None:
    found = validated(BAD_EMAIL, COMPLETE, ALICE, BAD_VALUE, onInvalidSigners="SKIP")
    assert [one.email for one in found.signers] == ["alice@example.com"]
    skipped = [(warning.code.value, ".".join(warning.field or ())) for warning in found.warnings]
    assert skipped == [
        ("SIGNER_SKIPPED", "signers.0.email"),
        ("SIGNER_SKIPPED", "signers.0.values"),
        ("SIGNER_SKIPPED", "signers.2.values"),
        ("SIGNER_SKIPPED", "signers.2.values"),
        ("SIGNER_SKIPPED", "signers.3.values.0.value"),
    ]
    assert all("this signer is left out" in warning.message for warning in found.warnings)


@pytest.mark.parametrize("choice", ["REJECT_ALL", None])
def test_invalid_signers_refuse_the_create_otherwise(choice: str | None) -> None:
    with pytest.raises(Invalid):
        validated(BAD_EMAIL, COMPLETE, onInvalidSigners=choice)


def test_there_must_be_somebody_to_send_to() -> None:
    with pytest.raises(Invalid) as caught:
        validated(BAD_EMAIL, ALICE, onInvalidSigners="SKIP")
    assert len(caught.value.errors) == 4
    with pytest.raises(Invalid):
        validated(COMPLETE, name="", onInvalidSigners="SKIP")
    assert problems(onInvalidSigners="SOME") == [("INVALID_TYPE", "onInvalidSigners")]


def test_skipping_is_in_the_fingerprint() -> None:
    plain = validated(COMPLETE).fingerprint
    assert validated(COMPLETE, onInvalidSigners="REJECT_ALL").fingerprint == plain
    assert validated(COMPLETE, onInvalidSigners=None).fingerprint == plain
    skipping = validated(COMPLETE, onInvalidSigners="SKIP").fingerprint
    first = validated(BAD_EMAIL, COMPLETE, onInvalidSigners="SKIP").fingerprint
    last = validated(COMPLETE, BAD_EMAIL, onInvalidSigners="SKIP").fingerprint
    assert len({plain, skipping, first, last}) == 4
