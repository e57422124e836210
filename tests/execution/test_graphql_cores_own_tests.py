"""graphql-core's own execution tests, of exactly the installed version, run on our executor.

`.ci/fetch_graphql_core_tests.py` fetches them.
"""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

VERSION = version("graphql-core")
PLUGIN = "support.differential.graphql_core_plugin"
TESTS = Path(__file__).parents[1]
FOLDER = TESTS.parent / ".cache" / f"graphql-core-{VERSION}"
# As in graphql-core's own settings, without those that only its benchmarks need.
SETTINGS = ("asyncio_mode=strict", "python_classes=PyTest*")
WHAT = ("tests/execution", "tests/test_star_wars_query.py", "tests/test_user_registry.py", "tests/test_graphql.py")
ARGUMENTS = (
    *("-q", "-rf", "--tb=short", "-W", "ignore::pytest.PytestWarning"),
    *("-p", "pytest_describe", "-p", PLUGIN, "-p", "no:cacheprovider"),
)
FEWEST_PASSED = 350
FEWEST_COMPILED = 300
MOST_SECONDS = 400


@pytest.fixture
def suite() -> Path:
    """The unpacked source distribution; `lib` beside it contains additional dependencies of its tests."""
    if not (FOLDER / "complete").exists():
        message = "needs .ci/fetch_graphql_core_tests.py to have been run"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    return FOLDER / f"graphql_core-{VERSION}"


def test_graphql_cores_own_tests_pass(suite: Path) -> None:
    options = [argument for setting in SETTINGS for argument in ("-o", setting)]
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(suite), *ARGUMENTS, *options, *WHAT],
        cwd=suite,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(suite.parent / "lib")])},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stdout[-20_000:] + process.stderr[-2_000:]
    assert _number("passed", process.stdout) >= FEWEST_PASSED, process.stdout[-2_000:]
    assert _number("compiled", process.stdout) >= FEWEST_COMPILED, process.stdout[-2_000:]
    print(process.stdout[-2_000:])


def _number(of: str, output: str) -> int:
    found = re.search(rf"(\d+) {of}", output)
    return int(found[1]) if found else 0
