"""Generating the TypeScript type and the CSV header of a template."""

from typing import Any

from bulksend.client.code_generation import csv_header, typescript

RULES = dict.fromkeys(["label", "default", "minLength", "maxLength", "minimum", "maximum"])


def field(name: str, type_: str = "TEXT", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": type_,
        "filledBy": "SENDER",
        "required": True,
        "choices": [],
        **RULES,
        **more,
    }


TEMPLATE = {
    "id": "tpl_1",
    "name": "Lease: */ 2026",
    "fields": [
        field("flat", maxLength=80),
        field("start", "DATE", label="First day", minimum="2026-01-01"),
        field("notice", "INTEGER", default="3"),
        field("kind", "CHOICE", choices=["long", 'a "short" one']),
        field("pets", "CHECKBOX", required=False),
        field("phone"),
        field("city", filledBy="SIGNER"),
    ],
}

TYPESCRIPT = """\
/** Values of one signer for the template Lease: * / 2026 (tpl_1). */
export interface Lease2026Values {
  /** at most 80 characters */
  flat: string;
  /** First day; a date such as 2026-05-28; at least 2026-01-01 */
  start: string;
  /** a whole number such as 42; default "3" */
  notice?: string;
  kind: "long" | "a \\"short\\" one";
  pets?: "true" | "false";
  phone: string;
}

export const toMergeValues = (values: Lease2026Values) =>
  Object.entries(values).map(([field, value]) => ({ field, value: value as string }));
"""


def test_typescript() -> None:
    assert typescript(TEMPLATE) == TYPESCRIPT


def test_typescript_of_a_template_without_fields() -> None:
    text = typescript({"id": "tpl_1", "name": "2026 Über", "fields": []})
    assert "export type Template2026BerValues = {};" in text


def test_csv_header() -> None:
    assert csv_header(TEMPLATE) == ("name,email,phone,message,external_id,flat,start,notice,kind,pets,values.phone\n")
