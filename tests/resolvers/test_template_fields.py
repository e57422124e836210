"""The rules of typed template fields, and the JSON Schema that publishes them."""

from datetime import date
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulksend.resolvers.preview_template import sample_value
from bulksend.resolvers.template_fields import (
    FilledBy,
    TemplateField,
    TemplateFieldType,
    all_fields,
    broken_rule,
    completed,
    dump,
    json_schema,
    load,
    missing,
    shown,
)

FIELD = {
    TemplateFieldType.TEXT: TemplateField("x", TemplateFieldType.TEXT, min_length=2, max_length=5),
    TemplateFieldType.MULTILINE_TEXT: TemplateField("x", TemplateFieldType.MULTILINE_TEXT, max_length=20),
    TemplateFieldType.INTEGER: TemplateField("x", TemplateFieldType.INTEGER, minimum="-3", maximum="40"),
    TemplateFieldType.DECIMAL: TemplateField("x", TemplateFieldType.DECIMAL, minimum="0.5", maximum="99.99"),
    TemplateFieldType.DATE: TemplateField("x", TemplateFieldType.DATE, minimum="2026-01-31", maximum="2026-12-31"),
    TemplateFieldType.CHOICE: TemplateField("x", TemplateFieldType.CHOICE, choices=("Yes", "No")),
    TemplateFieldType.EMAIL: TemplateField("x", TemplateFieldType.EMAIL),
    TemplateFieldType.CHECKBOX: TemplateField("x", TemplateFieldType.CHECKBOX),
}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", "Acme"),
        ("text", "żółć"),
        ("multiline_text", "Street 1\nTown"),
        ("integer", "-3"),
        ("integer", "0"),
        ("integer", "40"),
        ("decimal", "0.5"),
        ("decimal", "99.99"),
        ("decimal", "7"),
        ("date", "2026-02-28"),
        ("choice", "No"),
        ("email", "a@example.com"),
        ("checkbox", "true"),
        ("checkbox", "false"),
    ],
)
def test_values_that_fit(type_: str, value: str) -> None:
    assert broken_rule(FIELD[TemplateFieldType(type_)], value) is None


@pytest.mark.parametrize(
    ("type_", "value", "rule"),
    [
        ("text", "A", "must have at least 2 characters"),
        ("text", "Acme Inc", "must have at most 5 characters"),
        ("text", "a\nb", "must be one line"),
        ("text", "a\tb", "must be one line"),
        ("multiline_text", "x" * 21, "must have at most 20 characters"),
        ("integer", "-4", "must be at least -3"),
        ("integer", "41", "must be at most 40"),
        ("integer", "1.0", "must be a whole number like 42"),
        ("integer", "007", "must be a whole number like 42"),
        ("integer", "٣", "must be a whole number like 42"),
        ("integer", "9" * 400, "must be a whole number like 42"),
        ("decimal", "0.49", "must be at least 0.5"),
        ("decimal", "100", "must be at most 99.99"),
        ("decimal", "1e3", "must be a number like 42.50"),
        ("decimal", "NaN", "must be a number like 42.50"),
        ("decimal", ".5", "must be a number like 42.50"),
        ("date", "2026-02-30", "must be a date like 2026-05-28"),
        ("date", "20260228", "must be a date like 2026-05-28"),
        ("date", "2026-01-30", "must be 2026-01-31 or later"),
        ("date", "2027-01-01", "must be 2026-12-31 or earlier"),
        ("choice", "no", "must be one of Yes, No"),
        ("email", "a@b@example.com", "must be a well-formed email address"),
        ("checkbox", "on", "must be true or false"),
        ("text", "x" * 1001, "must have at most 1000 characters"),
    ],
)
def test_values_that_do_not_fit(type_: str, value: str, rule: str) -> None:
    assert broken_rule(FIELD[TemplateFieldType(type_)], value) == rule


FIELDS = st.sampled_from(list(FIELD.values()))
WITHOUT_BOUNDS = [TemplateField("x", field.type, choices=field.choices) for field in FIELD.values()]
VALUES = st.one_of(
    st.text(min_size=1, max_size=12),
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**6, min_value=-(10**6)).map(str),
    st.dates().map(date.isoformat),
    st.sampled_from(["Yes", "No", "true", "false", "a@example.com", "-0", "00", "1.", "a\nb", "2026-02-29"]),
)


@given(field=st.sampled_from(WITHOUT_BOUNDS), value=VALUES)
@example(field=TemplateField("x", TemplateFieldType.DECIMAL), value="-0.0")
def test_json_schema_accepts_what_the_rules_accept(field: TemplateField, value: str) -> None:
    if field.type is TemplateFieldType.EMAIL and value != "a@example.com":
        return  # Two libraries need not agree on every email address.
    validator = jsonschema_rs.validator_for(json_schema([field]), validate_formats=True)
    assert validator.is_valid({"x": value}) == (broken_rule(field, value) is None)


@given(field=FIELDS)
def test_json_schema_is_one(field: TemplateField) -> None:
    assert jsonschema_rs.meta.is_valid(json_schema([field]))


@given(field=FIELDS, default=st.booleans())
def test_a_sample_value_fits(field: TemplateField, default: bool) -> None:
    assert broken_rule(field, sample_value(field)) is None


def test_the_schema_is_of_what_the_sender_gives() -> None:
    fields = [
        TemplateField("company", label="Company"),
        TemplateField("notice", TemplateFieldType.INTEGER, default="3"),
        TemplateField("note", required=False),
        TemplateField("agreed", TemplateFieldType.CHECKBOX, filled_by=FilledBy.SIGNER),
    ]
    schema: dict[str, Any] = json_schema(fields)
    assert list(schema["properties"]) == ["company", "notice", "note"]
    assert schema["required"] == ["company"]
    assert schema["properties"]["company"]["title"] == "Company"
    assert schema["properties"]["notice"]["default"] == "3"


def test_fields_survive_the_database() -> None:
    fields = tuple(FIELD.values())
    assert load(dump(fields)) == fields


def test_an_undeclared_name_is_text_of_the_sender() -> None:
    declared = TemplateField("start", TemplateFieldType.DATE)
    assert all_fields(["company", "start"], [declared]) == (TemplateField("company"), declared)


def test_what_is_left_out_is_completed() -> None:
    fields = [
        TemplateField("company"),
        TemplateField("notice", TemplateFieldType.INTEGER, default="3"),
        TemplateField("note", required=False),
        TemplateField("urgent", TemplateFieldType.CHECKBOX, required=False),
        TemplateField("city", filled_by=FilledBy.SIGNER),
    ]
    values = completed(fields, {"company": "Acme"}, FilledBy.SENDER)
    assert values == {"company": "Acme", "notice": "3", "note": "", "urgent": "false"}
    assert shown(fields, values) == {"company": "Acme", "notice": "3", "note": "", "urgent": "☐"}
    assert [missing(field, {}) for field in fields] == [True, False, False, False, True]
