"""Signers' values are validated against the template's fields and stored with its defaults."""

from typing import Any

from bulksend.resolvers.fast_validation import ValidSigner
from bulksend.resolvers.template_fields import FilledBy, TemplateField, TemplateFieldType
from bulksend.resolvers.template_values import TemplateValues
from bulksend.resolvers.user_errors import MutationError

FIELDS = (
    TemplateField("company"),
    TemplateField("start", TemplateFieldType.DATE),
    TemplateField("notice", TemplateFieldType.INTEGER, default="3", maximum="12"),
    TemplateField("address", TemplateFieldType.MULTILINE_TEXT, required=False),
    TemplateField("city", filled_by=FilledBy.SIGNER),
)
PATH = ("signers", "7", "values")


def problems(**values: str) -> list[tuple[Any, ...]]:
    found = TemplateValues(FIELDS).problems(values, PATH)
    return [(problem.code, ".".join(problem.field or ()), problem.message) for problem in found]


def test_right_values() -> None:
    assert problems(company="Acme", start="2026-05-28", notice="12", address="Street 1\nTown") == []


def test_every_problem_has_its_path() -> None:
    assert problems(start="tomorrow", notice="13", city="Oslo", other="x", address="a\tb") == [
        ("MISSING_VALUE", "signers.7.values", "values must have company, which the template's text asks for"),
        ("INVALID_VALUE", "signers.7.values.0.value", "start must be a date like 2026-05-28"),
        ("INVALID_VALUE", "signers.7.values.1.value", "notice must be at most 12"),
        ("INVALID_VALUE", "signers.7.values.2.field", "city is filled by the signer and must be left out"),
        ("UNUSED_VALUE", "signers.7.values.3", "the template's text does not use other"),
    ]


def test_a_line_break_where_only_one_line_fits() -> None:
    for values in (TemplateValues((TemplateField("company"),)), TemplateValues(())):
        (problem, *_) = values.problems({"company": "A\nB"}, PATH)
        assert isinstance(problem, MutationError)
        assert (problem.code, problem.message) == ("INVALID_CHARACTER", "company must be one line")
        assert not values.are_plainly_right([{"company": "A\nB"}])


def test_what_is_stored_has_the_defaults() -> None:
    signer = ValidSigner("Alice", "alice@example.com", None, None, None, {"company": "Acme", "start": "2026-05-28"})
    stored = TemplateValues(FIELDS).stored(signer)
    assert stored.values == {"company": "Acme", "start": "2026-05-28", "notice": "3", "address": ""}
    plain = signer._replace(values={"company": "Acme"})
    assert TemplateValues((TemplateField("company"),)).stored(plain) is plain
