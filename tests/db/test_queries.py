"""Every query is valid, used, and bound to a row class that matches its columns."""

import dataclasses
import importlib
import pkgutil
import re
import types
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import asyncpg
import pytest

import bulksend.db
from bulksend.db.migrations import views
from bulksend.db.pool import Pool
from bulksend.db.queries import BOUND, Query
from bulksend.db.rows import Row

QUERIES = Path(__file__).parents[2] / "sql" / "queries"

# Importing a noun's module binds its queries.
for module in pkgutil.iter_modules(bulksend.db.__path__, "bulksend.db."):
    importlib.import_module(module.name)

# Queries that run before the organization is known, or without one.
WITHOUT_ORGANIZATION = {
    ("api_keys", "find_by_hash"),
    ("api_keys", "list_invalid_lately"),
    ("deliveries", "outlook"),
    ("deliveries", "sample_recipient"),
    ("deliveries", "take_turn"),
    ("sent_documents", "get_due_reminders"),
    ("organizations", "find_by_name"),
    ("sealed_pdfs", "claim"),
    *((noun, name) for noun, name in BOUND if noun in ("circuit", "workers")),
}

PYTHON_TYPES = {
    "uuid": UUID,
    "text": str,
    "varchar": str,
    "int4": int,
    "int8": int,
    "float8": float,
    "bool": bool,
    "bytea": bytes,
    "jsonb": str,
    "timestamptz": datetime,
    "interval": timedelta,
    "text[]": list[str],
    "uuid[]": list[UUID],
    "bulk_send_rows": asyncpg.Record,
}


@pytest.mark.parametrize("bound", BOUND.values(), ids=lambda bound: f"{bound.noun}.{bound.name}")
async def test_prepares_and_matches_its_row_class(pool: Pool, bound: Any) -> None:
    async with pool.acquire() as conn:
        attributes = (await conn.prepare(bound.text)).get_attributes()
    if isinstance(bound, Query):
        found = [(attribute.name, PYTHON_TYPES[attribute.type.name]) for attribute in attributes]
        assert found == _declared(bound.row)
    if isinstance(bound, Query) and issubclass(bound.row, Row):
        # These values are not checked again before they become GraphQL's 32-bit Int.
        assert "int8" not in [attribute.type.name for attribute in attributes]


def test_every_query_is_bound() -> None:
    written = {
        (path.stem, name)
        for path in QUERIES.glob("*.sql")
        for name in re.findall(r"^-- name: (\w+)$", path.read_text("utf-8"), re.MULTILINE)
    }
    assert written == set(BOUND)


@pytest.mark.parametrize("bound", BOUND.values(), ids=lambda bound: f"{bound.noun}.{bound.name}")
def test_says_its_purpose_and_names_its_columns(bound: Any) -> None:
    assert bound.text.startswith("-- ")
    # A view's columns are named where it is created; the test above compares them with the row class.
    selected_whole = re.findall(r"SELECT \*\s+FROM (\w+)", bound.text)
    whole = {"bulk_send_rows", "created", "document_rows", "template_rows"}
    assert set(selected_whole) <= whole | {"matching_bulk_sends", "matching_documents"}
    assert "documents.*" not in bound.text.replace("RETURNING documents.*", "")


@pytest.mark.parametrize("bound", BOUND.values(), ids=lambda bound: f"{bound.noun}.{bound.name}")
def test_carries_the_organization(bound: Any) -> None:
    if (bound.noun, bound.name) not in WITHOUT_ORGANIZATION:
        assert re.search(r"organization|matching_(bulk_sends|documents)\(\$1,", bound.text)


def test_the_functions_that_match_rows_filter_by_their_first_argument() -> None:
    functions = re.findall(r"CREATE FUNCTION matching_\w+\((.+?)\$\$;", views(), re.DOTALL)
    assert len(functions) == 2
    for function in functions:
        assert function.strip().startswith("wanted_organization_id uuid,")
        assert re.search(r"WHERE\s+organization_id = wanted_organization_id\s+AND ", function)


def _declared(row: type[Any]) -> list[tuple[str, Any]]:
    if issubclass(row, Row):
        return [(name, column.python_type) for name, column in row.columns.items()]
    hints = get_type_hints(row)
    return [(one.name, _bare(hints[one.name])) for one in dataclasses.fields(row)]


def _bare(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        (bare,) = (part for part in get_args(hint) if part is not type(None))
        return bare
    return hint
