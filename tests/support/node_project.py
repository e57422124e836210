"""Running the JavaScript of tests/apollo: the clients and tools that callers have."""

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
    """What a process of Node left."""

    status: int
    output: str


async def run_node(*arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """Run Node in tests/apollo to its end; standard error is part of the output. Skips the test without it."""
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
    """Find Node, with the packages of tests/apollo installed. Where CI is set they must be there."""
    found = shutil.which("node")
    if found and (APOLLO / "node_modules" / "@apollo" / "client").is_dir():
        return found
    assert not os.environ.get("CI"), "run npm ci in tests/apollo first"
    pytest.skip("needs Node, and npm ci in tests/apollo")
