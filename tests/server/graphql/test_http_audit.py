"""The GraphQL over HTTP audit of the specification's working group: all of it passes, including notices."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from support.gateway import RunningGateway

APOLLO = Path(__file__).parents[2] / "apollo"


@pytest.fixture
def node() -> str:
    """The path of Node, with the packages of tests/apollo installed. In CI they must be present."""
    found = shutil.which("node")
    if found and (APOLLO / "node_modules" / "graphql-http").is_dir():
        return found
    assert not os.environ.get("CI"), "run npm ci in tests/apollo first"
    pytest.skip("needs Node, and npm ci in tests/apollo")


async def test_passes_every_audit(gateway: RunningGateway, node: str) -> None:
    process = await asyncio.create_subprocess_exec(
        node,
        "audit.mjs",
        f"{gateway.url}/graphql",
        cwd=APOLLO,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    failed, counted = await process.communicate()
    assert failed.decode() == ""
    assert counted.decode().strip() == "61 of 61"
    assert process.returncode == 0
