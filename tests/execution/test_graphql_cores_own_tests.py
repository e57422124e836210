"""graphql-core's own tests of execution, of exactly the version installed, run on our executor.

They are not ours to keep: the source distribution that holds them is fetched, once, into pytest's cache.
"""

import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

VERSION = version("graphql-core")
PLUGIN = "support.differential.graphql_core_plugin"
TESTS = Path(__file__).parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
# As graphql-core's own settings have it, less what only its benchmarks need.
SETTINGS = ("asyncio_mode=strict", "python_classes=PyTest*")
WHAT = ("tests/execution", "tests/test_star_wars_query.py", "tests/test_user_registry.py", "tests/test_graphql.py")
ARGUMENTS = (
    *("-q", "-rf", "--tb=short", "-W", "ignore::pytest.PytestWarning"),
    *("-p", "pytest_describe", "-p", PLUGIN, "-p", "no:cacheprovider"),
)
FEWEST_PASSED = 350
FEWEST_COMPILED = 300
MOST_SECONDS = 400


@pytest.fixture(scope="module")
def suite(request: pytest.FixtureRequest) -> Path:
    """The unpacked source distribution; beside it, in `lib`, what its tests need and ours do not."""
    folder: Path = request.config.cache.mkdir(f"graphql-core-{VERSION}")
    unpacked = folder / f"graphql_core-{VERSION}"
    if not (folder / "complete").exists():
        try:
            _fetch(folder)
        except subprocess.CalledProcessError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"graphql-core's tests could not be fetched: {error.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return unpacked


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


def _fetch(folder: Path) -> None:
    _pip("download", f"graphql-core=={VERSION}", "--no-deps", "--no-binary", "graphql-core", "--dest", str(folder))
    _pip("install", "pytest-describe>=3.2,<4", "--no-deps", "--target", str(folder / "lib"))
    with tarfile.open(folder / f"graphql_core-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")


def _pip(*arguments: str) -> None:
    subprocess.run([*PIP, *arguments], check=True, capture_output=True, text=True)
