"""`bulksend codegen`: a TypeScript type or a CSV header, generated from the fields of a template."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import click

from bulksend.client.gateway import GatewayClient, GatewayRefused, GatewayUnreachable
from bulksend.client.options import TemplateId, key_file_option, read_key, url_option

QUERY: Final = """
query Template($id: ID!) {
  template(id: $id) {
    id name
    fields { name type label filledBy required default minLength maxLength minimum maximum choices }
  }
}
"""
COLUMNS: Final = ("name", "email", "phone", "message", "external_id")

_WRITTEN: Final = {
    "INTEGER": "a whole number such as 42",
    "DECIMAL": "a number such as 42.50",
    "DATE": "a date such as 2026-05-28",
    "EMAIL": "an email address",
    "MULTILINE_TEXT": "text with line breaks",
}


def typescript(template: Mapping[str, Any]) -> str:
    """Return a TypeScript module with the type of a signer's values and a function that converts them for the API."""
    name = _type_name(template["name"])
    members = [line for field in _of_sender(template) for line in _member(field)]
    interface = [f"export interface {name} {{", *members, "}"] if members else [f"export type {name} = {{}};"]
    return "\n".join(
        [
            f"/** Values of one signer for the template {_comment(template['name'])} ({template['id']}). */",
            *interface,
            "",
            f"export const toMergeValues = (values: {name}) =>",
            "  Object.entries(values).map(([field, value]) => ({ field, value: value as string }));",
            "",
        ]
    )


def csv_header(template: Mapping[str, Any]) -> str:
    """Return the first line of a file for `bulksend send`; a field named like another column is `values.<name>`."""
    names = [field["name"] for field in _of_sender(template)]
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(
        [*COLUMNS, *(f"values.{name}" if name in COLUMNS else name for name in names)]
    )
    return header.getvalue()


def _of_sender(template: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [field for field in template["fields"] if field["filledBy"] == "SENDER"]


def _member(field: Mapping[str, Any]) -> Iterator[str]:
    described = "; ".join(_description(field))
    if described:
        yield f"  /** {_comment(described)} */"
    optional = "" if field["required"] and field["default"] is None else "?"
    yield f"  {field['name']}{optional}: {_type(field)};"


def _type(field: Mapping[str, Any]) -> str:
    if field["type"] == "CHECKBOX":
        return '"true" | "false"'
    return " | ".join(json.dumps(choice, ensure_ascii=False) for choice in field["choices"]) or "string"


def _description(field: Mapping[str, Any]) -> Iterator[str]:
    if field["label"]:
        yield field["label"]
    if field["type"] in _WRITTEN:
        yield _WRITTEN[field["type"]]
    for rule, name in (("minimum", "at least"), ("maximum", "at most")):
        if field[rule] is not None:
            yield f"{name} {field[rule]}"
    for rule, name in (("minLength", "at least"), ("maxLength", "at most")):
        if field[rule] is not None:
            yield f"{name} {field[rule]} characters"
    if field["default"] is not None:
        yield f"default {json.dumps(field['default'], ensure_ascii=False)}"


def _type_name(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return f"{'' if joined[:1].isalpha() else 'Template'}{joined}Values"


def _comment(text: str) -> str:
    return text.replace("*/", "* /")


_GENERATORS: Final = {"typescript": typescript, "csv": csv_header}


@click.command()
@click.argument("template_id", type=TemplateId(), metavar="TEMPLATE")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_GENERATORS)),
    default="typescript",
    show_default=True,
    help="A TypeScript type of a signer's values, or the header of a file for `bulksend send`.",
)
@url_option
@key_file_option
def codegen(template_id: str, format_: str, url: str, key_file: Path | None) -> None:
    """Write code for the fields of TEMPLATE (tpl_…) to standard output.

    The API key needs templates.read.
    """
    key = read_key(key_file)
    try:
        template = asyncio.run(_fetch(url, key, template_id))
    except (GatewayRefused, GatewayUnreachable) as error:
        raise click.ClickException(str(error)) from None
    if template is None:
        raise click.ClickException("The organization has no such template.")
    click.echo(_GENERATORS[format_](template), nl=False)


async def _fetch(url: str, key: str, template_id: str) -> Any:
    async with aiohttp.ClientSession() as session:
        data = await GatewayClient(session, url=url, key=key).ask(QUERY, {"id": template_id})
        return data["template"]
