"""Validating new templates: all problems of their text and fields are reported at once, each with its path."""

from typing import Any

import pytest

from bulksend.resolvers.model_errors import Invalid
from bulksend.resolvers.template_fields import FilledBy, TemplateField, TemplateFieldType
from bulksend.resolvers.template_inputs import ValidTemplate, validate_template

BODY = "# Agreement\n\n{{ signer.name }} of {{ values.company }} from {{ values.start }}.\n"


def valid(body: str = BODY, **more: Any) -> ValidTemplate:
    return validate_template({"name": "Agreement", "body": body, **more})


def problems(body: str = BODY, **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        valid(body, **more)
    return [(error.code, ".".join(error.field or ()), error.message) for error in refused.value.errors]


def test_undeclared_names_are_text_of_the_sender() -> None:
    assert valid().fields == (TemplateField("company"), TemplateField("start"))
    assert valid().merge_fields == ["company", "start"]


def test_declared_fields() -> None:
    declared = [
        {"name": "start", "type": "DATE", "filledBy": "SIGNER", "label": "Start date"},
        {"name": "company", "maxLength": 80},
    ]
    template = valid(fields=declared)
    assert template.fields == (
        TemplateField("company", max_length=80),
        TemplateField("start", TemplateFieldType.DATE, label="Start date", filled_by=FilledBy.SIGNER),
    )
    assert template.merge_fields == ["company"]


def test_front_matter_declares_the_same_and_is_no_part_of_the_body() -> None:
    rules = "start: { type: date, filledBy: signer, label: Start date }\n  company: { maxLength: 80 }"
    front = f"---\nfields:\n  {rules}\n---\n"
    declared = [
        {"name": "start", "type": "DATE", "filledBy": "SIGNER", "label": "Start date"},
        {"name": "company", "maxLength": 80},
    ]
    assert valid(front + BODY) == valid(fields=declared)


@pytest.mark.parametrize("body", ["", " \n", "\ufeff", "---\n---\n\n"])
def test_an_empty_body_is_refused(body: str) -> None:
    assert [(code, path) for code, path, _ in problems(body)] in ([("BLANK", "body")], [("TOO_SHORT", "body")])


def test_the_line_is_the_files() -> None:
    front = "---\nfields:\n  company: {}\n---\n"
    assert problems("# A\n{{ nonsense }}")[0][2].startswith("line 2: ")
    assert problems(front + "# A\n{{ nonsense }}")[0][2].startswith("line 6: ")


@pytest.mark.parametrize(
    ("field", "path", "message"),
    [
        ({"name": "company", "type": "DATE", "maxLength": 3}, "maxLength", "maxLength of company is for text only"),
        ({"name": "company", "minimum": "3"}, "minimum", "minimum of company is for integers, decimals and dates only"),
        (
            {"name": "company", "type": "DATE", "minimum": "3"},
            "minimum",
            "minimum of company must be written as a value of type DATE",
        ),
        (
            {"name": "company", "type": "INTEGER", "minimum": "3", "maximum": "2"},
            "minimum",
            "minimum of company must not be greater than maximum",
        ),
        (
            {"name": "company", "minLength": 3, "maxLength": 2},
            "minLength",
            "minLength of company must not be greater than maxLength",
        ),
        (
            {"name": "company", "type": "CHOICE"},
            "choices",
            "choices of company must list the values of a field of type CHOICE, and of no other",
        ),
        (
            {"name": "company", "choices": ["a"]},
            "choices",
            "choices of company must list the values of a field of type CHOICE, and of no other",
        ),
        (
            {"name": "company", "type": "CHOICE", "choices": ["a", "a"]},
            "choices",
            "choices of company must list each value once",
        ),
        (
            {"name": "company", "type": "INTEGER", "default": "x"},
            "default",
            "default of company must be a whole number like 42",
        ),
        ({"name": "company", "type": "MONEY"}, "type", "type must be one of 'TEXT', 'MULTILINE_TEXT', 'INTEGER'"),
        ({"name": "missing"}, "name", "missing is declared, but the body does not use {{ values.missing }}"),
        ({"name": "no name"}, "name", "name must have only letters, digits and underscores"),
    ],
)
def test_a_wrong_declaration_names_its_field_and_rule(field: dict[str, Any], path: str, message: str) -> None:
    (problem,) = problems(fields=[{"name": "start"}, field])
    assert problem[1] == f"fields.1.{path}"
    assert problem[2].startswith(message)


def test_all_problems_at_once() -> None:
    found = problems(fields=[{"name": "company", "type": "DATE", "maxLength": 3}, {"name": "a"}, {"name": "a"}])
    assert [path for _, path, _ in found] == ["fields.0.maxLength", "fields.1.name", "fields.2.name", "fields.2.name"]


def test_fields_in_two_places_are_refused() -> None:
    (problem,) = problems("---\nfields: {}\n---\n" + BODY, fields=[])
    assert problem[:2] == ("DUPLICATE_VALUE", "fields")


@pytest.mark.parametrize(
    ("front", "path"),
    [
        ("title: x", "body.title"),
        ("fields: [company]", "body.fields"),
        ("fields: { company: date }", "body.fields.company"),
        ("fields: { company: { type: [a] } }", "body.fields.company.type"),
        ("fields: { company: { maxLength: many } }", "body.fields.company.maxLength"),
        ("fields: { company: { colour: red } }", "body.fields.company.colour"),
    ],
)
def test_wrong_front_matter_names_its_key(front: str, path: str) -> None:
    (problem,) = problems(f"---\n{front}\n---\n{BODY}")
    assert problem[1] == path
