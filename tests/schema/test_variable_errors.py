"""Invalid variables: reported by field and rule, at most 50 errors, and never with the submitted value."""

import json
from typing import Any

import pytest

from bulksend.schema.build import Schema, build_schema

CREATE = "mutation($input: CreateBulkSendInput!) { createBulkSend(input: $input) { replayed } }"
SECRET = "alice.secret@example.com"


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema()


async def told(schema: Schema, query: str, variables: Any) -> list[tuple[list[str], str]]:
    """Return the field and message of each error."""
    result = await schema.execute(query, variable_values=variables)
    assert result.data is None
    assert result.errors
    for error in result.errors:
        assert (error.extensions or {})["code"] == "BAD_USER_INPUT"
        assert SECRET not in json.dumps(error.formatted)
    return [((error.extensions or {})["field"], error.message) for error in result.errors]


def sending(**more: Any) -> dict[str, Any]:
    return {"input": {"templateId": "tpl_x", "name": "A", "signers": [], **more}}


@pytest.mark.parametrize(
    ("variables", "field", "rule"),
    [
        ({}, ["input"], "is required"),
        ({"input": None}, ["input"], "must not be null"),
        ({"input": SECRET}, ["input"], "must be an object"),
        ({"input": {"templateId": "t", "name": "A"}}, ["input", "signers"], "is required"),
        (sending(name=3), ["input", "name"], "must be a string"),
        (sending(name=None), ["input", "name"], "must not be null"),
        (sending(name=[SECRET]), ["input", "name"], "must be a string"),
        (sending(templateId=[SECRET]), ["input", "templateId"], "must be an id"),
        (sending(dryRun=SECRET), ["input", "dryRun"], "must be true or false"),
        (sending(nothing=SECRET), ["input", "nothing"], "is not a field of CreateBulkSendInput"),
        (sending(signers=[SECRET]), ["input", "signers", "0"], "must be an object"),
        (sending(signers=[{"name": SECRET}]), ["input", "signers", "0", "email"], "is required"),
        (
            sending(signers=[{"name": {"a": SECRET}, "email": "a"}]),
            ["input", "signers", "0", "name"],
            "must be a string",
        ),
        (
            sending(signers=[{"name": "A", "email": "a", "values": [{"field": "f", "value": 3}]}]),
            ["input", "signers", "0", "values", "0", "value"],
            "must be a string",
        ),
    ],
)
async def test_names_the_field_and_the_rule(schema: Schema, variables: Any, field: list[str], rule: str) -> None:
    assert (field, f"{'.'.join(field)} {rule}") in await told(schema, CREATE, variables)


@pytest.mark.parametrize(
    ("kind", "argument", "value", "rule"),
    [
        ("Int", "first", SECRET, "must be a whole number of 32 bits"),
        ("Int", "first", 2**40, "must be a whole number of 32 bits"),
        ("[BulkSendStatus!]", "status", [SECRET], "must be a value of its enum"),
        ("[BulkSendStatus!]", "status", [3], "must be a value of its enum"),
        (
            "DateTime",
            "createdAfter",
            SECRET,
            "must be an RFC 3339 time with an offset, such as 2026-05-28T10:00:00.000Z",
        ),
        ("DateTime", "createdAfter", 3, "must be an RFC 3339 time with an offset, such as 2026-05-28T10:00:00.000Z"),
    ],
)
async def test_names_the_rule_of_each_scalar(schema: Schema, kind: str, argument: str, value: Any, rule: str) -> None:
    query = f"query($v: {kind}) {{ bulkSends({argument}: $v) {{ totalCount }} }}"
    ((field, message),) = await told(schema, query, {"v": value})
    assert field[0] == "v"
    assert message.endswith(f" {rule}")


async def test_500_wrong_signers_are_at_most_50_errors(schema: Schema) -> None:
    errors = await told(schema, CREATE, sending(signers=[{"name": SECRET, "email": 3}] * 500))
    assert len(errors) == 50
    assert errors[49] == (["input", "signers", "49", "email"], "input.signers.49.email must be a string")


async def test_what_was_sent_is_not_told_by_field_names_either(schema: Schema) -> None:
    errors = await told(schema, CREATE, sending(**{SECRET: 1}))
    assert errors


async def test_literals_are_an_error_of_the_document(schema: Schema) -> None:
    result = await schema.execute('{ bulkSends(first: "x") { totalCount } }')
    assert result.errors
    assert (result.errors[0].extensions or {})["code"] == "GRAPHQL_VALIDATION_FAILED"
