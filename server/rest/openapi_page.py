"""`/api/v1/openapi.json` and `/api/v1/docs`: the OpenAPI document as JSON and as a page."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup, escape

from bulksend.server.http import pages
from bulksend.server.rest.openapi import document
from bulksend.server.rest.openapi_parts import Part
from bulksend.server.rest.problem_details import PUBLIC_URL

DOCUMENT: Final = "/api/v1/openapi.json"
PAGE: Final = "/api/v1/docs"
_METHODS: Final = ("get", "post", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or field. `rule`: its type, its limits and whether it is required."""

    name: str
    rule: str
    description: Markup


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on the page. `curl`: an example request; `answer`: the example response as JSON."""

    method: str
    path: str
    summary: str
    description: Markup
    parameters: list[Field]
    body: list[Field]
    curl: str
    answer: str | None
    responses: dict[str, Markup]


def routes() -> list[web.RouteDef]:
    """Return the routes of the document and its page."""
    written = document()
    text = json.dumps(written, separators=(",", ":"))

    async def as_json(_request: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=300"}
        return web.Response(text=text, content_type="application/json", charset="utf-8", headers=headers)

    async def as_page(request: web.Request) -> web.Response:
        operations = list(_operations(written, request.app[PUBLIC_URL] or str(request.url.origin())))
        return pages.page("openapi.html", info=written["info"], operations=operations, document=DOCUMENT)

    return [web.get(DOCUMENT, as_json), web.get(PAGE, as_page)]


def _operations(written: Part, origin: str) -> Iterator[Operation]:
    for path, item in written["paths"].items():
        for method in _METHODS:
            if method in item:
                yield _operation(written, origin, path, method, item)


def _operation(written: Part, origin: str, path: str, method: str, item: Part) -> Operation:
    operation = item[method]
    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=_marked(operation["description"]),
        parameters=[_parameter(parameter) for parameter in parameters],
        body=list(_fields(written, content["schema"], "")) if content else [],
        curl=_curl(origin + path, method.upper(), content.get("example")),
        answer=_answer(operation["responses"]),
        responses={status: _marked(response["description"]) for status, response in operation["responses"].items()},
    )


def _parameter(parameter: Part) -> Field:
    name = f"{parameter['name']} ({parameter['in']})"
    return _field(name, parameter["schema"], parameter.get("required", False), parameter["description"])


def _fields(written: Part, schema: Part, prefix: str) -> Iterator[Field]:
    found = _resolved(written, schema)
    for name, field in found.get("properties", {}).items():
        full = f"{prefix}{name}"
        yield _field(full, field, name in found.get("required", ()), field.get("description", ""))
        if "$ref" in field.get("items", {}):
            yield from _fields(written, field["items"], f"{full}[].")
        for choice in field.get("anyOf", ()):
            if "$ref" in choice:
                yield from _fields(written, choice, f"{full}.")


def _field(name: str, schema: Part, required: bool, description: str) -> Field:
    return Field(name, f"{_rule(schema)}{', required' if required else ''}", _marked(description))


def _resolved(written: Part, schema: Part) -> Part:
    found: Part = written["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _rule(schema: Part) -> str:
    if "anyOf" in schema:
        return " or ".join(_rule(one) for one in schema["anyOf"] if one != {"type": "null"})
    if "$ref" in schema:
        return "object"
    if "enum" in schema:
        return ", ".join(schema["enum"])
    limits = _limits(schema, "Length", "characters") or _limits(schema, "Items", "items") or _limits(schema, "imum", "")
    return f"{schema['type']}{f' ({limits})' if limits else ''}"


def _limits(schema: Part, what: str, unit: str) -> str:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    if most is None:
        return ""
    return f"{least}–{most} {unit}".strip() if least else f"max {most} {unit}".strip()


def _curl(url: str, method: str, example: Any) -> str:
    lines = [f"curl -X {method} {url}", '-H "Authorization: Bearer isk_YOUR_API_KEY"']
    if example is not None:
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(example, indent=2)}'"]
    return " \\\n  ".join(lines)


def _marked(text: str) -> Markup:
    """Format text between backticks as code, and link problem types to their pages."""
    parts = text.split("`")
    return Markup().join(_code(part) if number % 2 else escape(part) for number, part in enumerate(parts))


def _code(text: str) -> Markup:
    code = Markup("<code>{}</code>").format(text)
    return Markup('<a href="{}">{}</a>').format(text, code) if text.startswith("/problems/") else code


def _answer(responses: Part) -> str | None:
    for response in responses.values():
        example = response.get("content", {}).get("application/json", {}).get("example")
        if example is not None:
            return json.dumps(example, indent=2)
    return None
