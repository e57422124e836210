"""The recipes of docs/clients.md: the page shows exactly these files, and each one runs against a gateway."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Final

import pytest
from graphql import GraphQLObjectType
from support.gateway import Tenant, running_gateway
from support.smtp.sink import SmtpSink

from bulksend.db.pool import Pool
from bulksend.schema.build import build_schema

HERE: Final = Path(__file__).parent
PYTHON: Final = HERE / "python"
PAGE: Final = HERE.parents[1] / "docs" / "clients.md"
SHOWN: Final = [
    "codegen.ts", "src/operations.ts", "src/apollo.ts", "src/urql.ts", "relay.config.json", "relay/BulkSends.ts",
    "python/gql_recipe.py", "python/pyproject.toml", "python/queries.graphql", "python/ariadne_recipe.py",
]  # fmt: skip


def test_the_page_shows_the_files_that_run() -> None:
    blocks = re.findall(r"^```(?!sh)\w+\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks == [(HERE / name).read_text("utf-8") for name in SHOWN]


def test_urql_knows_every_type_without_an_id() -> None:
    (listed,) = re.findall(r"const withoutId = \[(.*?)\]", (HERE / "src/urql.ts").read_text("utf-8"), re.DOTALL)
    assert set(re.findall(r'"(\w+)"', listed)) == _types_without_id()


@pytest.mark.parametrize("recipe", ["src/apollo", "src/urql", "relay/BulkSends"])
async def test_node(recipe: str, pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    node = _needs(HERE / "build", "npm ci && npm run build in tests/clients", shutil.which("node"))
    await _run(node, "--test", "--test-timeout=60000", "recipes.test.mjs", recipe=recipe, at=(dsn, sink, tenant))


@pytest.mark.parametrize("recipe", ["gql", "ariadne"])
async def test_python(recipe: str, pool: Pool, dsn: str, sink: SmtpSink, tenant: Tenant) -> None:
    python = str(PYTHON / ".venv" / "bin" / "python")
    _needs(PYTHON / "bulksend_client", ".ci/prepare-clients", python if Path(python).exists() else None)
    await _run(python, str(PYTHON / "check.py"), recipe=recipe, at=(dsn, sink, tenant))


async def _run(*command: str, recipe: str, at: tuple[str, SmtpSink, Tenant]) -> None:
    """Run a command in tests/clients, with the address of a running gateway in its environment."""
    dsn, sink, tenant = at
    async with running_gateway(dsn, sink.url) as gateway:
        told = json.dumps({"url": gateway.url, "key": tenant.key, "templateId": tenant.template_id})
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=HERE,
            env={**os.environ, "BULKSEND_TEST_GATEWAY": told, "RECIPE": recipe},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, output.decode()


def _needs(built: Path, how: str, program: str | None) -> str:
    """Return the program. Skip the test if the program or its build is missing, except in CI."""
    if program and built.is_dir():
        return program
    assert not os.environ.get("CI"), f"run {how} first"
    pytest.skip(f"needs {how}")


def _types_without_id() -> set[str]:
    schema = build_schema()._schema
    return {
        name
        for name, found in schema.type_map.items()
        if isinstance(found, GraphQLObjectType) and "id" not in found.fields
        if not re.search(r"^__|^_Service$|^PageInfo$|(Connection|Edge)$|^(Query|Mutation|Subscription)$", name)
    }
