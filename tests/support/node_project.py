"""Run the JavaScript of tests/apollo: clients and tools that API users have."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

APOLLO = Path(__file__).parents[1] / "apollo"


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit status and output of a Node process."""

    status: int
    output: str


async def run_node(*arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run Node in tests/apollo; the output includes standard error. Skip the test if Node is missing, except in CI."""
    process = await asyncio.create_subprocess_exec(
        _node(),
        *arguments,
        cwd=APOLLO,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, output.decode())


def _node() -> str:
    """Return the path of Node; the packages of tests/apollo must be installed."""
    found = shutil.which("node")
    if found and (APOLLO / "node_modules" / "@apollo" / "client").is_dir():
        return found
    assert not os.environ.get("CI"), "run npm ci in tests/apollo first"
    pytest.skip("needs Node, and npm ci in tests/apollo")
