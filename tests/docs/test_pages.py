"""The README and the pages under docs/: their links resolve, and their operations are valid."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final

import pytest
from graphql import GraphQLSchema, parse, print_ast, validate

from bulksend.resolvers.errors import ErrorCode
from bulksend.resolvers.user_errors import UserErrorCode
from bulksend.schema.build import build_schema
from bulksend.server.settings import Settings

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
NAMES: Final = [str(page.relative_to(ROOT)) for page in PAGES]
EXAMPLES: Final = {"sql/migrations/NNNN_template_created_by.sql"}  # a file that a page tells the reader to create
LONGEST_README: Final = 200


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()._schema


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("enum", [UserErrorCode, ErrorCode])
def test_every_code_of_an_error_is_documented(enum: type[Enum]) -> None:
    page = (ROOT / "docs" / "graphql.md").read_text("utf-8")
    assert [member.value for member in enum if f"`{member.value}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in _links(page) if not _leads_somewhere(page, link)]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_named_in_the_text_exist(page: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|sql|graphql|mjs))`", page.read_text("utf-8"))
    assert [name for name in named if name not in EXAMPLES and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_operations_are_valid(page: Path, schema: GraphQLSchema) -> None:
    for block in re.findall(r"^```graphql\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for definition in parse(block).definitions:
            assert validate(schema, parse(print_ast(definition))) == [], block


def test_every_page_is_in_the_readme() -> None:
    listed = set(_links(ROOT / "README.md"))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= listed


def test_every_decision_is_in_the_list() -> None:
    listed = set(_links(ROOT / "docs" / "decisions" / "README.md"))
    assert {page.name for page in (ROOT / "docs" / "decisions").glob("*.md")} - {"README.md"} <= listed


def test_the_table_of_settings_is_complete() -> None:
    cells = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
    listed = [name.removeprefix("BULKSEND_") for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)]
    assert sorted(listed) == sorted(name.upper() for name in Settings.model_fields)


def _links(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return (link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:|mailto:", link))


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
