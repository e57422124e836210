"""Fetch graphql-core's own tests, of exactly the version installed, for tests/execution to run on our executor.

They are not ours to keep: the source distribution has them. It is unpacked into `.cache/graphql-core-VERSION/`; beside
it, in `lib`, is what its tests need and ours do not.
"""

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

VERSION = version("graphql-core")
FOLDER = Path(__file__).parents[1] / ".cache" / f"graphql-core-{VERSION}"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def fetch() -> None:
    """Fill the folder."""
    source = ("--no-deps", "--no-binary", "graphql-core", "--dest", str(FOLDER))
    subprocess.run([*PIP, "download", f"graphql-core=={VERSION}", *source], check=True)
    subprocess.run(
        [*PIP, "install", "pytest-describe>=3.2,<4", "--no-deps", "--target", str(FOLDER / "lib")], check=True
    )
    with tarfile.open(FOLDER / f"graphql_core-{VERSION}.tar.gz") as archive:
        archive.extractall(FOLDER, filter="data")
    (FOLDER / "complete").touch()


if not (FOLDER / "complete").exists():
    fetch()
